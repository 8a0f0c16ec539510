/*
 * message — what DHTProtocol's three calls say, as protobuf.
 *
 * Requests and answers that are read point into their bytes and hold nothing; lists are walked by
 * the caller, item by item, so that no peer decides how much we allocate.
 * spec: hivemind/proto/dht.proto. Authentication fields are skipped.
 */
#ifndef KN_DHT_MESSAGE_H
#define KN_DHT_MESSAGE_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/code.h"
#include "lib/codec/peer_id.h"
#include "lib/codec/protobuf.h"
#include "network/dht/id.h"

enum {
    KN_DHT_MESSAGE_MAX = 4 << 20,   /* bytes of a request or an answer */
    KN_DHT_KEYS_MAX = 1024,         /* of one request that we serve; the rest is refused */
    KN_DHT_NEAREST_MAX = 64,        /* neighbours taken from one result; more are ignored */
    KN_DHT_RESULT_FIELDS_MAX = 256, /* of one result; a longer one is broken */
    KN_DHT_SUBKEY_MAX = 1024,       /* bytes */
    KN_DHT_RECORD_MAX = 3 << 19,    /* bytes of one value: a mebibyte and what is around it */
};

/* Who is calling or answering: no node id means a client, which nobody adds to a table. */
struct kn_dht_node {
    bool has_id;
    struct kn_dht_id id;
};

struct kn_dht_ping_request {
    struct kn_dht_node node;
    bool validate;
};

struct kn_dht_ping_answer {
    struct kn_dht_node node;
    double dht_time; /* 0: not told */
    bool available;
};

void kn_dht_ping_request_encode(const struct kn_dht_ping_request *request, struct kn_buffer *out);
void kn_dht_ping_answer_encode(const struct kn_dht_ping_answer *answer, struct kn_buffer *out);

/* Each decoder: KN_E_SYNTAX for no protobuf; KN_E_INVALID for a node id longer than 20 bytes or
 * a key of another length; KN_E_LIMIT. A shorter node id is taken as a small number. */
KN_MUST_USE enum kn_code kn_dht_ping_request_decode(struct kn_span bytes,
                                                    struct kn_dht_ping_request *out);
KN_MUST_USE enum kn_code kn_dht_ping_answer_decode(struct kn_span bytes,
                                                   struct kn_dht_ping_answer *out);

/* rpc_find */
struct kn_dht_find_request {
    struct kn_dht_node node;
    size_t key_count;
    struct kn_span bytes; /* the whole message, for kn_dht_find_key() */
};

void kn_dht_find_request_encode(const struct kn_dht_node *node, const struct kn_dht_id *keys,
                                size_t n, struct kn_buffer *out);
KN_MUST_USE enum kn_code kn_dht_find_request_decode(struct kn_span bytes,
                                                    struct kn_dht_find_request *out);

/* Step through the keys: `*at` begins at 0. False when there are no more. */
bool kn_dht_find_key(const struct kn_dht_find_request *request, size_t *at, struct kn_dht_id *out);

enum kn_dht_found { KN_DHT_NOT_FOUND = 0, KN_DHT_FOUND_REGULAR = 1, KN_DHT_FOUND_DICTIONARY = 2 };

struct kn_dht_find_result {
    enum kn_dht_found found;
    struct kn_span value; /* MessagePack of the value, or of the dictionary */
    double expiration;
    struct kn_span bytes; /* the whole result */
};

struct kn_dht_neighbour {
    struct kn_dht_id id;
    struct kn_peer_id peer;
};

/* Append one result to an answer that is being written, its neighbours nearest first. */
void kn_dht_find_result_encode(const struct kn_dht_find_result *result,
                               const struct kn_dht_neighbour *neighbours, size_t n,
                               struct kn_buffer *out);
/* How many bytes that appends, with a value of `value_n` bytes if one is found. */
size_t kn_dht_find_result_size(enum kn_dht_found found, size_t value_n,
                               const struct kn_dht_neighbour *neighbours, size_t n);
/* End an answer: who we are. */
void kn_dht_find_answer_end(const struct kn_dht_node *node, struct kn_buffer *out);

struct kn_dht_find_answer {
    struct kn_dht_node node;
    size_t result_count;
    struct kn_span bytes;
};

KN_MUST_USE enum kn_code kn_dht_find_answer_decode(struct kn_span bytes,
                                                   struct kn_dht_find_answer *out);
/* Step through the results in the order of the keys. False: no more, or this one is broken (then
 * *at is past the end and *failed set). An expiration that is not finite is broken. */
bool kn_dht_find_result_next(const struct kn_dht_find_answer *answer, size_t *at,
                             struct kn_dht_find_result *out, bool *failed);
/* Step through the neighbours, `*at` begins zeroed; pairs that are nonsense are passed over and
 * counted. Their two halves stand in two lists. */
struct kn_dht_neighbour_cursor {
    size_t count;
    struct kn_reader ids, peers; /* where each list goes on */
};
bool kn_dht_find_neighbour(const struct kn_dht_find_result *result,
                           struct kn_dht_neighbour_cursor *at, struct kn_dht_neighbour *out,
                           size_t *nonsense);

/* rpc_store */
enum kn_dht_store_kind { KN_DHT_STORE_REGULAR, KN_DHT_STORE_SUBKEY, KN_DHT_STORE_DICTIONARY };

struct kn_dht_store_item {
    struct kn_dht_id key;
    enum kn_dht_store_kind kind;
    struct kn_span subkey; /* MessagePack; of KN_DHT_STORE_SUBKEY */
    struct kn_span value;  /* MessagePack */
    double expiration;
    bool in_cache;
};

void kn_dht_store_request_encode(const struct kn_dht_node *node,
                                 const struct kn_dht_store_item *items, size_t n,
                                 struct kn_buffer *out);

/* Lists of another length than the keys are KN_E_INVALID. */
struct kn_dht_store_request {
    struct kn_dht_node node;
    size_t count;   /* items that can be walked: at most KN_DHT_KEYS_MAX */
    size_t offered; /* items that came; an answer may tell false for those beyond `count` */
    struct kn_span bytes;
};

/* A subkeys list that is shorter cuts the items, a missing in_cache list is all false, as peers
 * take them. */
KN_MUST_USE enum kn_code kn_dht_store_request_decode(struct kn_span bytes,
                                                     struct kn_dht_store_request *out);

/* The numbers of one list, packed or not. */
struct kn_dht_numbers {
    struct kn_reader message;
    struct kn_pb_field field;
    struct kn_pb_packed at;
    bool inside;
};

/*
 * Step through the items, `*at` begins zeroed; memory of fixed size, time linear over all items.
 * An expiration may be anything, also NaN. False when there are no more.
 */
struct kn_dht_store_cursor {
    bool begun;
    size_t index;
    struct kn_reader keys, subkeys, values; /* where each list goes on */
    struct kn_dht_numbers expirations, flags;
};
bool kn_dht_store_next(const struct kn_dht_store_request *request, struct kn_dht_store_cursor *at,
                       struct kn_dht_store_item *out);

void kn_dht_store_answer_encode(const struct kn_dht_node *node, const bool *ok, size_t n,
                                struct kn_buffer *out);

struct kn_dht_store_answer {
    struct kn_dht_node node;
    size_t count;                    /* of what came, at most KN_DHT_KEYS_MAX */
    uint8_t ok[KN_DHT_KEYS_MAX / 8]; /* one bit each */
};

KN_MUST_USE enum kn_code kn_dht_store_answer_decode(struct kn_span bytes,
                                                    struct kn_dht_store_answer *out);
/* Was item `index` stored? False for one that the answer does not mention. */
bool kn_dht_store_answer_ok(const struct kn_dht_store_answer *answer, size_t index);

#endif
