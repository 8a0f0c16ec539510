/*
 * report — values, where they came from and problems as JSON, in the shapes that scripts rely on.
 *
 * Each gives a document of its own, or NULL when memory is short: what takes it fails then.
 */
#ifndef KN_CONFIG_REPORT_H
#define KN_CONFIG_REPORT_H

#include "config/schema/type.h"
#include "lib/base/memory.h"
#include "lib/json/json.h"

/* What stands for the value of a secret. */
#define KN_SECRET_JSON "********"

/* The value typed, in the unit of its key; "auto", null, "********". */
KN_MUST_USE struct kn_json *kn_value_json(const struct kn_setting *setting,
                                          const struct kn_value *value);

/* {"layer", "name", "file", "line", "column", "text", "age_s"} */
KN_MUST_USE struct kn_json *kn_origin_json(const struct kn_origin *origin);

/* {"severity", "kind", "layer", "name", "file", "line", "column", "key", "value", "message",
 * "hint"} */
KN_MUST_USE struct kn_json *kn_problem_json(const struct kn_problem *problem);

#endif
