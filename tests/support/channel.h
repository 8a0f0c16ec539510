/*
 * channel — both ends of a secure channel, with fixed keys.
 */
#ifndef KN_TESTS_CHANNEL_H
#define KN_TESTS_CHANNEL_H

#include "network/noise/noise.h"
#include "support/identities.h"

#define YAMUX "/yamux/1.0.0"
#define KEY_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_2 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define KEY_3 "4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60"

static const char *const yamux[] = { YAMUX, NULL };

/* One end with what it wants sent and what it heard. */
struct end {
    struct kn_key *key;
    struct kn_noise *noise;
    struct kn_buffer wire, plain;
};

static inline void open_end(struct end *e, enum kn_role role, struct kn_key *key,
                            const struct kn_peer_id *expected, const char *const *muxers,
                            const char *static_key, const char *ephemeral_key)
{
    struct given_random given = { { 0 } };
    struct kn_random random = given_random(&given);
    struct kn_noise_options options = { role, key, expected, muxers, &random };

    *e = (struct end){ .key = key };
    hex_add(&given.bytes, static_key);
    hex_add(&given.bytes, ephemeral_key);
    e->noise = kn_noise_new(&options, &e->wire);
    CHECK("memory", e->noise != NULL);
    CHECK_EQ("both keys are drawn", given.bytes.n, 0);
    kn_buffer_done(&given.bytes);
}

static inline void close_end(struct end *e)
{
    kn_noise_free(e->noise);
    kn_key_free(e->key);
    kn_buffer_done(&e->wire);
    kn_buffer_done(&e->plain);
}

/* Hand `bytes` over in pieces. */
static inline enum kn_code hear(struct end *e, struct kn_span bytes, size_t piece,
                                struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    for (size_t at = 0; at < bytes.n && rc == KN_OK; at += piece) {
        size_t n = bytes.n - at < piece ? bytes.n - at : piece;

        rc = kn_noise_input(e->noise, kn_span(bytes.at + at, n), &e->wire, &e->plain, err);
    }
    return rc;
}

static inline enum kn_code hear_hex(struct end *e, const char *hex, struct kn_error *err)
{
    struct kn_buffer bytes = { 0 };
    enum kn_code rc;

    hex_add(&bytes, hex);
    rc = hear(e, kn_buffer_get(&bytes), bytes.n, err);
    kn_buffer_done(&bytes);
    return rc;
}

static inline enum kn_code pass(struct end *from, struct end *to, size_t piece,
                                struct kn_error *err)
{
    enum kn_code rc = hear(to, kn_buffer_get(&from->wire), piece, err);

    kn_buffer_clear(&from->wire);
    return rc;
}

static inline void connect_ends(struct end *dialer, struct end *listener, size_t piece)
{
    open_end(dialer, KN_ROLE_DIALER, identity_of("name", "A"), NULL, yamux, KEY_1, KEY_2);
    open_end(listener, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, yamux, KEY_2, KEY_3);
    CHECK_EQ("1", pass(dialer, listener, piece, NULL), KN_OK);
    CHECK_EQ("2", pass(listener, dialer, piece, NULL), KN_OK);
    CHECK_EQ("3", pass(dialer, listener, piece, NULL), KN_OK);
    CHECK("ready", kn_noise_is_ready(dialer->noise) && kn_noise_is_ready(listener->noise));
}

#endif
