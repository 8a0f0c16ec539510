/*
 * peer_store — where peers were, as text, to begin with them next time.
 *
 * One line an address, `MULTIADDR SECONDS`: a multiaddr that ends in the peer's id, and when the
 * peer was last heard of there, in Unix time. Empty lines and those that begin with "#" say
 * nothing. A line that makes no sense is passed over and counted: the rest is still good.
 */
#ifndef KN_SWARM_PEER_STORE_H
#define KN_SWARM_PEER_STORE_H

#include "lib/base/text.h"
#include "lib/codec/multiaddr_bytes.h"
#include "network/swarm/host.h"

enum {
    KN_PEER_STORE_LINES_MAX = 4096, /* that are written, and that are taken; more are passed over */
    KN_PEER_STORE_LINE_MAX = 1024,  /* bytes */
    KN_PEER_STORE_TEXT_MAX = KN_PEER_STORE_LINES_MAX * KN_PEER_STORE_LINE_MAX,
    KN_PEER_STORE_AGE_MAX_S = 30 * 24 * 60 * 60, /* after which an address is not tried again */
};

struct kn_peer_store_entry {
    struct kn_peer_id peer;
    struct kn_span address; /* binary, without the peer's id */
    int64_t seen;           /* Unix seconds */
};

/* Append the line of one. An address that has no text form appends nothing. */
void kn_peer_store_write(const struct kn_peer_store_entry *entry, struct kn_text *out);

struct kn_peer_store_counts {
    size_t taken, passed_over;
};

/* Call `take` for each line of the first KN_PEER_STORE_TEXT_MAX bytes; `entry` is lent. */
void kn_peer_store_read(struct kn_span text,
                        void (*take)(void *arg, const struct kn_peer_store_entry *entry), void *arg,
                        struct kn_peer_store_counts *counts);

/* What to write of all that is known. */
struct kn_peer_store_choice {
    int64_t unix_now;
    size_t lines_max;                                  /* 0: KN_PEER_STORE_LINES_MAX */
    bool (*wanted)(const struct kn_peer_facts *facts); /* NULL: everybody */
};

/* What the host knows and what has not failed, addresses that answered first. */
void kn_peer_store_export(struct kn_host *host, const struct kn_peer_store_choice *choice,
                          struct kn_text *out);

/* Have the host learn what is not too old. */
void kn_peer_store_import(struct kn_host *host, struct kn_span text, int64_t unix_now,
                          struct kn_peer_store_counts *counts);

#endif
