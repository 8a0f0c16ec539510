/*
 * wanted — what a value shall become: the word of the command line as a small tree.
 * Internal to config/edit.
 *
 * A plain scalar in it is a number, a truth value, null or auto, and is written without quotes
 * where the file allows; every other scalar is a text and must read back as one.
 */
#ifndef KN_EDIT_WANTED_H
#define KN_EDIT_WANTED_H

#include <stdbool.h>

#include "lib/base/error.h"

struct kn_arena;
struct kn_setting;
struct kn_yaml_node;

/* KN_E_UNSUPPORTED: nothing can be written for this word. */
KN_MUST_USE enum kn_code kn_wanted_make(struct kn_arena *arena, const struct kn_setting *setting,
                                        const char *word, const struct kn_yaml_node **out,
                                        struct kn_error *err);

/* A node of a file says exactly this: the same text, and of the same kind to any reader. */
bool kn_wanted_is(const struct kn_yaml_node *wanted, const struct kn_yaml_node *node);

/* Some reader of YAML 1.1 or 1.2 takes this text, unquoted, for something else than a text. */
bool kn_wanted_is_ambiguous(const char *text);

#endif
