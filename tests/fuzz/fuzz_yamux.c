/*
 * The input is a script: what a peer sends, well formed or not, and what we do with streams,
 * also in the middle of events. Played again with the peer's bytes cut and with spare chunks to
 * write into, it must give the same events, the same answers and the same bytes to send; after
 * every step the session is within its limits and its books agree.
 */
#include <stdlib.h>

#include "network/yamux/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 4096, STEPS_MAX = 2000, BIG = 2000 };

/* What the next event does. */
enum action { NOTHING, RESET, ANSWER, OPEN_ANOTHER, RESET_OLDEST, ACTIONS };

struct slot {
    struct run *run;
    struct kn_yamux_stream *stream; /* NULL: gone */
    uint32_t id;
    uint64_t bytes; /* that came, mixed */
};

struct run {
    struct kn_yamux *y;
    size_t cut;
    kn_time now;
    enum action action;
    struct kn_buffer wire;
    struct kn_outbox_spare spare;
    uint64_t trace;
    uint32_t data_id; /* the latest event was data of this stream */
    size_t count, live;
    struct slot slots[SLOTS];
};

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static void mix(uint64_t *sum, uint64_t value)
{
    *sum = (*sum ^ value) * 0x9e3779b97f4a7c15U;
    *sum ^= *sum >> 29;
}

static void note(struct run *run, char event, uint32_t id)
{
    run->data_id = 0;
    mix(&run->trace, (uint64_t)event << 32 | id);
}

static struct slot *new_slot(struct run *run, struct kn_yamux_stream *stream)
{
    struct slot *slot = &run->slots[run->count++];

    *slot = (struct slot){ run, stream, kn_yamux_stream_id(stream), 0 };
    kn_yamux_stream_set_user(stream, slot);
    run->live++;
    return slot;
}

static void reset(struct slot *slot)
{
    if (slot->stream == NULL)
        return;
    kn_yamux_reset(slot->stream);
    slot->stream = NULL;
    slot->run->live--;
}

static void open_stream(struct run *run)
{
    struct kn_yamux_stream *stream = NULL;
    enum kn_code rc = run->count == SLOTS ? KN_E_LIMIT : kn_yamux_open(run->y, NULL, &stream);

    note(run, 'O', (uint32_t)rc);
    if (rc == KN_OK)
        (void)new_slot(run, stream);
}

static void write_some(struct slot *slot, size_t n)
{
    static const uint8_t many[1 << 20];

    if (slot->stream != NULL)
        note(slot->run, 'W', (uint32_t)kn_yamux_write(slot->stream, kn_span(many, n)));
}

static void act(struct slot *slot)
{
    struct run *run = slot->run;
    enum action action = run->action;

    run->action = NOTHING;
    switch (action) {
    case NOTHING:
    case ACTIONS:
        break;
    case RESET:
        reset(slot);
        break;
    case ANSWER:
        write_some(slot, 100);
        if (slot->stream != NULL)
            kn_yamux_finish(slot->stream);
        break;
    case OPEN_ANOTHER:
        open_stream(run);
        break;
    case RESET_OLDEST:
        for (size_t i = 0; i < run->count; i++)
            if (run->slots[i].stream != NULL) {
                reset(&run->slots[i]);
                break;
            }
        break;
    }
}

static void on_opened(void *arg, struct kn_yamux_stream *stream)
{
    struct run *run = arg;

    note(run, 'o', kn_yamux_stream_id(stream));
    if (run->count == SLOTS)
        kn_yamux_reset(stream);
    else
        act(new_slot(run, stream));
}

static void on_data(void *user, struct kn_yamux_stream *stream, struct kn_span bytes)
{
    struct slot *slot = user;

    expect(slot->stream == stream && bytes.n > 0);
    for (size_t i = 0; i < bytes.n; i++)
        mix(&slot->bytes, bytes.at[i]);
    if (slot->run->data_id == slot->id)
        return;
    note(slot->run, 'd', slot->id);
    act(slot);
    slot->run->data_id = slot->id; /* the rest of it is the same event */
}

static void on_finished(void *user, struct kn_yamux_stream *stream)
{
    struct slot *slot = user;

    expect(slot->stream == stream);
    note(slot->run, 'f', slot->id);
    mix(&slot->run->trace, slot->bytes);
    act(slot);
}

static void on_drained(void *user, struct kn_yamux_stream *stream)
{
    struct slot *slot = user;

    expect(slot->stream == stream);
    note(slot->run, 'e', slot->id);
    act(slot);
}

static void on_ended(void *user, enum kn_yamux_end how)
{
    struct slot *slot = user;

    expect(slot->stream != NULL);
    slot->stream = NULL;
    slot->run->live--;
    note(slot->run, (char)('x' + how), slot->id);
    act(slot);
}

static void check_stream(const struct kn_yamux *y, const struct kn_yamux_stream *stream)
{
    size_t coming = y->body_id == stream->id ? y->body_left : 0;
    bool may_send = stream->outbox.n > 0 ? stream->credit_out > 0 : stream->finishing;

    expect(!stream->gone && stream->session == y);
    expect(stream->state > KN_YAMUX_REFUSED && stream->state < KN_YAMUX_CLOSED);
    expect(stream->credit_in + stream->held + stream->consumed + coming == stream->window);
    expect(stream->window <= KN_YAMUX_WINDOW_MAX && stream->credit_out <= UINT32_MAX);
    expect(stream->outbox.n <= KN_YAMUX_PENDING_MAX);
    if (stream->state == KN_YAMUX_WE_FINISHED)
        expect(!stream->queued && stream->outbox.n == 0);
    else
        expect(stream->queued == (stream->syn_due || may_send));
    expect(!stream->late || (stream->queued && stream->finishing && stream->outbox.n == 0));
    expect(!stream->late || kn_yamux_deadline(y) <= y->now + KN_YAMUX_LATE_MS);
}

static void check(const struct run *run)
{
    const struct kn_yamux *y = run->y;
    size_t unacked = 0, grown = 0;

    expect(y->depth == 0 && y->graves == NULL);
    expect(y->streams.n == run->live && y->streams.n <= KN_YAMUX_STREAMS_MAX);
    expect(y->control.n <= KN_YAMUX_CONTROL_MAX && y->unacked <= KN_YAMUX_UNACKED_MAX);
    for (size_t i = 0; i < y->streams.n; i++) {
        const struct kn_yamux_stream *stream = y->streams.rows[i].stream;

        expect(stream->id == y->streams.rows[i].id);
        expect(i == 0 || y->streams.rows[i - 1].id < stream->id);
        unacked += stream->ours && !stream->acked;
        grown += stream->window - KN_YAMUX_WINDOW;
        if (y->fault.code == KN_OK)
            check_stream(y, stream);
    }
    expect(unacked == y->unacked && grown == y->grown && grown <= KN_YAMUX_GROWTH_MAX);
    expect(y->fault.code == KN_OK || y->control.n <= KN_YAMUX_HEADER_SIZE);
    expect(run->spare.n <= KN_OUTBOX_SPARE_MAX);
}

static void deliver(struct run *run, struct kn_span bytes)
{
    size_t cut = bytes.n > BIG ? run->cut * BIG : run->cut;
    enum kn_code rc = KN_OK;

    while (bytes.n > 0) {
        size_t n = run->cut == 0 || cut > bytes.n ? bytes.n : cut;

        rc = kn_yamux_input(run->y, kn_span(bytes.at, n), run->now, NULL);
        bytes = kn_span(bytes.at + n, bytes.n - n);
    }
    note(run, 'R', (uint32_t)rc);
}

static void output(struct run *run, size_t most)
{
    struct kn_span wire;

    kn_buffer_clear(&run->wire);
    kn_yamux_output(run->y, most, &run->wire);
    wire = kn_buffer_get(&run->wire);
    expect(wire.n < most + KN_YAMUX_HEADER_SIZE + KN_YAMUX_BODY_MAX);
    while (wire.n > 0) {
        struct kn_yamux_header h;
        size_t n = KN_YAMUX_HEADER_SIZE;

        expect(wire.n >= n && kn_yamux_header_decode(wire.at, &h) == KN_OK);
        n += h.type == KN_YAMUX_DATA ? h.length : 0;
        expect(n <= KN_YAMUX_HEADER_SIZE + KN_YAMUX_BODY_MAX && n <= wire.n);
        mix(&run->trace, (uint64_t)h.type << 48 | (uint64_t)h.flags << 32 | h.id);
        mix(&run->trace, h.length);
        wire = kn_span(wire.at + n, wire.n - n);
    }
    note(run, 'T', (uint32_t)run->wire.n);
}

static uint8_t take(struct kn_span *script)
{
    uint8_t byte = 0;

    if (script->n > 0) {
        byte = *script->at;
        *script = kn_span(script->at + 1, script->n - 1);
    }
    return byte;
}

static uint32_t take_size(struct kn_span *script)
{
    static const uint32_t sizes[] = { 0,       1,       100,    16384,  16385,
                                      131071,  131072,  262144, 262145, 1000000,
                                      1048576, 1048577, 5,      12,     4294967295 };
    uint8_t byte = take(script);

    return byte < KN_COUNT(sizes) ? sizes[byte] : byte;
}

/* A frame with a header that makes sense, and its body. */
static void deliver_frame(struct run *run, struct kn_span *script)
{
    uint8_t kind = take(script);
    struct kn_yamux_header h = { (enum kn_yamux_type)(kind & 3), kind >> 2 & 15, take(script) & 31,
                                 take_size(script) };
    struct kn_buffer frame = { 0 };
    uint8_t *at = kn_buffer_extend(&frame, KN_YAMUX_HEADER_SIZE);

    if (at == NULL)
        return;
    kn_yamux_header_encode(&h, at);
    if (h.type == KN_YAMUX_DATA && h.length <= KN_YAMUX_WINDOW_MAX)
        (void)kn_buffer_extend(&frame, h.length);
    deliver(run, kn_buffer_get(&frame));
    kn_buffer_done(&frame);
}

static void deliver_raw(struct run *run, struct kn_span *script)
{
    size_t n = take(script);

    n = n < script->n ? n : script->n;
    deliver(run, kn_span(script->at, n));
    *script = kn_span(script->at + n, script->n - n);
}

static struct slot *take_slot(struct run *run, struct kn_span *script)
{
    static struct slot nobody;
    uint8_t byte = take(script);

    return run->count == 0 ? &nobody : &run->slots[byte % run->count];
}

static void use_stream(struct run *run, struct kn_span *script, unsigned how)
{
    struct slot *slot = take_slot(run, script);
    uint32_t n = how < 2 ? take_size(script) : 0;

    if (slot->stream == NULL)
        return;
    if (how == 0)
        write_some(slot, n & 0xfffff);
    else if (how == 1)
        kn_yamux_consumed(slot->stream, n);
    else if (how == 2 && slot->id % 3 == 0)
        kn_yamux_finish_late(slot->stream);
    else if (how == 2)
        kn_yamux_finish(slot->stream);
    else
        reset(slot);
}

/* Some time passes, or all until the deadline. */
static void advance(struct run *run, uint8_t much)
{
    kn_time deadline = kn_yamux_deadline(run->y);

    if (much < UINT8_MAX)
        run->now += much;
    else if (deadline != KN_NEVER && deadline > run->now)
        run->now = deadline;
    note(run, 'K', (uint32_t)kn_yamux_tick(run->y, run->now));
}

static void step(struct run *run, struct kn_span *script)
{
    unsigned op = take(script) % 11;

    if (op < 2)
        deliver_frame(run, script);
    else if (op == 2)
        deliver_raw(run, script);
    else if (op == 3)
        open_stream(run);
    else if (op < 8)
        use_stream(run, script, op - 4);
    else if (op == 8)
        output(run, take_size(script));
    else if (op == 9)
        advance(run, take(script));
    else
        run->action = (enum action)(take(script) % ACTIONS);
}

static uint64_t play(struct kn_span script, size_t cut)
{
    static const struct kn_yamux_events events = { on_opened, on_data, on_finished, on_drained,
                                                   on_ended };
    static struct run run;

    run = (struct run){ .cut = cut };
    run.y = kn_yamux_new(take(&script) & 1 ? KN_ROLE_DIALER : KN_ROLE_LISTENER, &events, &run, 0);
    if (run.y == NULL)
        return 0;
    if (cut > 0)
        kn_yamux_lend(run.y, &run.spare);
    for (int i = 0; script.n > 0 && i < STEPS_MAX; i++) {
        step(&run, &script);
        check(&run);
    }
    output(&run, SIZE_MAX / 2);
    check(&run);
    kn_yamux_free(run.y);
    expect(run.live == 0);
    kn_outbox_spare_done(&run.spare);
    kn_buffer_done(&run.wire);
    return run.trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct kn_span script = kn_span(data, size);
    uint64_t whole = play(script, 0);

    expect(play(script, 1) == whole);
    if (size > 0)
        expect(play(script, 1 + data[0] / 2) == whole);
    return 0;
}
