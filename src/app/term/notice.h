/*
 * notice — one thing that is wrong, as a person reads it: the place, what is wrong, the line with
 * a caret under the guilty part, and what to do.
 *
 *     node_config.yaml:14:10  model.dtype: unknown value "flaot16"
 *         14 |   dtype: flaot16
 *            |          ^^^^^^^
 *         Did you mean float16?
 */
#ifndef KN_TERM_NOTICE_H
#define KN_TERM_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

struct kn_term;
struct kn_text;

enum { KN_NOTICE_HINTS = 2 };

struct kn_notice {
    const char *place;   /* "node_config.yaml:14:10", "--port 70000" */
    const char *message; /* "model.dtype: unknown value …" */
    const char *excerpt; /* the line, or NULL */
    unsigned line;
    size_t caret, caret_width;          /* columns of the excerpt */
    const char *hints[KN_NOTICE_HINTS]; /* a line each; NULL: none */
    bool is_warning;
};

/* Append it, indented by two, ending with a line feed. Texts may hold anything. */
void kn_notice_add(const struct kn_term *term, const struct kn_notice *notice, struct kn_text *out);

#endif
