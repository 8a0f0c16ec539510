/*
 * values — settings' values and where they came from, as people read them; scripts: config/report.
 */
#ifndef KN_CLI_VALUES_H
#define KN_CLI_VALUES_H

#include "config/resolve/snapshot.h"

struct kn_text;

/* What stands for the value of a secret. */
#define KN_SECRET_SHOWN "(secret)"

/*
 * Append the value as a script reads it: the word form, but a path as it is, and a secret one
 * hidden. May hold control characters.
 */
void kn_value_word(const struct kn_setting *setting, const struct kn_value *value,
                   struct kn_text *out);

/* Append it as a person reads it: control characters as '?', a blank between items of a list. */
void kn_value_show(const struct kn_setting *setting, const struct kn_value *value,
                   struct kn_text *out);

/* Append the place: "node_config.yaml:3:9", "--port", "KWAAINET_PORT", "built-in". */
void kn_origin_place(const struct kn_origin *origin, struct kn_text *out);

/* Append the place and the reason: "calibrated, recommended preset; 2 h old". */
void kn_origin_words(const struct kn_origin *origin, struct kn_text *out);

/* Append an age: "40 s", "2 h", "3 d". */
void kn_age_words(int64_t age_s, struct kn_text *out);

#endif
