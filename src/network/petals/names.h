/*
 * names — each text once, found by its bytes. Private to this folder.
 *
 * A tree over the bits of the texts: a lookup takes at most as many steps as the text has bits,
 * whoever chose them, so nothing need be kept secret as with a hash. No text holds a NUL.
 */
#ifndef KN_PETALS_NAMES_H
#define KN_PETALS_NAMES_H

#include "lib/base/arena.h"
#include "lib/base/span.h"

#define KN_NAMES_NONE UINT32_MAX

struct kn_names_node {
    uint32_t bit;      /* the first in which the two sides differ, from the front */
    uint32_t child[2]; /* another node or a text */
};

/* Starts zeroed. */
struct kn_names {
    struct kn_names_node *nodes; /* one less than texts */
    const char **texts;          /* in the arena */
    uint32_t n, room, root;
};

/* Its number, counted from 0 in the order of adding. */
uint32_t kn_names_find(const struct kn_names *names, struct kn_span text);

/* The same, added when it is not there. KN_NAMES_NONE: no memory. */
KN_MUST_USE uint32_t kn_names_add(struct kn_names *names, struct kn_arena *arena,
                                  struct kn_span text);

/* The arena's texts are not freed. */
void kn_names_done(struct kn_names *names);

#endif
