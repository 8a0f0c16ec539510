/*
 * public_node — nodes on loopback through include/kwaainet/node.h, each with a folder of its own.
 */
#ifndef KN_TESTS_PUBLIC_NODE_H
#define KN_TESTS_PUBLIC_NODE_H

#include "kwaainet/node.h"
#include "support/home.h"

enum { KN_PUBLIC_WORDS_MAX = 16, KN_PUBLIC_SOON_MS = 20000 };

/* What a node is started with; lives as long as nobody makes another of the same. */
struct kn_public_words {
    const char *words[KN_PUBLIC_WORDS_MAX];
    size_t n;
    char home[KN_HOME_PATH_MAX + 16];
    char bootstrap[256];
};

/*
 * Options of a node with the data folder `name` in `home`: a small model, a port of the system on
 * loopback, and the bootstrap `address`, or a swarm of its own for NULL.
 */
struct kwaai_node_options kn_public_options(const struct kn_home *home, const char *name,
                                            const char *address, struct kn_public_words *words);

/* One more word, before the start. */
void kn_public_add(struct kwaai_node_options *options, struct kn_public_words *words,
                   const char *word);

/* Wait for an event of that kind; false when the node ended, or nothing came in time. */
bool kn_public_await(struct kwaai_node *node, enum kwaai_event_kind kind, struct kwaai_event *out);

#endif
