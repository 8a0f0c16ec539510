#include "network/noise/noise.h"

#include "lib/base/memory.h"
#include "lib/crypto/key.h"
#include "lib/crypto/random.h"
#include "network/noise/handshake.h"
#include "network/noise/payload.h"

enum { LENGTH_SIZE = KN_NOISE_HEAD, FRAME_COST = LENGTH_SIZE + KN_AEAD_TAG_SIZE };

enum state { SHAKING, READY, FAILED };

struct kn_noise {
    enum state state;
    enum kn_role role;
    const struct kn_key *identity;
    const char *const *muxers;
    bool has_expected, has_peer;
    struct kn_peer_id expected, peer;
    struct kn_buffer peer_key;
    const char *muxer;
    struct kn_noise_handshake handshake; /* wiped once it is over */
    struct kn_noise_cipher out, in;
    struct kn_buffer partial; /* of a frame, with its length */
};

static void put_length(uint8_t *at, size_t n)
{
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)(n & 0xff);
}

/* What the frame at the front takes with its length; the length alone while that is not there. */
static size_t frame_size(struct kn_span bytes)
{
    if (bytes.n < LENGTH_SIZE)
        return LENGTH_SIZE;
    return LENGTH_SIZE + ((size_t)bytes.at[0] << 8 | bytes.at[1]);
}

/* --- handshake --- */

static enum kn_code write_message(struct kn_noise *noise, struct kn_span payload,
                                  struct kn_buffer *wire, struct kn_error *err)
{
    struct kn_buffer message = { .max = KN_NOISE_FRAME_MAX };
    uint8_t length[LENGTH_SIZE];
    enum kn_code rc = kn_noise_handshake_write(&noise->handshake, payload, &message);

    if (rc == KN_OK) {
        put_length(length, message.n);
        kn_buffer_add(wire, length, sizeof(length));
        kn_buffer_add_span(wire, kn_buffer_get(&message));
    }
    kn_buffer_done(&message);
    if (rc == KN_E_INVALID)
        return kn_fail(err, KN_E_PROTOCOL, "noise: the peer's ephemeral key is of low order");
    return rc == KN_OK && !wire->failed ? KN_OK : kn_fail_no_memory(err);
}

static enum kn_code answer(struct kn_noise *noise, struct kn_buffer *wire, struct kn_error *err)
{
    struct kn_buffer payload = { 0 };
    enum kn_code rc = kn_noise_payload_write(noise->identity, noise->handshake.own_static.public,
                                             noise->muxers, &payload);

    if (rc == KN_OK)
        rc = write_message(noise, kn_buffer_get(&payload), wire, err);
    else
        rc = kn_fail_no_memory(err);
    kn_buffer_done(&payload);
    return rc;
}

static enum kn_code refuse_stranger(const struct kn_noise *noise, struct kn_error *err)
{
    char expected[KN_PEER_ID_TEXT_SIZE], got[KN_PEER_ID_TEXT_SIZE];

    kn_peer_id_print(&noise->expected, expected);
    kn_peer_id_print(&noise->peer, got);
    (void)kn_fail(err, KN_E_IDENTITY, "noise: expected the peer %s, %s answered", expected, got);
    kn_hint(err, "Ask who runs the peer for its current address and peer id.");
    return KN_E_IDENTITY;
}

static enum kn_code take_payload(struct kn_noise *noise, struct kn_span bytes, struct kn_error *err)
{
    struct kn_noise_payload payload;
    enum kn_code rc = kn_noise_payload_read(bytes, &payload, err);

    if (rc == KN_OK)
        rc = kn_noise_payload_verify(&payload, noise->handshake.peer_static, &noise->peer, err);
    if (rc != KN_OK && rc != KN_E_IDENTITY)
        return rc;
    kn_buffer_add_span(&noise->peer_key, payload.key);
    if (noise->peer_key.failed)
        return kn_fail_no_memory(err);
    noise->has_peer = true;
    if (rc == KN_OK && noise->has_expected && !kn_peer_id_equal(&noise->peer, &noise->expected))
        rc = refuse_stranger(noise, err);
    if (rc == KN_OK)
        noise->muxer = kn_noise_payload_muxer(&payload, noise->role, noise->muxers);
    return rc;
}

/* spec: libp2p noise, "The libp2p Handshake Payload": messages 2 and 3 have one. go-libp2p does
 * not look at what comes in message 1, and neither do we. */
static enum kn_code read_message(struct kn_noise *noise, struct kn_span message,
                                 struct kn_error *err)
{
    struct kn_buffer payload = { 0 };
    enum kn_code rc = kn_noise_handshake_read(&noise->handshake, message, &payload);
    unsigned number = noise->handshake.step;

    if (rc == KN_E_NO_MEMORY)
        rc = kn_fail_no_memory(err);
    else if (rc != KN_OK)
        rc = kn_fail(err, KN_E_PROTOCOL, "noise: message %u of the handshake is broken", number);
    else if (number > 1)
        rc = take_payload(noise, kn_buffer_get(&payload), err);
    kn_buffer_done(&payload);
    return rc;
}

static enum kn_code get_ready(struct kn_noise *noise, struct kn_error *err)
{
    bool is_dialer = noise->role == KN_ROLE_DIALER;

    if (kn_noise_split(&noise->handshake.symmetric, is_dialer ? &noise->out : &noise->in,
                       is_dialer ? &noise->in : &noise->out) != KN_OK)
        return kn_fail_no_memory(err);
    kn_noise_handshake_done(&noise->handshake);
    noise->state = READY;
    return KN_OK;
}

static enum kn_code take_message(struct kn_noise *noise, struct kn_span message,
                                 struct kn_buffer *wire, struct kn_error *err)
{
    enum kn_code rc = read_message(noise, message, err);

    if (rc == KN_OK && !kn_noise_handshake_is_over(&noise->handshake))
        rc = answer(noise, wire, err);
    if (rc == KN_OK && kn_noise_handshake_is_over(&noise->handshake))
        rc = get_ready(noise, err);
    return rc;
}

/* --- frames --- */

static enum kn_code open_frame(struct kn_noise *noise, struct kn_span sealed,
                               struct kn_buffer *plain, struct kn_error *err)
{
    size_t before = plain->n;
    uint8_t nothing[1], *out = nothing; /* a frame may hold nothing */

    if (sealed.n < KN_AEAD_TAG_SIZE)
        return kn_fail(err, KN_E_PROTOCOL, "noise: a frame of %zu bytes; the shortest has %d",
                       sealed.n, KN_AEAD_TAG_SIZE);
    if (sealed.n > KN_AEAD_TAG_SIZE)
        out = kn_buffer_extend(plain, sealed.n - KN_AEAD_TAG_SIZE);
    if (out == NULL)
        return kn_fail_no_memory(err);
    if (kn_noise_cipher_open(&noise->in, kn_span(NULL, 0), sealed, out) == KN_OK)
        return KN_OK;
    kn_buffer_cut(plain, before);
    return kn_fail(err, KN_E_PROTOCOL, "noise: a frame was altered on its way");
}

/* `frame` with its length. */
static enum kn_code take_frame(struct kn_noise *noise, struct kn_span frame, struct kn_buffer *wire,
                               struct kn_buffer *plain, struct kn_error *err)
{
    struct kn_span message = kn_span(frame.at + LENGTH_SIZE, frame.n - LENGTH_SIZE);

    if (noise->state == READY)
        return open_frame(noise, message, plain, err);
    return take_message(noise, message, wire, err);
}

/* Move what the frame in noise->partial still lacks out of `bytes`. */
static void complete_partial(struct kn_noise *noise, struct kn_span *bytes)
{
    size_t n = frame_size(kn_buffer_get(&noise->partial)) - noise->partial.n;

    if (n > bytes->n)
        n = bytes->n;
    kn_buffer_add(&noise->partial, bytes->at, n);
    *bytes = kn_span(bytes->at + n, bytes->n - n);
}

/* Whole frames are opened where they lie; only one that is cut is copied. */
static enum kn_code take_bytes(struct kn_noise *noise, struct kn_span bytes, struct kn_buffer *wire,
                               struct kn_buffer *plain, struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    while (bytes.n > 0 && rc == KN_OK) {
        size_t n = frame_size(bytes);

        if (noise->partial.n == 0 && n <= bytes.n) {
            rc = take_frame(noise, kn_span(bytes.at, n), wire, plain, err);
            bytes = kn_span(bytes.at + n, bytes.n - n);
            continue;
        }
        complete_partial(noise, &bytes);
        if (noise->partial.failed)
            return kn_fail_no_memory(err);
        if (noise->partial.n < LENGTH_SIZE ||
            noise->partial.n < frame_size(kn_buffer_get(&noise->partial)))
            continue;
        rc = take_frame(noise, kn_buffer_get(&noise->partial), wire, plain, err);
        kn_buffer_clear(&noise->partial);
    }
    return rc;
}

enum kn_code kn_noise_input(struct kn_noise *noise, struct kn_span bytes, struct kn_buffer *wire,
                            struct kn_buffer *plain, struct kn_error *err)
{
    enum kn_code rc;

    if (noise->state == FAILED)
        return kn_fail(err, KN_E_PROTOCOL, "noise: the channel has failed before");
    rc = take_bytes(noise, bytes, wire, plain, err);
    if (rc != KN_OK)
        noise->state = FAILED;
    return rc;
}

static enum kn_code seal_frames(struct kn_noise *noise, struct kn_span plain, uint8_t *at)
{
    enum kn_code rc;

    do {
        size_t n = plain.n < KN_NOISE_PLAIN_MAX ? plain.n : KN_NOISE_PLAIN_MAX;

        put_length(at, n + KN_AEAD_TAG_SIZE);
        rc = kn_noise_cipher_seal(&noise->out, kn_span(NULL, 0), kn_span(plain.at, n),
                                  at + LENGTH_SIZE);
        at += n + FRAME_COST;
        plain = kn_span(n > 0 ? plain.at + n : plain.at, plain.n - n);
    } while (plain.n > 0 && rc == KN_OK);
    return rc;
}

enum kn_code kn_noise_send(struct kn_noise *noise, struct kn_span plain, struct kn_buffer *wire)
{
    size_t frames = plain.n > 0 ? (plain.n - 1) / KN_NOISE_PLAIN_MAX + 1 : 1, before = wire->n;
    uint8_t *at;

    if (noise->state != READY)
        return KN_E_CLOSED;
    if (plain.n > SIZE_MAX / 2)
        return KN_E_NO_MEMORY;
    at = kn_buffer_extend(wire, plain.n + frames * FRAME_COST);
    if (at != NULL && seal_frames(noise, plain, at) == KN_OK)
        return KN_OK;
    kn_buffer_cut(wire, before); /* the numbers of these frames are spent */
    noise->state = FAILED;
    return KN_E_NO_MEMORY;
}

static enum kn_code seal_in_place(struct kn_noise *noise, size_t start, struct kn_buffer *wire)
{
    size_t n = wire->n - start - LENGTH_SIZE;
    uint8_t *at;

    if (wire->n < start + LENGTH_SIZE || n > KN_NOISE_PLAIN_MAX)
        return KN_E_LIMIT;
    if (kn_buffer_extend(wire, KN_AEAD_TAG_SIZE) == NULL)
        return KN_E_NO_MEMORY;
    at = wire->memory + wire->start + start;
    put_length(at, n + KN_AEAD_TAG_SIZE);
    at += LENGTH_SIZE;
    return kn_noise_cipher_seal(&noise->out, kn_span(NULL, 0), kn_span(at, n), at);
}

enum kn_code kn_noise_seal(struct kn_noise *noise, size_t start, struct kn_buffer *wire)
{
    enum kn_code rc = KN_E_CLOSED;

    if (noise->state == READY)
        rc = wire->failed ? KN_E_NO_MEMORY : seal_in_place(noise, start, wire);
    if (rc == KN_OK)
        return rc;
    kn_buffer_cut(wire, start); /* it must not go out as it is */
    if (rc != KN_E_CLOSED)
        noise->state = FAILED;
    return rc;
}

/* --- life --- */

static enum kn_code begin(struct kn_noise *noise, const struct kn_random *random,
                          struct kn_buffer *wire)
{
    struct kn_noise_handshake *h = &noise->handshake;
    enum kn_code rc;

    kn_random_fill(random, h->own_static.secret, sizeof(h->own_static.secret));
    kn_random_fill(random, h->own_ephemeral.secret, sizeof(h->own_ephemeral.secret));
    rc = kn_noise_handshake_start(h, noise->role, kn_span(NULL, 0));
    if (rc == KN_OK && noise->role == KN_ROLE_DIALER)
        rc = write_message(noise, kn_span(NULL, 0), wire, NULL);
    return rc;
}

struct kn_noise *kn_noise_new(const struct kn_noise_options *options, struct kn_buffer *wire)
{
    struct kn_noise *noise = kn_try_alloc(sizeof(*noise));

    if (noise == NULL)
        return NULL;
    noise->role = options->role;
    noise->identity = options->identity;
    noise->muxers = options->muxers;
    if (options->expected != NULL) {
        noise->has_expected = true;
        noise->expected = *options->expected;
    }
    if (begin(noise, options->random, wire) != KN_OK) {
        kn_noise_free(noise);
        return NULL;
    }
    return noise;
}

void kn_noise_free(struct kn_noise *noise)
{
    if (noise == NULL)
        return;
    kn_noise_handshake_done(&noise->handshake);
    kn_noise_cipher_done(&noise->out);
    kn_noise_cipher_done(&noise->in);
    kn_buffer_done(&noise->partial);
    kn_buffer_done(&noise->peer_key);
    kn_free(noise);
}

bool kn_noise_is_ready(const struct kn_noise *noise)
{
    return noise->state == READY;
}

const struct kn_peer_id *kn_noise_peer(const struct kn_noise *noise)
{
    return noise->has_peer ? &noise->peer : NULL;
}

struct kn_span kn_noise_peer_key(const struct kn_noise *noise)
{
    return kn_buffer_get(&noise->peer_key);
}

const char *kn_noise_muxer(const struct kn_noise *noise)
{
    return noise->muxer;
}
