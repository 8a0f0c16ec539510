/*
 * schema_value — what one setting accepts, in the words of JSON Schema. Private to app/docs.
 */
#ifndef KN_DOCS_SCHEMA_VALUE_H
#define KN_DOCS_SCHEMA_VALUE_H

#include <stdbool.h>

#include "app/docs/json_out.h"
#include "config/schema/setting.h"

/* Add the keywords that say what the row accepts to the open object. */
void kn_schema_value(struct kn_json_out *json, const struct kn_setting *setting);

/* Add "type": text always, and plain words of YAML that other readers take for something else. */
void kn_schema_types(struct kn_json_out *json, bool whole, bool number, bool boolean);

/* Add the definitions of sizes and durations with a unit. */
void kn_schema_quantities(struct kn_json_out *json);

#endif
