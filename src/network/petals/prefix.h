/*
 * prefix — the names under which the blocks of a model stand in the network.
 *
 * Block 68 of a model is the key "PREFIX.68". Petals and KwaaiNet derive different prefixes from
 * one repository ("Llama-3-1-8B-Instruct-hf" and "Llama-3-1-8B-Instruct"), so both are asked for;
 * apart from that a prefix is opaque. Pure text.
 * spec: petals/data_structures.py; petals/models, DistributedConfig of each family.
 */
#ifndef KN_PETALS_PREFIX_H
#define KN_PETALS_PREFIX_H

#include <stdbool.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"

#define KN_HUB_ADDRESS                                                         \
    "https://huggingface.co/" /* what a repository in the registry begins with \
                               */

enum {
    KN_PREFIX_MAX = 200,   /* bytes; a repository has at most 193, Bloom's rule adds 7 */
    KN_BLOCKS_MAX = 65536, /* blocks of one model; indices are below that */
    KN_BLOCK_KEY_SIZE = KN_PREFIX_MAX + 12, /* prefix, dot, the longest number, NUL */
    KN_REPOSITORY_MAX = 255,                /* bytes, with the address in front */
};

struct kn_prefix {
    char text[KN_PREFIX_MAX + 1];
};

/* What Petals' rule for the prefix depends on. */
enum kn_prefix_family {
    KN_PREFIX_LLAMA,   /* last part of the name, "-hf" */
    KN_PREFIX_FALCON,  /* last part */
    KN_PREFIX_MIXTRAL, /* the whole name with its owner */
    KN_PREFIX_BLOOM,   /* the whole name, "-petals" */
    KN_PREFIX_OTHER,   /* Petals does not serve it: last part, as KwaaiNet says it */
};

/* Taken from `model_type` of a config.json, or guessed from the last part of a name. */
enum kn_prefix_family kn_prefix_family_of(const char *type_or_name);

/*
 * Both spellings for a repository or a model's name ("meta-llama/Llama-3.1-8B", with or without
 * KN_HUB_ADDRESS): Petals' and the plain one, which may be the same.
 * KN_E_INVALID: no legal prefix comes out; KN_E_LIMIT: one that is too long.
 */
KN_MUST_USE enum kn_code kn_prefix_of_model(const char *name, enum kn_prefix_family family,
                                            struct kn_prefix *petals, struct kn_prefix *plain);

/*
 * The spelling that a registered prefix is not: by its repository where that explains the prefix,
 * else with "-hf" for without, and for Llama names without for with. False when there is none.
 * `repository` may be NULL.
 */
bool kn_prefix_other_spelling(const char *prefix, const char *repository, struct kn_prefix *out);

/* What all spellings of one model share: the last part, without "-hf" and "-petals". */
struct kn_span kn_prefix_stem(const char *prefix);

/* UTF-8 without dot, blank and control characters: what can stand in a block's key. Other bytes
 * than letters may be in it, so clean it before a terminal sees it. */
bool kn_prefix_is_legal(struct kn_span prefix);

/* A prefix that begins with "_" is a private swarm: it is never entered into the registry. */
bool kn_prefix_is_private(const char *prefix);

/* "PREFIX.INDEX". */
void kn_block_key(const char *prefix, uint32_t index, char out[KN_BLOCK_KEY_SIZE]);

/* The same taken apart; the index without leading zeros and below KN_BLOCKS_MAX. */
bool kn_block_key_parse(struct kn_span key, struct kn_prefix *prefix, uint32_t *index);

#endif
