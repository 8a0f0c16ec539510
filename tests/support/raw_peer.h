/*
 * raw_peer — a peer that shakes hands as it should, and from then on says what it is told to.
 *
 * Below it everything is genuine (multistream, Noise); the plain bytes are the caller's.
 */
#ifndef KN_TESTS_RAW_PEER_H
#define KN_TESTS_RAW_PEER_H

#include "lib/crypto/key.h"
#include "network/noise/noise.h"
#include "network/proto/multistream.h"

struct raw_peer {
    enum kn_role role;
    bool early; /* it offers yamux in the handshake */
    const struct kn_key *key;
    struct kn_random random;
    struct kn_multistream select;
    struct kn_noise *noise;
    struct kn_buffer wire;  /* to be sent */
    struct kn_buffer plain; /* what it heard */
};

static inline const char *raw_find(void *arg, struct kn_span name)
{
    (void)arg;
    return kn_span_equal(name, kn_span_text("/noise")) ? "/noise" : NULL;
}

static inline void raw_start(struct raw_peer *raw, enum kn_role role, const struct kn_key *key,
                             struct kn_random random, bool early)
{
    static const char *const noise[] = { "/noise", NULL };

    *raw = (struct raw_peer){ .role = role, .early = early, .key = key, .random = random };
    if (role == KN_ROLE_DIALER)
        kn_multistream_dial(&raw->select, noise, &raw->wire);
    else
        kn_multistream_listen(&raw->select, raw_find, NULL);
}

static inline void raw_stop(struct raw_peer *raw)
{
    kn_multistream_done(&raw->select);
    kn_noise_free(raw->noise);
    kn_buffer_done(&raw->wire);
    kn_buffer_done(&raw->plain);
}

static inline bool raw_is_ready(const struct raw_peer *raw)
{
    return raw->noise != NULL && kn_noise_is_ready(raw->noise);
}

static inline enum kn_code raw_begin_noise(struct raw_peer *raw)
{
    static const char *const some[] = { "/yamux/1.0.0", NULL }, *const none[] = { NULL };
    const struct kn_noise_options options = {
        .role = raw->role,
        .identity = raw->key,
        .muxers = raw->early ? some : none,
        .random = &raw->random,
    };

    raw->noise = kn_noise_new(&options, &raw->wire);
    return raw->noise != NULL ? KN_OK : KN_E_NO_MEMORY;
}

static inline enum kn_code raw_hear(struct raw_peer *raw, struct kn_span bytes)
{
    enum kn_code rc = KN_OK;

    if (raw->noise == NULL) {
        size_t used = 0;

        rc = kn_multistream_input(&raw->select, bytes, &used, &raw->wire, NULL);
        bytes = kn_span(bytes.at + used, bytes.n - used);
        if (rc == KN_OK && raw->select.agreed != NULL)
            rc = raw_begin_noise(raw);
    }
    if (rc == KN_OK && raw->noise != NULL && bytes.n > 0)
        rc = kn_noise_input(raw->noise, bytes, &raw->wire, &raw->plain, NULL);
    return rc;
}

static inline enum kn_code raw_say(struct raw_peer *raw, struct kn_span plain)
{
    return kn_noise_send(raw->noise, plain, &raw->wire);
}

#endif
