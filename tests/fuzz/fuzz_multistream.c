/*
 * Properties: a listener and a dialer come to the same end however the bytes are cut; nothing
 * behind the agreed name is used; two engines of ours agree on the dialer's first name that the
 * listener knows.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "network/proto/multistream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "/noise", "/yamux/1.0.0", "DHTProtocol.rpc_find", "/x", "", "na", "ls"
};
enum { NAMES = sizeof(names) / sizeof(names[0]), ROUNDS_MAX = 200 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Knows the names whose bit is set. */
static const char *find(void *arg, struct kn_span name)
{
    const uint8_t *known = arg;

    for (size_t i = 0; i < NAMES; i++) {
        if ((*known >> i & 1) != 0 && kn_span_equal(name, kn_span_text(names[i])))
            return names[i];
    }
    return NULL;
}

struct outcome {
    enum kn_code rc;
    const char *agreed;
    size_t used;
    struct kn_buffer wire;
};

static void negotiate(struct kn_multistream *m, struct kn_span bytes, size_t piece,
                      struct outcome *out)
{
    while (out->used < bytes.n && out->rc == KN_OK && m->agreed == NULL) {
        size_t left = bytes.n - out->used, n = left < piece ? left : piece, used = 0;

        out->rc =
            kn_multistream_input(m, kn_span(bytes.at + out->used, n), &used, &out->wire, NULL);
        require(used <= n);
        require(out->rc != KN_OK || used == n || m->agreed != NULL);
        require(m->partial.n <= KN_MULTISTREAM_MESSAGE_MAX + 2);
        require(m->refusals <= KN_MULTISTREAM_REFUSALS_MAX);
        out->used += used;
    }
    out->agreed = m->agreed;
    kn_multistream_done(m);
}

static void cut_in_pieces(uint8_t known, struct kn_span bytes, size_t piece, enum kn_role role)
{
    static const char *const wanted[] = { "/yamux/1.0.0", "/noise", NULL };
    struct outcome whole = { 0 }, pieces = { 0 };
    struct kn_multistream a, b;

    if (role == KN_ROLE_DIALER) {
        kn_multistream_dial(&a, wanted, &whole.wire);
        kn_multistream_dial(&b, wanted, &pieces.wire);
    } else {
        kn_multistream_listen(&a, find, &known);
        kn_multistream_listen(&b, find, &known);
    }
    negotiate(&a, bytes, bytes.n, &whole);
    negotiate(&b, bytes, piece, &pieces);
    require(whole.rc == pieces.rc && whole.agreed == pieces.agreed);
    require(whole.rc != KN_OK || whole.used == pieces.used);
    require(kn_span_equal(kn_buffer_get(&whole.wire), kn_buffer_get(&pieces.wire)));
    kn_buffer_done(&whole.wire);
    kn_buffer_done(&pieces.wire);
}

/* Move at most `piece` bytes; what was not used stays. */
static enum kn_code move(struct kn_buffer *from, struct kn_multistream *to, size_t piece,
                         struct kn_buffer *answer)
{
    struct kn_span bytes = kn_buffer_get(from);
    size_t used = 0;
    enum kn_code rc;

    if (bytes.n > piece)
        bytes.n = piece;
    rc = kn_multistream_input(to, bytes, &used, answer, NULL);
    kn_buffer_take(from, used);
    return rc;
}

static void both_sides(uint8_t known, const uint8_t *script, size_t n)
{
    const char *wanted[8] = { NULL }, *expected = NULL;
    struct kn_buffer there = { 0 }, back = { 0 };
    struct kn_multistream dialer, listener;
    enum kn_code rc = KN_OK;
    size_t count = n > 0 ? 1 + script[0] % 7 : 1;

    for (size_t i = 0; i < count; i++) {
        wanted[i] = names[i < n ? script[i] % (NAMES - 2) : 0]; /* "na" is no name */
        if (expected == NULL)
            expected = find(&known, kn_span_text(wanted[i]));
    }
    kn_multistream_dial(&dialer, wanted, &there);
    kn_multistream_listen(&listener, find, &known);
    for (size_t i = 0; i < ROUNDS_MAX * 8 && rc == KN_OK && dialer.agreed == NULL; i++) {
        size_t piece = n > 0 ? 1 + script[i % n] % 64 : 64;

        require(move(&there, &listener, piece, &back) == KN_OK);
        rc = move(&back, &dialer, piece, &there);
    }
    require(rc == (expected != NULL ? KN_OK : KN_E_REFUSED));
    require(dialer.agreed == expected && listener.agreed == expected);
    require(there.n == 0 && back.n == 0);
    kn_multistream_done(&dialer);
    kn_multistream_done(&listener);
    kn_buffer_done(&there);
    kn_buffer_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    cut_in_pieces(data[0], kn_span(data + 2, size - 2), 1 + data[1], KN_ROLE_LISTENER);
    cut_in_pieces(data[0], kn_span(data + 2, size - 2), 1 + data[1], KN_ROLE_DIALER);
    both_sides(data[0], data + 1, size - 1);
    return 0;
}
