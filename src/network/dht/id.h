/*
 * id — 160-bit names of hivemind's DHT: of keys and of nodes; their distance is XOR.
 * spec: hivemind/dht/routing.py, DHTID.
 */
#ifndef KN_DHT_ID_H
#define KN_DHT_ID_H

#include "lib/base/random.h"
#include "lib/base/span.h"

enum {
    KN_DHT_ID_SIZE = 20,
    KN_DHT_KEY_TEXT_MAX = 1024, /* bytes of a key that is text */
};

struct kn_dht_id {
    uint8_t bytes[KN_DHT_ID_SIZE]; /* big endian */
};

/* Of a key that is text: SHA-1 of its MessagePack. False, and the id all zeros, when the text is
 * longer than KN_DHT_KEY_TEXT_MAX. */
bool kn_dht_id_of_text(struct kn_span text, struct kn_dht_id *out);

/* Of raw bytes, as nodes derive theirs from their peer id: SHA-1 of them. */
void kn_dht_id_of_bytes(struct kn_span bytes, struct kn_dht_id *out);

void kn_dht_id_random(const struct kn_random *random, struct kn_dht_id *out);

bool kn_dht_id_equal(const struct kn_dht_id *a, const struct kn_dht_id *b);

/* Which is nearer to `target`: below 0 `a`, above 0 `b`, 0 when they are equal. */
int kn_dht_id_nearer(const struct kn_dht_id *target, const struct kn_dht_id *a,
                     const struct kn_dht_id *b);

#endif
