/*
 * problems — what is wrong with a configuration, as text for people and as JSON for scripts.
 */
#ifndef KN_CLI_PROBLEMS_H
#define KN_CLI_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/docs/exit_codes.h"
#include "config/resolve/snapshot.h"

struct kn_error;
struct kn_json;
struct kn_term;
struct kn_text;

struct kn_problems_view {
    const struct kn_snapshot *snapshot; /* for what else is said about a setting; NULL: nothing */
    const char *const *keys;            /* only what bears on these: theirs, those of the file */
    size_t key_count;                   /* 0: all */
    bool errors_only;
    bool without_no_effect; /* it is said elsewhere */
};

/* Append the problems with an empty line between them; KN_P_NO_EFFECT ones as one paragraph. */
void kn_problems_show(const struct kn_term *term, const struct kn_problems *problems,
                      const struct kn_problems_view *view, struct kn_text *out);

/* Append "2 errors and 1 warning". */
void kn_problems_count(size_t errors, size_t warnings, struct kn_text *out);

/* How many problems of the view there are. */
size_t kn_problems_seen(const struct kn_problems *problems, const struct kn_problems_view *view);

/* [{"severity", "kind", "layer", "file", "line", "column", "key", "value", "message", "hint"}] */
struct kn_json *kn_problems_json(const struct kn_problems *problems,
                                 const struct kn_problems_view *view);

/* One failure in the shape of a problem. */
struct kn_json *kn_failure_json(enum kn_exit code, const struct kn_error *err);

/* {"ok": false, "problems": […]}: the document of every run that fails. Takes the list. */
struct kn_json *kn_refusal_json(struct kn_json *problems);

/* The exit code that errors call for: wrong usage when all come from the command line. */
enum kn_exit kn_problems_exit(const struct kn_problems *problems);

#endif
