/*
 * identities — the throw-away keys of tests/vectors/keys.json, and random bytes that are given.
 */
#ifndef KN_TESTS_IDENTITIES_H
#define KN_TESTS_IDENTITIES_H

#include "lib/base/random.h"
#include "lib/crypto/key.h"
#include "support/hex.h"
#include "support/vectors.h"

/* The key whose `member` ("name" or "base58") is `text`. Release with kn_key_free(). */
static inline struct kn_key *identity_of(const char *member, const char *text)
{
    json_t *rows = vectors_list("keys.json", "keys"), *row;
    struct kn_key *key = NULL;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        struct kn_buffer bytes = { 0 };

        if (strcmp(vectors_text(row, member), text) != 0)
            continue;
        hex_add(&bytes, vectors_text(row, "private"));
        CHECK_EQ(text, kn_key_decode(kn_buffer_get(&bytes), &key, NULL), KN_OK);
        kn_buffer_done(&bytes);
    }
    CHECK(text, key != NULL);
    vectors_done(rows);
    return key;
}

/* Gives the bytes that were put there, in order; asking for more fails the test. */
struct given_random {
    struct kn_buffer bytes;
};

static inline void given_fill(void *arg, uint8_t *out, size_t n)
{
    struct given_random *given = arg;

    CHECK("random bytes", given->bytes.n >= n);
    memcpy(out, kn_buffer_get(&given->bytes).at, n);
    kn_buffer_take(&given->bytes, n);
}

static inline struct kn_random given_random(struct given_random *given)
{
    return (struct kn_random){ given_fill, given };
}

#endif
