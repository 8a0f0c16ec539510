/*
 * type_parts — what the readers of the types share. Private to config/schema.
 */
#ifndef KN_CONFIG_TYPE_PARTS_H
#define KN_CONFIG_TYPE_PARTS_H

#include "config/schema/type.h"

/* Report `err` at `node`; always false, so that a reader can return it. */
bool kn_reject(const struct kn_reading *reading, const struct kn_yaml_node *node,
               enum kn_problem_kind kind, const struct kn_error *err);

/*
 * The text of a scalar, or NULL after a rejection that says `wanted` ("a whole number"). With
 * KN_UNQUOTED a quoted text is rejected with the fix.
 */
enum kn_quotes { KN_UNQUOTED, KN_ANY_QUOTES };
const char *kn_read_text(const struct kn_reading *reading, const struct kn_yaml_node *node,
                         const char *wanted, enum kn_quotes quotes);

/* Is `value` (in the unit of the key) inside the row's range? Otherwise reject `text`. */
bool kn_read_range(const struct kn_reading *reading, const struct kn_yaml_node *node, double value,
                   const char *text);

/* Check a text against the row's form; warnings are reported and pass. */
bool kn_read_form(const struct kn_reading *reading, const struct kn_yaml_node *node,
                  const char *text);

/*
 * Read a word ("[…]" from the command line) as a YAML value. NULL after a rejection. The node and
 * what hangs on it have no place of their own: report at `node`.
 */
const struct kn_yaml_node *kn_read_inline(const struct kn_reading *reading,
                                          const struct kn_yaml_node *node);

#endif
