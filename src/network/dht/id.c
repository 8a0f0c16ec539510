#include "network/dht/id.h"

#include <string.h>

#include "lib/crypto/hash.h"

_Static_assert((int)KN_DHT_ID_SIZE == (int)KN_SHA1_SIZE, "an id is a SHA-1");

enum { HEAD_MAX = 3, FIX_TEXT = 0xa0, FIX_TEXT_MAX = 31, TEXT8 = 0xd9, TEXT16 = 0xda };

/* The head of a MessagePack text; on the stack, so that naming a key cannot fail for memory. */
static size_t write_head(size_t n, uint8_t out[HEAD_MAX])
{
    if (n <= FIX_TEXT_MAX) {
        out[0] = (uint8_t)(FIX_TEXT | n);
        return 1;
    }
    if (n <= UINT8_MAX) {
        out[0] = TEXT8;
        out[1] = (uint8_t)n;
        return 2;
    }
    out[0] = TEXT16;
    out[1] = (uint8_t)(n >> 8);
    out[2] = (uint8_t)n;
    return HEAD_MAX;
}

bool kn_dht_id_of_text(struct kn_span text, struct kn_dht_id *out)
{
    uint8_t bytes[HEAD_MAX + KN_DHT_KEY_TEXT_MAX];
    size_t head;

    if (text.n > KN_DHT_KEY_TEXT_MAX) {
        *out = (struct kn_dht_id){ 0 };
        return false;
    }
    head = write_head(text.n, bytes);
    if (text.n > 0)
        memcpy(bytes + head, text.at, text.n);
    kn_sha1(kn_span(bytes, head + text.n), out->bytes);
    return true;
}

void kn_dht_id_of_bytes(struct kn_span bytes, struct kn_dht_id *out)
{
    kn_sha1(bytes, out->bytes);
}

void kn_dht_id_random(const struct kn_random *random, struct kn_dht_id *out)
{
    kn_random_fill(random, out->bytes, sizeof(out->bytes));
}

bool kn_dht_id_equal(const struct kn_dht_id *a, const struct kn_dht_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int kn_dht_id_nearer(const struct kn_dht_id *target, const struct kn_dht_id *a,
                     const struct kn_dht_id *b)
{
    for (size_t i = 0; i < KN_DHT_ID_SIZE; i++) {
        int from_a = a->bytes[i] ^ target->bytes[i], from_b = b->bytes[i] ^ target->bytes[i];

        if (from_a != from_b)
            return from_a < from_b ? -1 : 1;
    }
    return 0;
}
