/*
 * record_store — what this node keeps for the swarm: values with an end, perhaps under subkeys.
 *
 * hivemind's rules: the later expiration wins, an equal one loses; nothing can be deleted, only
 * outlived. Bounded in bytes, in records, and per peer that brought them; when it is full,
 * the peer with most loses what it brought first; where that would be who brings more, what it
 * brought itself, or what ends first if it has nothing here yet. A value that is no MessagePack, or
 * an end that is not finite, is not stored: hivemind's reader hangs on such a thing. Nor does a
 * value without a subkey, however late its end, replace a dictionary whose living entries several
 * peers brought, as it does with hivemind: there one small call hides all servers of a block. Time
 * is handed in (Unix seconds). Storing and finding take time that grows with the logarithm of what
 * is held; reading a dictionary, with what is told of it. spec: hivemind/utils/timed_storage.py,
 * hivemind/dht/storage.py.
 */
#ifndef KN_DHT_RECORD_STORE_H
#define KN_DHT_RECORD_STORE_H

#include "lib/codec/peer_id.h"
#include "network/dht/dictionary.h"
#include "network/dht/id.h"

enum {
    KN_RECORD_DICTIONARY_BYTES_MAX = 2 << 20, /* of one that is read: an answer has to hold it */
};

struct kn_record_store;

struct kn_record_limits {
    size_t records;          /* regular values and entries together */
    size_t bytes;            /* of keys, subkeys, values and our own overhead */
    size_t records_a_peer;   /* that one peer brought and that still live */
    size_t bytes_a_peer;     /* of those, with our overhead */
    double longest_s;        /* an end further away is cut to this */
    double longest_others_s; /* the same of what another peer brought */
};

/* 1,048,576 records, 256 MiB, 65,536 and 8 MiB a peer, 30 days of our own and 2 of others. Who
 * announces renews within minutes; an end far away only serves who wants to drive out others. */
extern const struct kn_record_limits kn_record_limits_default;

KN_MUST_USE struct kn_record_store *kn_record_store_new(const struct kn_record_limits *limits);
void kn_record_store_free(struct kn_record_store *store);

enum kn_stored {
    KN_STORED,
    KN_STORED_OLDER,     /* what we have lives as long or longer, or several peers brought it */
    KN_STORED_EXPIRED,   /* its end has passed */
    KN_STORED_MALFORMED, /* no MessagePack, an end that is not finite, a size above its limit */
    KN_STORED_FULL,      /* memory, or the share of the peer `from` is used up */
};

/* `subkey` and `value` are MessagePack and are copied; an empty subkey means a regular value.
 * `from` may be NULL: ourselves, without a share. */
enum kn_stored kn_record_put(struct kn_record_store *store, const struct kn_dht_id *key,
                             struct kn_span subkey, struct kn_span value, double expiration,
                             const struct kn_peer_id *from, double now);

/* What is under a key now. Regular: its value. Dictionary: encoded into `scratch` (cleared first),
 * in the order in which its subkeys came; those beyond the limits of a dictionary are left out.
 * `value` lives until the next call with that store or scratch. False: nothing, or no memory.
 * What was put has been looked at: kn_dht_dictionary_step() will do for its entries. */
struct kn_record {
    bool is_dictionary;
    struct kn_span value;
    double expiration;
};
bool kn_record_get(struct kn_record_store *store, const struct kn_dht_id *key, double now,
                   struct kn_buffer *scratch, struct kn_record *out);

/* How many bytes that value has, without making it; 0: nothing. */
size_t kn_record_size(struct kn_record_store *store, const struct kn_dht_id *key, double now);

/* Walk all keys that have something alive; `*at` begins at 0; storing meanwhile may lose some. */
bool kn_record_next_key(struct kn_record_store *store, size_t *at, double now,
                        struct kn_dht_id *out);

struct kn_record_counters {
    size_t records, keys, bytes;
    uint64_t refused_malformed, refused_older, refused_full, evicted;
};
void kn_record_counters(const struct kn_record_store *store, struct kn_record_counters *out);

#endif
