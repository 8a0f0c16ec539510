/*
 * editing — one edit under way: the file as a tree, the key that was looked for, and the one
 * stretch of bytes that will change. Internal to config/edit.
 *
 * Each kn_splice_*() function fills `splice`. KN_E_UNSUPPORTED: it will not; `err` says why.
 */
#ifndef KN_EDIT_EDITING_H
#define KN_EDIT_EDITING_H

#include "config/edit/edit.h"
#include "config/edit/spell.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

struct kn_splice {
    uint32_t start, end; /* bytes to replace, */
    struct kn_text text; /* by these */
};

struct kn_editing {
    const struct kn_edit *edit;
    struct kn_arena *arena;
    struct kn_yaml_document doc;
    const char *parts[KN_YAML_DEPTH_MAX]; /* of the key, between its dots */
    size_t count;
    struct kn_yaml_node *keys[KN_YAML_DEPTH_MAX]; /* of the parts that are there */
    size_t found;
    const struct kn_yaml_node *wanted; /* KN_EDIT_SET */
    bool json;
    struct kn_splice splice;
    struct kn_error *err;
};

/* The mapping in which keys[level] stands or would stand. */
struct kn_yaml_node *kn_editing_map(const struct kn_editing *editing, size_t level);

/* Refuse with `text`, and the hint to change the line of the file by hand. */
KN_MUST_USE enum kn_code kn_editing_refuse(struct kn_editing *editing, uint32_t at,
                                           const char *text);

/* Replace bytes [start, end) by what is added to the text that is returned. */
struct kn_text *kn_editing_splice(struct kn_editing *editing, uint32_t start, uint32_t end);

/* How to spell a value in `map`. */
enum kn_spell kn_editing_spell(const struct kn_editing *editing, const struct kn_yaml_node *map);

/* The key is there and gets another value. */
KN_MUST_USE enum kn_code kn_splice_value(struct kn_editing *editing);

/* The last keys of the path are missing; the last one found is a mapping, or null. */
KN_MUST_USE enum kn_code kn_splice_insert(struct kn_editing *editing);
KN_MUST_USE enum kn_code kn_splice_insert_flow(struct kn_editing *editing,
                                               const struct kn_yaml_node *map);

/* The sibling after which the missing key belongs; NULL: before all others. */
const struct kn_yaml_node *kn_editing_predecessor(const struct kn_editing *editing,
                                                  const struct kn_yaml_node *map);

/* Where the pair of `key` ends. */
uint32_t kn_editing_pair_end(const struct kn_yaml_node *key);

KN_MUST_USE enum kn_code kn_splice_remove(struct kn_editing *editing);
KN_MUST_USE enum kn_code kn_splice_rename(struct kn_editing *editing, const char *name);

#endif
