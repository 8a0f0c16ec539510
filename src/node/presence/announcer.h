/*
 * announcer — tells the swarm what this node serves, again and again, and looks whether it is seen.
 *
 * One record under every block key and, for a public model, one in the registry, stored at the
 * nearest nodes and at every bootstrap. After each round the records are read back from the
 * bootstraps on streams of their own: nothing counts as announced that was not acknowledged, and
 * nothing as visible that was not read. Belongs to the loop thread.
 * spec: decisions D3 to D6; petals/server/server.py, ModuleAnnouncerThread.
 */
#ifndef KN_NODE_PRESENCE_ANNOUNCER_H
#define KN_NODE_PRESENCE_ANNOUNCER_H

#include "network/network.h"
#include "network/petals/server_info.h"

enum {
    KN_ANNOUNCE_RETRY_FIRST_MS = 1000,  /* while nobody has acknowledged, */
    KN_ANNOUNCE_RETRY_EAGER_MS = 30000, /* so long every second, then doubling */
    KN_ANNOUNCE_RETRY_MAX_MS = 60000,
    KN_ANNOUNCE_TIMEOUT_MS = 10000, /* for one round */
    KN_ANNOUNCE_JITTER_PERCENT = 10,
};

/* What is announced. Texts are lent for the call of kn_announcer_set(). */
struct kn_announcement {
    const char *prefix;         /* NULL: no block, nothing is stored */
    uint32_t start, end;        /* half-open */
    uint32_t num_blocks;        /* of the model */
    const char *repository;     /* NULL: the model is not entered into the registry */
    struct kn_server_info info; /* start and end are filled in */
};

/* What became of a round. */
struct kn_announced {
    uint32_t blocks, keys;      /* keys: of the blocks, and the registry's */
    uint32_t acknowledged;      /* those that some other node took, or holds for longer */
    uint32_t visible_on, asked; /* bootstraps that gave every record back; that were asked */
    bool alone;                 /* there is nobody else to confirm */
    bool registers;             /* the last key is the registry's */
    const bool *took;           /* of each key, in order: acknowledged? Lent until the next round;
                                 * NULL: memory was short */
    double at;                  /* seconds since 1970 */
    enum kn_server_state state; /* that was announced */
};

struct kn_announcer;

struct kn_announcer_options {
    struct kn_network *network;
    const struct kn_random *random; /* copied */
    int interval_ms, lifetime_ms;
    void *arg;
    /* Before each round: what of it changes from one to the next. May be NULL. */
    void (*describe)(void *arg, struct kn_server_info *info);
    /* After each round, before the records were read back and once more after. */
    void (*announced)(void *arg, const struct kn_announced *round, bool read_back);
};

/* NULL when memory is short. Free it before the network. */
KN_MUST_USE struct kn_announcer *kn_announcer_new(const struct kn_announcer_options *options);
void kn_announcer_free(struct kn_announcer *a);

/* The peers that are stored at and read from besides the nearest; at most KN_DHT_PEERS_MAX. */
void kn_announcer_set_bootstraps(struct kn_announcer *a, const struct kn_peer_id *peers, size_t n);

/* Announce this from now on, at once. Keys that are no longer in the range are told OFFLINE. */
void kn_announcer_set(struct kn_announcer *a, const struct kn_announcement *next);

/* Tell from now on whether others come to us through relays; at once when that is news. */
void kn_announcer_use_relay(struct kn_announcer *a, bool is_relayed);

/* Announce so often and for so long from now on; at once when that is news. */
void kn_announcer_pace(struct kn_announcer *a, int interval_ms, int lifetime_ms);

/* Announce again now: the network came back, or the machine slept. */
void kn_announcer_renew(struct kn_announcer *a);

/* Are there keys that are told OFFLINE, and of which nobody has taken that yet? */
bool kn_announcer_takes_back(const struct kn_announcer *a);

/* Was a round begun? Then somebody may hold a record of ours, acknowledged or not. */
bool kn_announcer_has_told(const struct kn_announcer *a);

/* Say OFFLINE under every key and stop, also under those whose store is under way; `done` once,
 * later. */
void kn_announcer_leave(struct kn_announcer *a, void (*done)(void *arg), void *arg);

/* Of the last round; at is 0 before the first. */
const struct kn_announced *kn_announcer_last(const struct kn_announcer *a);

#endif
