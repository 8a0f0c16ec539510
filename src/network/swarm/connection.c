#include "network/swarm/connection.h"

#include "lib/base/memory.h"
#include "network/noise/noise.h"
#include "network/proto/multistream.h"
#include "network/swarm/stream.h"
#include "network/yamux/header.h"
#include "network/yamux/yamux.h"

/* What yamux is asked for at a time: it may give one frame of its own more. */
enum { FRAME_FILL = KN_NOISE_PLAIN_MAX - KN_YAMUX_BODY_MAX - KN_YAMUX_HEADER_SIZE };

/* Each phase reads what the one before it left. */
enum phase {
    PHASE_SECURITY, /* plain multistream: which secure channel */
    PHASE_NOISE,    /* its handshake */
    PHASE_MUXER,    /* multistream inside: which muxer */
    PHASE_OPEN,     /* streams */
    PHASE_OVER,
};

struct kn_connection {
    struct kn_connection_options options;
    struct kn_random random;
    struct kn_peer_id expected;
    enum phase phase;
    bool spoken;
    bool failed;   /* there is nothing more to be heard */
    bool handling; /* input or tick runs: its caller takes the output itself */
    kn_time upgrade_by;
    struct kn_multistream select;
    struct kn_noise *noise;
    struct kn_yamux *yamux;
    struct kn_buffer plain;       /* deciphered, not used yet */
    struct kn_buffer spoken_wire; /* to send as it is: handshake messages */
    struct kn_buffer said;        /* to send enciphered */
    struct kn_stream_set streams;
};

static const char *const securities[] = { "/noise", NULL };
static const char *const muxers[] = { "/yamux/1.0.0", NULL };

static const char *find_in(const char *const *names, struct kn_span name)
{
    for (; *names != NULL; names++) {
        if (kn_span_equal(kn_span_text(*names), name))
            return *names;
    }
    return NULL;
}

static const char *find_security(void *arg, struct kn_span name)
{
    (void)arg;
    return find_in(securities, name);
}

static const char *find_muxer(void *arg, struct kn_span name)
{
    (void)arg;
    return find_in(muxers, name);
}

static void select_begin(struct kn_connection *c, const char *const *wanted,
                         kn_protocol_find_fn *find, struct kn_buffer *out)
{
    kn_multistream_done(&c->select);
    if (c->options.role == KN_ROLE_DIALER)
        kn_multistream_dial(&c->select, wanted, out);
    else
        kn_multistream_listen(&c->select, find, c);
}

void kn_connection_memory_done(struct kn_connection_memory *memory)
{
    kn_buffer_done(&memory->plain);
    kn_outbox_spare_done(&memory->spare);
}

struct kn_connection *kn_connection_new(const struct kn_connection_options *options, kn_time now)
{
    struct kn_connection *c = kn_try_alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    c->options = *options;
    c->random = *options->random;
    c->options.random = &c->random;
    if (options->expected != NULL) {
        c->expected = *options->expected;
        c->options.expected = &c->expected;
    }
    if (options->upgrade_ms == 0)
        c->options.upgrade_ms = KN_UPGRADE_MS;
    c->upgrade_by = now + c->options.upgrade_ms;
    c->streams.protocols = options->protocols;
    c->streams.connection = c;
    select_begin(c, securities, find_security, &c->spoken_wire);
    return c;
}

void kn_connection_free(struct kn_connection *c)
{
    if (c == NULL)
        return;
    c->phase = PHASE_OVER;
    kn_yamux_free(c->yamux);
    kn_noise_free(c->noise);
    kn_multistream_done(&c->select);
    kn_buffer_done(&c->plain);
    kn_buffer_done(&c->spoken_wire);
    kn_buffer_done(&c->said);
    kn_free(c);
}

static enum kn_code begin_noise(struct kn_connection *c, struct kn_error *err)
{
    const struct kn_noise_options options = {
        .role = c->options.role,
        .identity = c->options.identity,
        .expected = c->options.expected,
        .muxers = muxers,
        .random = &c->random,
    };

    c->noise = kn_noise_new(&options, &c->spoken_wire);
    if (c->noise == NULL)
        return kn_fail_no_memory(err);
    c->phase = PHASE_NOISE;
    return KN_OK;
}

static enum kn_code begin_streams(struct kn_connection *c, kn_time now, struct kn_error *err)
{
    c->yamux = kn_yamux_new(c->options.role, &kn_stream_yamux_events, &c->streams, now);
    if (c->yamux == NULL)
        return kn_fail_no_memory(err);
    if (c->options.memory != NULL)
        kn_yamux_lend(c->yamux, &c->options.memory->spare);
    c->streams.yamux = c->yamux;
    c->streams.now = now;
    c->phase = PHASE_OPEN;
    kn_multistream_done(&c->select);
    return KN_OK;
}

/* A mail server greets in a few bytes and waits: say so now, not when time is over. */
static bool may_be_header(const struct kn_connection *c)
{
    static const char header[] = "\x13/multistream/1.0.0\n";
    struct kn_span begun = kn_buffer_get(&c->select.partial);

    return c->select.header_seen || begun.n == 0 ||
           (begun.n < sizeof(header) && memcmp(begun.at, header, begun.n) == 0);
}

/* One step of an agreement; true in `*agreed` once there is a name. */
static enum kn_code select_step(struct kn_connection *c, struct kn_span *bytes,
                                struct kn_buffer *answer, const char *what, bool *agreed,
                                struct kn_error *err)
{
    size_t used = 0;
    enum kn_code rc = kn_multistream_input(&c->select, *bytes, &used, answer, err);

    c->spoken = c->spoken || c->select.header_seen;
    *bytes = kn_span(bytes->at + used, bytes->n - used);
    *agreed = c->select.agreed != NULL;
    if (rc == KN_E_REFUSED)
        return kn_fail(err, KN_E_UNSUPPORTED, "the peer speaks none of the %s that we do", what);
    if (rc == KN_OK && !may_be_header(c))
        return kn_fail(err, KN_E_PROTOCOL, "the peer does not begin with multistream's header");
    return rc;
}

static enum kn_code step_security(struct kn_connection *c, struct kn_span *bytes,
                                  struct kn_error *err)
{
    bool agreed;
    enum kn_code rc = select_step(c, bytes, &c->spoken_wire, "secure channels", &agreed, err);

    return rc == KN_OK && agreed ? begin_noise(c, err) : rc;
}

/* Everything from here on is enciphered: decipher all of it, then look at the plain bytes. */
static enum kn_code decipher(struct kn_connection *c, struct kn_span *bytes, kn_time now,
                             struct kn_error *err)
{
    bool was_ready = kn_noise_is_ready(c->noise);
    enum kn_code rc = kn_noise_input(c->noise, *bytes, &c->spoken_wire, &c->plain, err);

    *bytes = kn_span(NULL, 0);
    if (rc != KN_OK || was_ready || !kn_noise_is_ready(c->noise))
        return rc;
    if (kn_noise_muxer(c->noise) != NULL)
        return begin_streams(c, now, err);
    c->phase = PHASE_MUXER;
    select_begin(c, muxers, find_muxer, &c->said);
    return KN_OK;
}

static enum kn_code step_muxer(struct kn_connection *c, kn_time now, struct kn_error *err)
{
    struct kn_span plain = kn_buffer_get(&c->plain);
    size_t before = plain.n;
    bool agreed;
    enum kn_code rc = select_step(c, &plain, &c->said, "muxers", &agreed, err);

    kn_buffer_take(&c->plain, before - plain.n);
    return rc == KN_OK && agreed ? begin_streams(c, now, err) : rc;
}

static enum kn_code step_streams(struct kn_connection *c, kn_time now, struct kn_error *err)
{
    enum kn_code rc;

    rc = kn_yamux_input(c->yamux, kn_buffer_get(&c->plain), now, err);
    kn_buffer_clear(&c->plain);
    kn_stream_set_date(&c->streams, now);
    return rc;
}

static enum kn_code take(struct kn_connection *c, struct kn_span bytes, kn_time now,
                         struct kn_error *err)
{
    bool was_open = c->phase == PHASE_OPEN; /* else its owner learns first who it is */
    enum kn_code rc = KN_OK;

    if (c->phase == PHASE_SECURITY && bytes.n > 0)
        rc = step_security(c, &bytes, err);
    if (rc == KN_OK && c->noise != NULL && bytes.n > 0)
        rc = decipher(c, &bytes, now, err);
    if (rc == KN_OK && c->phase == PHASE_MUXER && c->plain.n > 0)
        rc = step_muxer(c, now, err);
    if (rc == KN_OK && was_open && c->plain.n > 0)
        rc = step_streams(c, now, err);
    if (rc == KN_OK && (c->plain.failed || c->spoken_wire.failed || c->said.failed))
        rc = kn_fail_no_memory(err);
    return rc;
}

/* Inside an event of another connection it is in use: then this one has its own. */
static void borrow_plain(struct kn_connection *c)
{
    if (c->options.memory == NULL || c->plain.n > 0)
        return;
    c->plain = c->options.memory->plain;
    c->options.memory->plain = (struct kn_buffer){ 0 };
}

/* An idle connection holds no buffers. */
static void return_plain(struct kn_connection *c)
{
    struct kn_connection_memory *memory = c->options.memory;

    if (c->plain.n > 0)
        return;
    if (memory != NULL && memory->plain.memory == NULL && !c->plain.failed) {
        memory->plain = c->plain;
        c->plain = (struct kn_buffer){ 0 };
    }
    kn_buffer_done(&c->plain);
}

enum kn_code kn_connection_input(struct kn_connection *c, struct kn_span bytes, kn_time now,
                                 struct kn_error *err)
{
    enum kn_code rc;

    if (c->failed)
        return kn_fail(err, KN_E_CLOSED, "the connection is finished");
    c->handling = true;
    borrow_plain(c);
    rc = take(c, bytes, now, err);
    return_plain(c);
    c->handling = false;
    c->failed = rc != KN_OK;
    return rc;
}

/* One frame of what the streams have, made where it lies. */
static enum kn_code encipher_streams(struct kn_connection *c, size_t most, struct kn_buffer *wire)
{
    size_t start = wire->n;

    (void)kn_buffer_extend(wire, KN_NOISE_HEAD);
    kn_yamux_output(c->yamux, most < FRAME_FILL ? most : FRAME_FILL, wire);
    return kn_noise_seal(c->noise, start, wire);
}

/* What was said before the muxer existed goes first. */
static enum kn_code encipher(struct kn_connection *c, size_t most, struct kn_buffer *wire)
{
    size_t before = wire->n;
    enum kn_code rc = KN_OK;

    if (c->said.failed)
        return KN_E_NO_MEMORY;
    if (c->said.n > 0)
        rc = kn_noise_send(c->noise, kn_buffer_get(&c->said), wire);
    kn_buffer_done(&c->said); /* an idle connection holds no buffers */
    while (rc == KN_OK && wire->n - before < most && c->yamux != NULL &&
           kn_yamux_has_output(c->yamux))
        rc = encipher_streams(c, most - (wire->n - before), wire);
    return rc;
}

enum kn_code kn_connection_output(struct kn_connection *c, size_t most, struct kn_buffer *wire)
{
    enum kn_code rc = KN_OK;

    if (c->spoken_wire.n > 0)
        kn_buffer_add_span(wire, kn_buffer_get(&c->spoken_wire));
    kn_buffer_done(&c->spoken_wire);
    if (c->noise != NULL && kn_noise_is_ready(c->noise))
        rc = encipher(c, most, wire);
    return rc == KN_OK && wire->failed ? KN_E_NO_MEMORY : rc;
}

kn_time kn_connection_deadline(const struct kn_connection *c)
{
    if (c->failed)
        return KN_NEVER;
    if (c->phase < PHASE_OPEN)
        return c->upgrade_by;
    return kn_time_min(kn_yamux_deadline(c->yamux), kn_stream_set_deadline(&c->streams));
}

static enum kn_code tick_streams(struct kn_connection *c, kn_time now, struct kn_error *err)
{
    enum kn_code rc;

    c->handling = true;
    kn_stream_set_tick(&c->streams, now);
    rc = kn_yamux_tick(c->yamux, now);
    c->handling = false;
    if (rc == KN_E_TIMEOUT)
        return kn_fail(err, rc, "the peer did not answer a ping within %d s",
                       KN_YAMUX_PONG_MS / 1000);
    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    return rc == KN_OK ? rc : kn_fail(err, rc, "the peer asks for answers and takes none");
}

enum kn_code kn_connection_tick(struct kn_connection *c, kn_time now, struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    if (c->failed)
        return kn_fail(err, KN_E_CLOSED, "the connection is finished");
    if (c->phase == PHASE_OPEN)
        rc = tick_streams(c, now, err);
    else if (now >= c->upgrade_by)
        rc = kn_fail(err, KN_E_TIMEOUT, "the peer did not finish the handshake within %g s",
                     c->options.upgrade_ms / 1000.0);
    c->failed = rc != KN_OK;
    return rc;
}

bool kn_connection_is_ready(const struct kn_connection *c)
{
    return c->phase == PHASE_OPEN;
}

bool kn_connection_has_spoken(const struct kn_connection *c)
{
    return c->spoken;
}

const struct kn_peer_id *kn_connection_peer(const struct kn_connection *c)
{
    return c->noise != NULL ? kn_noise_peer(c->noise) : NULL;
}

struct kn_span kn_connection_peer_key(const struct kn_connection *c)
{
    return c->noise != NULL ? kn_noise_peer_key(c->noise) : kn_span(NULL, 0);
}

void *kn_connection_owner(const struct kn_connection *c)
{
    return c->options.owner;
}

enum kn_role kn_connection_role(const struct kn_connection *c)
{
    return c->options.role;
}

size_t kn_connection_streams(const struct kn_connection *c)
{
    return c->yamux != NULL ? kn_yamux_stream_count(c->yamux) : 0;
}

void kn_connection_counters(const struct kn_connection *c, struct kn_connection_counters *out)
{
    *out = c->streams.counters;
    if (c->yamux != NULL)
        out->streams_refused = kn_yamux_counters(c->yamux)->streams_refused;
}

int64_t kn_connection_rtt_ms(const struct kn_connection *c)
{
    return c->yamux != NULL ? kn_yamux_rtt_ms(c->yamux) : -1;
}

struct kn_stream_set *kn_connection_stream_set(struct kn_connection *c)
{
    return &c->streams;
}

void kn_connection_wake(struct kn_connection *c)
{
    if (!c->handling && c->phase == PHASE_OPEN && c->options.wake != NULL)
        c->options.wake(c->options.owner);
}
