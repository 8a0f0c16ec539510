/*
 * keys — which keys a document has had, to find the second of two equal ones.
 *
 * Small mappings are looked through; the larger ones share one hash table, whose hash is keyed, so
 * that no file makes it slow on purpose.
 * Internal to lib/yaml.
 */
#ifndef KN_YAML_KEYS_H
#define KN_YAML_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kn_yaml_node;

struct kn_yaml_keys {
    struct kn_yaml_slot *slots;
    size_t room, count;
    uint64_t secret[2];
    bool failed; /* an allocation did */
};

/* Start from { 0 } and a secret; release with kn_yaml_keys_done(). */
void kn_yaml_keys_done(struct kn_yaml_keys *keys);

/*
 * The key of the same mapping (`key->parent`) with the same text, or NULL; then `key` is kept, and
 * the caller appends it to the mapping before it asks for the next.
 */
const struct kn_yaml_node *kn_yaml_keys_add(struct kn_yaml_keys *keys,
                                            const struct kn_yaml_node *key);

#endif
