/*
 * known_peers — whom this node met in its swarm, kept for the next start: so that it gets in when
 * no bootstrap is there.
 *
 * The file says which bootstraps it was made with: another set of them is another swarm (decisions
 * D16), whose peers are passed over. It is read beside the loop, and peers of it are knocked at a
 * few at a time while nobody else answers; it is written anew from those that serve hivemind's DHT,
 * not before the first announcement. Belongs to the loop thread.
 */
#ifndef KN_NODE_PRESENCE_KNOWN_PEERS_H
#define KN_NODE_PRESENCE_KNOWN_PEERS_H

#include "network/network.h"

enum {
    KN_KNOWN_PATIENCE_MS = 1000,       /* that bootstraps have before peers of the file are asked */
    KN_KNOWN_AT_ONCE = 4,              /* of them that are knocked at together, */
    KN_KNOWN_STAGGER_MS = 1000,        /* and the next so much later, or when all have failed */
    KN_KNOWN_ASKED_MAX = 32,           /* peers that are knocked at in one go */
    KN_KNOWN_AGAIN_MS = 30000,         /* between the last of them and the first again */
    KN_KNOWN_ANSWER_MS = 5000,         /* that one has to answer */
    KN_KNOWN_WRITE_MS = 5 * 60 * 1000, /* between two writings */
    KN_KNOWN_LINES_MAX = 512,          /* addresses that are written */
    KN_KNOWN_FILE_MAX = 1024 * 1024,   /* bytes that are read; a larger file is none of ours */
};

struct kn_known_peers;

struct kn_known_peers_options {
    struct kn_network *network;
    const char *path;              /* kept */
    const char *const *bootstraps; /* multiaddrs; kept */
    size_t bootstrap_count;
    bool only_reads; /* a file that makes no sense is told of, and stays where it is */
    void *arg;
    /* One of them has answered as a DHT node: kn_join_peers(join) are those that did. */
    void (*joined)(void *arg, const struct kn_join *join);
    /* The file made no sense and was set aside, or cannot be read or written. May be NULL. */
    void (*failed)(void *arg, const struct kn_error *err);
};

/* NULL when memory is short. Free it before the network. */
KN_MUST_USE struct kn_known_peers *kn_known_peers_new(const struct kn_known_peers_options *options);
void kn_known_peers_free(struct kn_known_peers *known);

/* Other bootstraps, kept as those before: the file is one of their swarm from now on. */
void kn_known_peers_change(struct kn_known_peers *known, const char *const *bootstraps, size_t n);

/* Read the file now, and ask its peers unless somebody else has answered soon. */
void kn_known_peers_begin(struct kn_known_peers *known);

/* Every bootstrap has failed: ask them at once. Without effect while they are being asked. */
void kn_known_peers_hurry(struct kn_known_peers *known);

/* Somebody else has answered: no more of them need to be asked. */
void kn_known_peers_rest(struct kn_known_peers *known);

/* Something was announced: write them from now on, in the background, when they are due. */
void kn_known_peers_keep(struct kn_known_peers *known);

/* Write them now, before the process ends, if they may be written. Nothing is written while nobody
 * is known. Codes as kn_file_replace(). */
KN_MUST_USE enum kn_code kn_known_peers_save(struct kn_known_peers *known, struct kn_error *err);

/* The text of the file: its first line, and those of the peers. For tests too. */
void kn_known_peers_print(const struct kn_known_peers *known, struct kn_text *out);

#endif
