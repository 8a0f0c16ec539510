/* kad_find: where is this peer? Ask those who should know, nearer and nearer. */
#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "lib/crypto/hash.h"
#include "network/proto/kad.h"
#include "network/swarm/addresses.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/kad_parts.h"

static const char *const names[] = { "/ipfs/kad/1.0.0", NULL };

enum candidate_state { CANDIDATE_NEW, CANDIDATE_ASKED, CANDIDATE_DONE, CANDIDATE_FAILED };

struct candidate {
    struct kn_peer_id id;
    uint8_t distance[KN_SHA256_SIZE];
    enum candidate_state state;
};

struct question {
    struct kn_kad_search *search;
    struct question *next;
    struct kn_peer_id peer;
    kn_time end_by;
    struct kn_connect *connect;
    struct kn_stream *stream;
    struct kn_buffer bytes;
};

struct kn_kad_search {
    struct kn_kad *kad;
    struct kn_kad_search *next; /* in kad->searches */
    struct kn_peer_id target;
    uint8_t hash[KN_SHA256_SIZE];
    bool near_only; /* nobody is looked for: only the neighbourhood is to be met */
    bool running;
    struct candidate candidates[KN_KAD_CANDIDATES_MAX]; /* nearest first */
    size_t n;
    struct question *questions;
    size_t asking;
    struct kn_timer *timer; /* the end of the search, or of the question that ends first */
    bool begun;
    kn_time end_by;
    void (*done)(void *arg, enum kn_code code);
    void *arg;
};

static void step(struct kn_kad_search *s);

static void free_question(struct question *q)
{
    struct question **at;

    for (at = &q->search->questions; *at != q; at = &(*at)->next) {
    }
    *at = q->next;
    q->search->asking--;
    kn_connect_cancel(q->connect);
    if (q->stream != NULL)
        kn_stream_forget(q->stream);
    kn_buffer_done(&q->bytes);
    kn_free(q);
}

static void free_search(struct kn_kad_search *s)
{
    struct kn_kad_search **at;

    for (at = &s->kad->searches; *at != s; at = &(*at)->next) {
    }
    *at = s->next;
    while (s->questions != NULL)
        free_question(s->questions);
    s->kad->running -= s->running;
    kn_timer_free(s->timer);
    kn_free(s);
}

void kn_kad_searches_free(struct kn_kad *kad)
{
    while (kad->searches != NULL)
        free_search(kad->searches);
}

static void run_next(struct kn_kad *kad)
{
    struct kn_kad_search *waiting = NULL;

    for (struct kn_kad_search *s = kad->searches; s != NULL; s = s->next) {
        if (!s->running)
            waiting = s; /* the last in the list is the first that came */
    }
    if (waiting == NULL || kad->running >= KN_KAD_SEARCHES_MAX)
        return;
    waiting->running = true;
    kad->running++;
    kn_timer_set(waiting->timer, kn_loop_now(kn_host_loop(kad->host)));
}

static void settle(struct kn_kad_search *s, enum kn_code code)
{
    void (*done)(void *arg, enum kn_code code) = s->done;
    struct kn_kad *kad = s->kad;
    void *arg = s->arg;

    kad->counters.found += code == KN_OK;
    free_search(s);
    run_next(kad);
    if (done != NULL)
        done(arg, code);
}

static void add_candidate(struct kn_kad_search *s, const struct kn_peer_id *id)
{
    struct candidate new = { .id = *id };
    size_t i;

    if (kn_peer_id_equal(id, kn_host_self(s->kad->host)))
        return;
    for (i = 0; i < s->n; i++) {
        if (kn_peer_id_equal(&s->candidates[i].id, id))
            return;
    }
    kn_sha256(kn_span(id->bytes, id->n), new.distance);
    for (i = 0; i < sizeof(new.distance); i++)
        new.distance[i] ^= s->hash[i];
    i = s->n < KN_KAD_CANDIDATES_MAX ? s->n++ : KN_KAD_CANDIDATES_MAX;
    if (i == KN_KAD_CANDIDATES_MAX) {
        if (memcmp(new.distance, s->candidates[--i].distance, sizeof(new.distance)) >= 0)
            return;
    }
    for (; i > 0 && memcmp(new.distance, s->candidates[i - 1].distance, sizeof(new.distance)) < 0;
         i--)
        s->candidates[i] = s->candidates[i - 1];
    s->candidates[i] = new;
}

static void mark(struct kn_kad_search *s, const struct kn_peer_id *id, enum candidate_state state)
{
    for (size_t i = 0; i < s->n; i++) {
        if (kn_peer_id_equal(&s->candidates[i].id, id))
            s->candidates[i].state = state;
    }
}

static void end_question(struct question *q, enum candidate_state state)
{
    struct kn_kad_search *s = q->search;

    mark(s, &q->peer, state);
    free_question(q);
    step(s);
}

/*
 * Addresses are believed as far as identify's are: who is outside cannot send us to machines
 * inside. Of one answer no more peers are taken than an honest one has, so that none fills the
 * search alone.
 */
static void take_answer(const struct question *q, const struct kn_kad_message *answer)
{
    struct kn_kad_search *s = q->search;
    struct kn_host *host = s->kad->host;
    struct kn_field_list closer = answer->closer;
    struct kn_kad_peer peer;
    struct kn_endpoint remote;
    enum kn_scope scope = KN_SCOPE_PUBLIC;

    if (kn_host_remote(kn_stream_connection(q->stream), &remote))
        scope = kn_endpoint_scope(&remote);
    for (size_t i = 0; i <= KN_KAD_K && kn_kad_peer_next(&closer, &peer); i++) {
        struct kn_field_list addrs = peer.addrs;
        struct kn_span address;

        for (size_t n = 0; n < KN_KAD_ADDRS_MAX && kn_field_list_next(&addrs, &address); n++)
            kn_host_learn_from(host, &peer.id, address, scope);
        add_candidate(s, &peer.id);
    }
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct question *q = arg;
    struct kn_kad_message answer;
    struct kn_span message;
    size_t used;
    enum kn_code rc;

    (void)stream;
    kn_buffer_add_span(&q->bytes, bytes);
    rc = q->bytes.failed
             ? KN_E_NO_MEMORY
             : kn_frame_next(kn_buffer_get(&q->bytes), KN_KAD_MESSAGE_MAX, &message, &used);
    if (rc == KN_E_TRUNCATED)
        return;
    if (rc == KN_OK)
        rc = kn_kad_decode(message, &answer);
    if (rc == KN_OK)
        take_answer(q, &answer);
    else
        q->search->kad->counters.malformed++;
    end_question(q, rc == KN_OK ? CANDIDATE_DONE : CANDIDATE_FAILED);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    end_question(arg, CANDIDATE_FAILED);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct question *q = arg;

    (void)code;
    q->stream = NULL;
    end_question(q, CANDIDATE_FAILED);
}

static const struct kn_stream_events events = {
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

static enum kn_code send_question(struct question *q)
{
    const struct kn_peer_id *target = &q->search->target;
    struct kn_buffer message = { 0 }, wire = { 0 };
    enum kn_code rc;

    kn_kad_find_node_encode(kn_span(target->bytes, target->n), &message);
    kn_write_prefixed(&wire, kn_buffer_get(&message));
    rc = message.failed || wire.failed ? KN_E_NO_MEMORY
                                       : kn_stream_write(q->stream, kn_buffer_get(&wire));
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
    return rc;
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct question *q = arg;

    (void)err;
    q->connect = NULL;
    if (code == KN_OK)
        code = kn_stream_open(connection, names, &events, q, &q->stream);
    if (code == KN_OK)
        code = send_question(q);
    if (code == KN_OK)
        q->search->kad->counters.asked++;
    else
        end_question(q, CANDIDATE_FAILED);
}

static void ask(struct kn_kad_search *s, struct candidate *candidate)
{
    struct kn_host *host = s->kad->host;
    struct question *q = kn_try_alloc(sizeof(*q));

    candidate->state = CANDIDATE_FAILED;
    if (q == NULL)
        return;
    q->search = s;
    q->peer = candidate->id;
    q->end_by = kn_loop_now(kn_host_loop(host)) + KN_KAD_REQUEST_MS;
    q->next = s->questions;
    s->questions = q;
    s->asking++;
    if (kn_connect_start(host, &q->peer, KN_REACH_DIRECT, KN_KAD_REQUEST_MS, on_connected, q,
                         &q->connect) == KN_OK)
        candidate->state = CANDIDATE_ASKED;
    else
        free_question(q);
}

static bool is_found(struct kn_kad_search *s)
{
    return !s->near_only && kn_peer_has_fresh_address(s->kad->host, &s->target);
}

static void set_timer(struct kn_kad_search *s)
{
    kn_time when = s->end_by;

    for (const struct question *q = s->questions; q != NULL; q = q->next)
        when = kn_time_min(when, q->end_by);
    kn_timer_set(s->timer, when);
}

/* Ask on, among the nearest KN_KAD_K that answered or may answer; else it is over. */
static void step(struct kn_kad_search *s)
{
    size_t within = 0;

    if (is_found(s)) {
        settle(s, KN_OK);
        return;
    }
    for (size_t i = 0; i < s->n && within < KN_KAD_K && s->asking < KN_KAD_ALPHA; i++) {
        bool is_target = kn_peer_id_equal(&s->candidates[i].id, &s->target);

        if (s->candidates[i].state == CANDIDATE_NEW && !is_target)
            ask(s, &s->candidates[i]);
        within += s->candidates[i].state != CANDIDATE_FAILED;
    }
    if (s->asking == 0)
        settle(s, s->near_only ? KN_OK : KN_E_NOT_FOUND);
    else
        set_timer(s);
}

/* Everybody who is connected may know, and whoever is known to serve kad. */
static void add_seeds(struct kn_kad_search *s)
{
    struct kn_host *host = s->kad->host;
    struct kn_peer_id near[KN_KAD_K];
    size_t n = kn_kad_nearest(host, s->hash, near), at = 0;
    struct kn_connection *connection;

    for (size_t i = 0; i < n; i++)
        add_candidate(s, &near[i]);
    while (s->n < KN_KAD_K && (connection = kn_host_next(host, &at)) != NULL)
        add_candidate(s, kn_connection_peer(connection));
}

/* True when one was ended, and with it perhaps the search. */
static bool end_late_question(struct kn_kad_search *s)
{
    kn_time now = kn_loop_now(kn_host_loop(s->kad->host));

    for (struct question *q = s->questions; q != NULL; q = q->next) {
        if (q->end_by > now)
            continue;
        kn_stream_reset(q->stream);
        q->stream = NULL;
        end_question(q, CANDIDATE_FAILED);
        return true;
    }
    return false;
}

static void on_timer(void *arg)
{
    struct kn_kad_search *s = arg;

    if (kn_loop_now(kn_host_loop(s->kad->host)) >= s->end_by) {
        settle(s, KN_E_TIMEOUT);
    } else if (s->running && !s->begun) {
        s->begun = true;
        s->kad->counters.searches++;
        add_seeds(s);
        step(s);
    } else if (!end_late_question(s)) { /* which steps, and comes again for the next */
        set_timer(s);
    }
}

static struct kn_kad_search *begin(struct kn_kad *kad, const struct kn_peer_id *target,
                                   int timeout_ms)
{
    struct kn_loop *loop = kn_host_loop(kad->host);
    struct kn_kad_search *s = kn_try_alloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    s->timer = kn_timer_new(loop, on_timer, s);
    if (s->timer == NULL) {
        kn_free(s);
        return NULL;
    }
    s->kad = kad;
    s->target = *target;
    kn_sha256(kn_span(target->bytes, target->n), s->hash);
    s->end_by = kn_loop_now(loop) + timeout_ms;
    s->next = kad->searches;
    kad->searches = s;
    kn_timer_set(s->timer, s->end_by);
    run_next(kad);
    return s;
}

static void *finder_start(void *arg, const struct kn_peer_id *peer, int timeout_ms,
                          void (*done)(void *done_arg, enum kn_code code), void *done_arg)
{
    struct kn_kad_search *s = begin(arg, peer, timeout_ms);

    if (s != NULL) {
        s->done = done;
        s->arg = done_arg;
    }
    return s;
}

static void finder_cancel(void *arg, void *search)
{
    free_search(search);
    run_next(arg);
}

void kn_kad_refresh(struct kn_kad *kad)
{
    struct kn_kad_search *s = begin(kad, kn_host_self(kad->host), KN_KAD_SEARCH_MS);

    if (s != NULL)
        s->near_only = true;
}

struct kn_kad *kn_kad_new(struct kn_host *host, bool serves)
{
    struct kn_kad *kad = kn_try_alloc(sizeof(*kad));
    const struct kn_host_finder finder = { kad, finder_start, finder_cancel };

    if (kad == NULL)
        return NULL;
    kad->host = host;
    if (kn_kad_set_serving(kad, serves) != KN_OK) {
        kn_free(kad);
        return NULL;
    }
    kn_host_set_finder(host, &finder);
    return kad;
}

void kn_kad_free(struct kn_kad *kad)
{
    const struct kn_host_finder none = { 0 };

    if (kad == NULL)
        return;
    kn_host_set_finder(kad->host, &none);
    kn_kad_searches_free(kad);
    kn_kad_servings_free(kad);
    kn_host_forget(kad->host, kad);
    kn_free(kad);
}

const struct kn_kad_counters *kn_kad_counters(const struct kn_kad *kad)
{
    return &kad->counters;
}
