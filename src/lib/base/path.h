/*
 * path — names of files as people write them. Pure text: the environment is handed in.
 */
#ifndef KN_BASE_PATH_H
#define KN_BASE_PATH_H

#include "lib/base/error.h"
#include "lib/base/text.h"

/* The value of an environment variable or NULL; `arg` is the lookup's own. */
typedef const char *kn_lookup_fn(void *arg, const char *name);

/* A kn_lookup_fn over texts "NAME=value" with a NULL at the end: `arg` points to the list, which
 * may be NULL. */
const char *kn_lookup_in(void *arg, const char *name);

enum { KN_PATH_MAX = 4096 };

/*
 * Expand a leading ~ or ~/ (HOME), $NAME, ${NAME} and ${NAME:-word} (the word when NAME is unset
 * or empty; it may hold further expansions), and put `base` in front of a relative result.
 * `base` may be NULL: relative stays relative. "$$" is one dollar sign. Appends to `out`.
 * KN_E_INVALID: a variable that is not set, an unclosed brace, ~user, an empty result.
 * KN_E_LIMIT: longer than KN_PATH_MAX.
 */
KN_MUST_USE enum kn_code kn_path_expand(const char *path, const char *base, kn_lookup_fn *lookup,
                                        void *arg, struct kn_text *out, struct kn_error *err);

/* Append the folder part of `path` to `out`: "." for a bare name, "/" for one in the root. */
void kn_path_folder(const char *path, struct kn_text *out);

#endif
