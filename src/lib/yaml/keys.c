#include "lib/yaml/keys.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/yaml/yaml.h"

enum { FEW = 16, FIRST_ROOM = 128 };

struct kn_yaml_slot {
    uint64_t hash;
    const struct kn_yaml_node *key;
};

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = turn(v[1], 13) ^ v[0];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] = turn(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = turn(v[3], 21) ^ v[0];
    v[1] = turn(v[1], 17) ^ v[2];
    v[2] = turn(v[2], 32);
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    v[0] ^= word;
}

/* spec: SipHash-1-3, over the mapping's address and the text. */
static uint64_t hash_of(const struct kn_yaml_keys *keys, const struct kn_yaml_node *key)
{
    uint64_t v[4] = {
        keys->secret[0] ^ 0x736f6d6570736575,
        keys->secret[1] ^ 0x646f72616e646f6d,
        keys->secret[0] ^ 0x6c7967656e657261,
        keys->secret[1] ^ 0x7465646279746573,
    };
    uint64_t word;
    size_t i = 0;

    absorb(v, (uint64_t)(uintptr_t)key->parent);
    for (; i + sizeof(word) <= key->length; i += sizeof(word)) {
        memcpy(&word, key->text + i, sizeof(word));
        absorb(v, word);
    }
    word = (uint64_t)key->length << 56;
    for (unsigned shift = 0; i < key->length; i++, shift += 8)
        word |= (uint64_t)(unsigned char)key->text[i] << shift;
    absorb(v, word);
    v[2] ^= 0xff;
    mix(v);
    mix(v);
    mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static bool same(const struct kn_yaml_node *a, const struct kn_yaml_node *b)
{
    return a->parent == b->parent && a->length == b->length &&
           memcmp(a->text, b->text, a->length) == 0;
}

/* The slot of `key`, or the empty one where it belongs. */
static struct kn_yaml_slot *find(const struct kn_yaml_keys *keys, uint64_t hash,
                                 const struct kn_yaml_node *key)
{
    size_t mask = keys->room - 1;
    size_t i = (size_t)hash & mask;

    while (keys->slots[i].key != NULL &&
           !(keys->slots[i].hash == hash && same(keys->slots[i].key, key)))
        i = (i + 1) & mask;
    return &keys->slots[i];
}

static bool grow(struct kn_yaml_keys *keys)
{
    struct kn_yaml_keys wider = *keys;

    wider.room = keys->room > 0 ? 2 * keys->room : FIRST_ROOM;
    wider.slots = kn_try_alloc(wider.room * sizeof(*wider.slots));
    if (wider.slots == NULL) {
        keys->failed = true;
        return false;
    }
    for (size_t i = 0; i < keys->room; i++) {
        if (keys->slots[i].key != NULL)
            *find(&wider, keys->slots[i].hash, keys->slots[i].key) = keys->slots[i];
    }
    kn_free(keys->slots);
    *keys = wider;
    return true;
}

static const struct kn_yaml_node *hash_in(struct kn_yaml_keys *keys, const struct kn_yaml_node *key)
{
    struct kn_yaml_slot *slot;
    uint64_t hash;

    if (2 * (keys->count + 1) > keys->room && !grow(keys))
        return NULL;
    hash = hash_of(keys, key);
    slot = find(keys, hash, key);
    if (slot->key != NULL)
        return slot->key;
    *slot = (struct kn_yaml_slot){ hash, key };
    keys->count++;
    return NULL;
}

const struct kn_yaml_node *kn_yaml_keys_add(struct kn_yaml_keys *keys,
                                            const struct kn_yaml_node *key)
{
    const struct kn_yaml_node *mapping = key->parent;

    if (mapping->count > FEW)
        return hash_in(keys, key);
    for (const struct kn_yaml_node *at = mapping->first; at != NULL; at = at->next) {
        if (same(at, key))
            return at;
    }
    /* The mapping has become a large one: from here on all its keys are in the table. */
    for (const struct kn_yaml_node *at = mapping->first; mapping->count == FEW && at != NULL;
         at = at->next)
        (void)hash_in(keys, at);
    return mapping->count == FEW ? hash_in(keys, key) : NULL;
}

void kn_yaml_keys_done(struct kn_yaml_keys *keys)
{
    kn_free(keys->slots);
    *keys = (struct kn_yaml_keys){ 0 };
}
