#include "network/noise/handshake.h"

#include "lib/codec/reader.h"
#include "lib/crypto/random.h"

enum token { END, E, S, EE, ES, SE };

enum { TOKENS_MAX = 5 };

/* spec: noise §7.5, XX. Dialer and listener take turns. */
static const uint8_t messages[KN_NOISE_STEPS][TOKENS_MAX] = {
    { E, END },
    { E, EE, S, ES, END },
    { S, SE, END },
};

enum kn_code kn_noise_handshake_start(struct kn_noise_handshake *h, enum kn_role role,
                                      struct kn_span prologue)
{
    enum kn_code rc;

    h->role = role;
    h->step = 0;
    kn_noise_symmetric_start(&h->symmetric, prologue);
    rc = kn_x25519_public(h->own_static.secret, h->own_static.public);
    if (rc == KN_OK)
        rc = kn_x25519_public(h->own_ephemeral.secret, h->own_ephemeral.public);
    return rc;
}

void kn_noise_handshake_done(struct kn_noise_handshake *h)
{
    kn_noise_symmetric_done(&h->symmetric);
    kn_wipe(h, sizeof(*h));
}

bool kn_noise_handshake_is_over(const struct kn_noise_handshake *h)
{
    return h->step == KN_NOISE_STEPS;
}

static enum kn_code mix_shared(struct kn_noise_handshake *h, const struct kn_noise_pair *own,
                               const uint8_t peer[KN_X25519_SIZE])
{
    uint8_t shared[KN_X25519_SIZE];
    enum kn_code rc = kn_x25519_shared(own->secret, own->public, peer, shared);

    if (rc == KN_OK)
        rc = kn_noise_mix_key(&h->symmetric, kn_span(shared, sizeof(shared)));
    kn_wipe(shared, sizeof(shared));
    return rc;
}

/* The first letter of a token is the dialer's key, the second the listener's. */
static enum kn_code mix_token(struct kn_noise_handshake *h, enum token token)
{
    bool is_dialer = h->role == KN_ROLE_DIALER;
    bool own_is_static = token == (is_dialer ? SE : ES),
         peer_is_static = token == (is_dialer ? ES : SE);

    return mix_shared(h, own_is_static ? &h->own_static : &h->own_ephemeral,
                      peer_is_static ? h->peer_static : h->peer_ephemeral);
}

static enum kn_code write_token(struct kn_noise_handshake *h, enum token token,
                                struct kn_buffer *out)
{
    struct kn_span ephemeral = kn_span(h->own_ephemeral.public, KN_X25519_SIZE);

    switch (token) {
    case E:
        kn_buffer_add_span(out, ephemeral);
        kn_noise_mix_hash(&h->symmetric, ephemeral);
        return out->failed ? KN_E_NO_MEMORY : KN_OK;
    case S:
        return kn_noise_encrypt_and_hash(&h->symmetric,
                                         kn_span(h->own_static.public, KN_X25519_SIZE), out);
    case EE:
    case ES:
    case SE:
        return mix_token(h, token);
    case END:
        break;
    }
    return KN_OK;
}

enum kn_code kn_noise_handshake_write(struct kn_noise_handshake *h, struct kn_span payload,
                                      struct kn_buffer *out)
{
    const uint8_t *tokens = messages[h->step];
    enum kn_code rc = KN_OK;

    for (size_t i = 0; tokens[i] != END && rc == KN_OK; i++)
        rc = write_token(h, (enum token)tokens[i], out);
    if (rc == KN_OK)
        rc = kn_noise_encrypt_and_hash(&h->symmetric, payload, out);
    h->step++;
    return rc;
}

static enum kn_code read_static(struct kn_noise_handshake *h, struct kn_reader *in)
{
    struct kn_span sealed = kn_read_span(in, KN_X25519_SIZE + kn_noise_tag_size(&h->symmetric));
    struct kn_buffer key = { 0 };
    enum kn_code rc;

    if (in->failed)
        return KN_E_INVALID;
    rc = kn_noise_decrypt_and_hash(&h->symmetric, sealed, &key);
    if (rc == KN_OK)
        memcpy(h->peer_static, kn_buffer_get(&key).at, KN_X25519_SIZE);
    kn_buffer_done(&key);
    return rc;
}

static enum kn_code read_ephemeral(struct kn_noise_handshake *h, struct kn_reader *in)
{
    struct kn_span key = kn_read_span(in, KN_X25519_SIZE);

    if (in->failed)
        return KN_E_INVALID;
    memcpy(h->peer_ephemeral, key.at, KN_X25519_SIZE);
    kn_noise_mix_hash(&h->symmetric, key);
    return KN_OK;
}

static enum kn_code read_token(struct kn_noise_handshake *h, enum token token, struct kn_reader *in)
{
    switch (token) {
    case E:
        return read_ephemeral(h, in);
    case S:
        return read_static(h, in);
    case EE:
    case ES:
    case SE:
        return mix_token(h, token);
    case END:
        break;
    }
    return KN_OK;
}

enum kn_code kn_noise_handshake_read(struct kn_noise_handshake *h, struct kn_span message,
                                     struct kn_buffer *payload)
{
    const uint8_t *tokens = messages[h->step];
    struct kn_reader in = kn_reader_of(message);
    enum kn_code rc = KN_OK;

    for (size_t i = 0; tokens[i] != END && rc == KN_OK; i++)
        rc = read_token(h, (enum token)tokens[i], &in);
    if (rc == KN_OK)
        rc = kn_noise_decrypt_and_hash(&h->symmetric, kn_read_span(&in, kn_reader_left(&in)),
                                       payload);
    h->step++;
    return rc;
}
