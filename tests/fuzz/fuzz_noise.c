/*
 * Two channels talk; the input decides who says how much, in which pieces it travels, and what is
 * changed, dropped or inserted on its way.
 *
 * Properties: what is heard is always the beginning of what was said; what nobody touched arrives
 * whole, with the right peer and one muxer on both sides; what was touched is never heard, and a
 * handshake that was touched never ends on both sides.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/crypto/key.h"
#include "network/noise/noise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 64, SAID_MAX = 200 * 1024 };

/* One direction. `sent` is what the sender put on the wire, `came` what the receiver was given. */
struct way {
    struct kn_noise *from, *to;
    struct kn_buffer wire, sent, came, said, heard;
    size_t noted;    /* bytes of `wire` that stand in `sent` too: those behind are new */
    size_t shaking;  /* bytes sent before the handshake was over for the sender */
    enum kn_code rc; /* of the receiver */
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct kn_key *identity(unsigned which)
{
    static struct kn_key *keys[3];
    uint64_t seed = which + 1;
    struct kn_random random = kn_random_seeded(&seed);

    if (keys[which] == NULL)
        require(kn_key_new(&random, &keys[which]) == KN_OK);
    return keys[which];
}

/* The muxers whose bit is set. */
static const char *const *muxers(unsigned bits, const char *out[3])
{
    size_t n = 0;

    if ((bits & 1) != 0)
        out[n++] = "/yamux/1.0.0";
    if ((bits & 2) != 0)
        out[n++] = "/mplex/6.7.0";
    out[n] = NULL;
    return out;
}

/* New bytes at the end of the wire are the sender's own. */
static void note_sent(struct way *way)
{
    struct kn_span wire = kn_buffer_get(&way->wire);

    kn_buffer_add(&way->sent, wire.n > 0 ? wire.at + way->noted : NULL, wire.n - way->noted);
    way->noted = wire.n;
}

static void say(struct way *way, size_t n)
{
    uint8_t *text;

    if (!kn_noise_is_ready(way->from) || n == 0 || way->said.n + n > SAID_MAX)
        return;
    text = kn_buffer_extend(&way->said, n);
    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)(way->said.n + i * 7);
    require(kn_noise_send(way->from, kn_span(text, n), &way->wire) == KN_OK);
    note_sent(way);
}

static void deliver(struct way *way, struct way *back, size_t most)
{
    struct kn_span bytes = kn_buffer_get(&way->wire);

    if (bytes.n > most)
        bytes.n = most;
    if (way->rc == KN_OK && back->rc != KN_OK)
        bytes.n = 0; /* the other side closed */
    if (way->rc == KN_OK && bytes.n > 0) {
        bool was_ready = kn_noise_is_ready(way->to);

        kn_buffer_add_span(&way->came, bytes);
        way->rc = kn_noise_input(way->to, bytes, &back->wire, &way->heard, NULL);
        note_sent(back);
        if (!was_ready)
            back->shaking = back->sent.n;
    }
    kn_buffer_take(&way->wire, way->rc == KN_OK ? bytes.n : way->wire.n);
    way->noted = way->wire.n;
}

/* Change, drop or insert one byte that is on its way. */
static void touch(struct way *way, uint8_t how, uint8_t where)
{
    size_t at;

    if (way->wire.n == 0)
        return;
    at = where * way->wire.n / 256;
    if (how % 4 == 0) {
        uint8_t byte = how;

        kn_buffer_insert(&way->wire, at, &byte, 1);
    } else if (how % 4 == 1) {
        uint8_t *front = way->wire.memory + way->wire.start;

        memmove(front + at, front + at + 1, way->wire.n - at - 1);
        kn_buffer_cut(&way->wire, way->wire.n - 1);
    } else
        way->wire.memory[way->wire.start + at] ^= (uint8_t)(how | 1);
    way->noted = way->wire.n;
}

static void step(struct way ways[2], const uint8_t script[2])
{
    struct way *way = &ways[script[0] & 1], *back = &ways[1 - (script[0] & 1)];

    switch (script[0] >> 1 & 7) {
    case 0:
        say(way, script[1]);
        break;
    case 1:
        say(way, script[1] * (size_t)300);
        break;
    case 2:
        deliver(way, back, 1 + script[1] % 8);
        break;
    case 3:
        deliver(way, back, 1 + script[1] * (size_t)300);
        break;
    case 4:
        touch(way, script[0] >> 4, script[1]);
        break;
    default:
        deliver(way, back, 1 + script[1]);
        break;
    }
}

/* How many bytes came as they were sent. */
static size_t untouched(const struct way *way)
{
    struct kn_span sent = kn_buffer_get(&way->sent), came = kn_buffer_get(&way->came);
    size_t n = 0;

    while (n < sent.n && n < came.n && sent.at[n] == came.at[n])
        n++;
    return n;
}

static void judge(const struct way *way, const struct way *back, bool is_expected)
{
    struct kn_span said = kn_buffer_get(&way->said), heard = kn_buffer_get(&way->heard);
    size_t good = untouched(way);
    bool both = kn_noise_is_ready(way->from) && kn_noise_is_ready(way->to);

    require(heard.n <= said.n && (heard.n == 0 || memcmp(said.at, heard.at, heard.n) == 0));
    require(way->rc == KN_OK || way->rc == KN_E_PROTOCOL || way->rc == KN_E_IDENTITY);
    require(way->rc != KN_E_IDENTITY || !is_expected);
    if (good < way->sent.n && good < way->came.n) {
        require(good >= way->shaking || !both);
        require(good < way->shaking || heard.n < said.n);
    }
    if (good == way->sent.n && good == way->came.n && untouched(back) == back->came.n &&
        back->came.n == back->sent.n && is_expected) {
        require(both && way->rc == KN_OK && heard.n == said.n);
        require(kn_noise_muxer(way->from) == kn_noise_muxer(way->to) ||
                strcmp(kn_noise_muxer(way->from), kn_noise_muxer(way->to)) == 0);
    }
}

static void talk(struct way ways[2], const uint8_t *data, size_t size, unsigned expected)
{
    const struct kn_key *keys[2] = { identity(0), identity(1) };

    for (size_t i = 0; i + 1 < size && i / 2 < STEPS_MAX; i += 2)
        step(ways, data + i);
    for (unsigned i = 0; i < 4; i++) {
        deliver(&ways[0], &ways[1], SIZE_MAX);
        deliver(&ways[1], &ways[0], SIZE_MAX);
    }
    for (unsigned i = 0; i < 2; i++) {
        judge(&ways[i], &ways[1 - i], expected != 2);
        if (kn_noise_is_ready(ways[i].from)) {
            require(expected != 2 || i == 1);
            require(kn_peer_id_equal(kn_noise_peer(ways[i].from), kn_key_peer_id(keys[1 - i])));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t seed = 99;
    struct kn_random random = kn_random_seeded(&seed);
    struct way ways[2] = { { .rc = KN_OK }, { .rc = KN_OK } };
    const char *lists[2][3];
    unsigned flags = size > 0 ? data[0] : 0, expected = flags >> 4 & 3; /* 0 and 3: anybody */
    struct kn_noise_options options = { KN_ROLE_DIALER, identity(0), NULL, muxers(flags, lists[0]),
                                        &random };

    if (expected == 1 || expected == 2) /* the right one, another one */
        options.expected = kn_key_peer_id(identity(expected));
    ways[0].from = kn_noise_new(&options, &ways[0].wire);
    options = (struct kn_noise_options){ KN_ROLE_LISTENER, identity(1), NULL,
                                         muxers(flags >> 2, lists[1]), &random };
    ways[1].from = kn_noise_new(&options, &ways[1].wire);
    require(ways[0].from != NULL && ways[1].from != NULL);
    ways[0].to = ways[1].from;
    ways[1].to = ways[0].from;
    note_sent(&ways[0]);
    ways[0].shaking = ways[0].sent.n;
    talk(ways, data + (size > 0), size > 0 ? size - 1 : 0, expected);
    for (unsigned i = 0; i < 2; i++) {
        kn_noise_free(ways[i].from);
        kn_buffer_done(&ways[i].wire);
        kn_buffer_done(&ways[i].sent);
        kn_buffer_done(&ways[i].came);
        kn_buffer_done(&ways[i].said);
        kn_buffer_done(&ways[i].heard);
    }
    return 0;
}
