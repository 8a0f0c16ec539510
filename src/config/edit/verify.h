/*
 * verify — is the new file the old one but for what was asked? Internal to config/edit.
 *
 * Knows nothing of how an edit is made: it reads both files and compares.
 */
#ifndef KN_EDIT_VERIFY_H
#define KN_EDIT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "config/edit/edit.h"

struct kn_yaml_node;

struct kn_edit_promise {
    enum kn_edit_kind kind;
    const char *const *parts; /* of the key */
    size_t count;
    const struct kn_yaml_node *wanted; /* KN_EDIT_SET */
    const char *name;                  /* KN_EDIT_RENAME: the last part from now on */
};

/* `old` and `new` are the roots, NULL for a file without a value. */
bool kn_edit_keeps(const struct kn_edit_promise *promise, const struct kn_yaml_node *old,
                   const struct kn_yaml_node *new);

#endif
