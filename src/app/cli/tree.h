/*
 * tree — JSON documents of the commands. Ends the process when memory is short, so that a command
 * reads as the shape that it prints.
 */
#ifndef KN_CLI_TREE_H
#define KN_CLI_TREE_H

#include "lib/base/memory.h"
#include "lib/json/json.h"

static inline void kn_tree_set(struct kn_json *object, const char *name,
                               KN_TAKES struct kn_json *value)
{
    if (!kn_json_set(object, name, value))
        kn_out_of_memory();
}

static inline void kn_tree_append(struct kn_json *array, KN_TAKES struct kn_json *value)
{
    if (!kn_json_append(array, value))
        kn_out_of_memory();
}

static inline void kn_tree_text(struct kn_json *object, const char *name, const char *text)
{
    kn_tree_set(object, name, kn_json_string(text));
}

/* A number, or null for 0: lines and columns. */
static inline void kn_tree_place(struct kn_json *object, const char *name, uint32_t number)
{
    kn_tree_set(object, name, number > 0 ? kn_json_int(number) : kn_json_null());
}

#endif
