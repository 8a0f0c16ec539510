#include "node/presence/known_peers.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/io/work.h"
#include "lib/os/file.h"
#include "lib/os/file_aside.h"
#include "network/swarm/addresses.h"
#include "network/swarm/peer_store.h"
#include "node/presence/known_peers_file.h"

/* Reading or writing the file, beside the loop. It may outlive its owner. */
struct job {
    struct kn_known_peers *owner; /* NULL: it has gone */
    struct kn_text path, text;    /* text: to write; empty: to read */
    struct kn_bytes bytes;        /* that were read */
    enum kn_code code;
    struct kn_error err;
};

enum { JOINS_MAX = KN_KNOWN_ASKED_MAX / KN_KNOWN_AT_ONCE };

struct kn_known_peers {
    struct kn_known_peers_options options;
    struct kn_loop *loop;
    struct kn_timer *ask_timer, *write_timer;
    struct job *job; /* under way */
    struct kn_text addresses[KN_KNOWN_ASKED_MAX];
    const char *address_texts[KN_KNOWN_ASKED_MAX];
    struct kn_peer_id peers[KN_KNOWN_ASKED_MAX];
    size_t n, next; /* next: to be asked */
    struct kn_join *joins[JOINS_MAX];
    size_t join_count, joins_failed;
    kn_time patience; /* until then others may answer */
    bool is_read, wants_read, rests, keeps;
};

static void report(const struct kn_known_peers *known, const struct kn_error *err)
{
    if (known->options.failed != NULL)
        known->options.failed(known->options.arg, err);
}

/* -- knocking at them */

static void end_joins(struct kn_known_peers *known)
{
    for (size_t i = 0; i < known->join_count; i++)
        kn_join_free(known->joins[i]);
    known->join_count = known->joins_failed = 0;
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    struct kn_known_peers *known = arg;

    for (size_t i = 0; told->code == KN_OK && i < known->join_count; i++) {
        struct kn_peer_id peers[KN_KNOWN_AT_ONCE];
        const struct kn_join *join = known->joins[i];

        if (kn_join_peers(join, peers, KN_COUNT(peers)) == 0)
            continue;
        kn_known_peers_rest(known);
        known->options.joined(known->options.arg, join);
        return;
    }
}

static void on_done(void *arg, size_t answered)
{
    struct kn_known_peers *known = arg;

    known->joins_failed += answered == 0;
    /* Nobody is left to wait for. */
    if (!known->rests && known->joins_failed == known->join_count && known->next < known->n)
        kn_timer_set(known->ask_timer, kn_loop_now(known->loop));
}

static void ask_some(struct kn_known_peers *known)
{
    const struct kn_join_events events = { known, NULL, on_settled, on_done };
    size_t n = known->n - known->next;

    if (n > KN_KNOWN_AT_ONCE)
        n = KN_KNOWN_AT_ONCE;
    if (kn_join_start(known->options.network, &known->address_texts[known->next], n,
                      KN_KNOWN_ANSWER_MS, &events, &known->joins[known->join_count], NULL) == KN_OK)
        known->join_count++;
    known->next += n;
}

static void on_ask_timer(void *arg)
{
    struct kn_known_peers *known = arg;
    bool is_last;

    if (!known->is_read || known->rests || known->n == 0)
        return;
    if (known->next >= known->n) {
        end_joins(known);
        known->next = 0;
    }
    ask_some(known);
    is_last = known->next >= known->n;
    kn_timer_set(known->ask_timer,
                 kn_loop_now(known->loop) + (is_last ? KN_KNOWN_AGAIN_MS : KN_KNOWN_STAGGER_MS));
}

void kn_known_peers_hurry(struct kn_known_peers *known)
{
    known->patience = kn_loop_now(known->loop);
    if (known->is_read && !known->rests && known->join_count == 0)
        kn_timer_set(known->ask_timer, known->patience);
}

void kn_known_peers_rest(struct kn_known_peers *known)
{
    known->rests = true;
    kn_timer_set(known->ask_timer, KN_NEVER);
}

/* -- reading */

/* Of each peer the first line is the address that proved itself, if one did. */
static void take_entry(void *arg, const struct kn_peer_store_entry *entry)
{
    struct kn_known_peers *known = arg;
    struct kn_text *text = &known->addresses[known->n];
    struct kn_buffer whole = { 0 };

    for (size_t i = 0; i < known->n; i++) {
        if (kn_peer_id_equal(&known->peers[i], &entry->peer))
            return;
    }
    if (known->n == KN_COUNT(known->addresses))
        return;
    kn_buffer_add_span(&whole, entry->address);
    kn_address_add_peer(&entry->peer, &whole);
    kn_text_cut(text, 0);
    if (!whole.failed && kn_multiaddr_to_text(kn_buffer_get(&whole), text) == KN_OK &&
        !text->failed) {
        known->address_texts[known->n] = kn_text_get(text);
        known->peers[known->n++] = entry->peer;
    }
    kn_buffer_done(&whole);
}

static void set_aside(struct kn_known_peers *known, const char *why)
{
    struct kn_error err = { 0 };

    if (known->options.only_reads)
        (void)kn_fail(&err, KN_E_SYNTAX, "%s: %s", known->options.path, why);
    else if (kn_file_set_aside(known->options.path, &err) != KN_OK)
        kn_wrap(&err, "%s: %s, and it stays where it is", known->options.path, why);
    else
        (void)kn_fail(&err, KN_E_SYNTAX, "%s: %s; it was set aside with the ending %s",
                      known->options.path, why, KN_ASIDE_SUFFIX);
    report(known, &err);
}

static void take_text(struct kn_known_peers *known, struct kn_span text)
{
    const struct kn_known_peers_options *options = &known->options;
    int64_t now = (int64_t)kn_loop_unix_time();
    struct kn_peer_store_counts counts, all;
    struct kn_span peers;
    enum kn_code rc =
        kn_known_header_read(text, options->bootstraps, options->bootstrap_count, &peers);

    if (rc == KN_E_SYNTAX)
        set_aside(known, "is no list of peers of this program");
    if (rc != KN_OK)
        return; /* of another swarm: it is written anew when this one is known */
    kn_peer_store_import(kn_network_host(options->network), peers, now, &counts);
    if (counts.taken > 0)
        kn_peer_store_read(peers, take_entry, known, &all);
    else if (counts.passed_over > 0)
        set_aside(known, "has no line of a peer that makes sense and is younger than a month");
}

static void on_read(struct kn_known_peers *known, const struct job *job)
{
    struct kn_error err = job->err;

    known->is_read = true;
    known->wants_read = false;
    known->n = known->next = 0;
    if (job->code == KN_OK) {
        take_text(known, kn_span((const uint8_t *)job->bytes.at, job->bytes.n));
    } else if (job->code == KN_E_LIMIT) {
        set_aside(known, "is larger than any list of peers");
    } else if (job->code != KN_E_NOT_FOUND) {
        kn_wrap(&err, "%s", known->options.path);
        report(known, &err);
    }
    if (!known->rests && known->n > 0)
        kn_timer_set(known->ask_timer, known->patience);
}

/* -- beside the loop */

static void work(void *arg)
{
    struct job *job = arg;
    const char *path = kn_text_get(&job->path);

    job->code = job->text.n > 0 ? kn_file_replace(path, kn_text_get(&job->text), job->text.n, 0600,
                                                  NULL, &job->err)
                                : kn_file_read(path, KN_KNOWN_FILE_MAX, &job->bytes, &job->err);
}

static void free_job(struct job *job)
{
    kn_text_done(&job->path);
    kn_text_done(&job->text);
    kn_bytes_done(&job->bytes);
    kn_free(job);
}

static void read_file(struct kn_known_peers *known);

static void on_worked(void *arg, enum kn_code code)
{
    struct job *job = arg;
    struct kn_known_peers *known = job->owner;

    if (known != NULL)
        known->job = NULL;
    if (known == NULL || code != KN_OK) {
        free_job(job);
        return;
    }
    if (job->text.n == 0) {
        on_read(known, job);
    } else if (job->code != KN_OK) {
        kn_wrap(&job->err, "%s", known->options.path);
        report(known, &job->err);
    }
    free_job(job);
    if (known->wants_read)
        read_file(known);
}

/* Takes `text`. One thing at a time: a writing that is dropped comes again. */
static void start_job(struct kn_known_peers *known, KN_TAKES struct kn_text *text)
{
    struct job *job = known->job == NULL ? kn_try_alloc(sizeof(*job)) : NULL;

    if (job == NULL) {
        kn_text_done(text);
        return;
    }
    job->owner = known;
    job->text = *text;
    kn_text_add(&job->path, known->options.path);
    if (job->path.failed || kn_work_start(known->loop, work, on_worked, job) != KN_OK)
        free_job(job);
    else
        known->job = job;
}

static void read_file(struct kn_known_peers *known)
{
    struct kn_text nothing = { 0 };

    start_job(known, &nothing);
}

/* -- writing */

/* Who serves the DHT for others can be asked to let us in. */
static bool is_kept(const struct kn_peer_facts *facts)
{
    return facts->identified && facts->serves_dht;
}

void kn_known_peers_print(const struct kn_known_peers *known, struct kn_text *out)
{
    const struct kn_known_peers_options *options = &known->options;
    const struct kn_peer_store_choice choice = {
        .unix_now = (int64_t)kn_loop_unix_time(),
        .lines_max = KN_KNOWN_LINES_MAX,
        .wanted = is_kept,
    };
    size_t before;

    kn_known_header_print(options->bootstraps, options->bootstrap_count, out);
    before = out->n;
    kn_peer_store_export(kn_network_host(options->network), &choice, out);
    if (out->n == before) /* nobody: what an earlier run knew is worth more */
        kn_text_cut(out, 0);
}

static void on_write_timer(void *arg)
{
    struct kn_known_peers *known = arg;
    struct kn_text text = { 0 };

    kn_known_peers_print(known, &text);
    if (text.n > 0)
        start_job(known, &text);
    else
        kn_text_done(&text);
    kn_timer_set(known->write_timer, kn_loop_now(known->loop) + KN_KNOWN_WRITE_MS);
}

void kn_known_peers_keep(struct kn_known_peers *known)
{
    if (known->keeps)
        return;
    known->keeps = true;
    kn_timer_set(known->write_timer, kn_loop_now(known->loop));
}

enum kn_code kn_known_peers_save(struct kn_known_peers *known, struct kn_error *err)
{
    struct kn_text text = { 0 };
    enum kn_code rc = KN_OK;

    if (known->keeps)
        kn_known_peers_print(known, &text);
    if (text.failed)
        rc = kn_fail_no_memory(err);
    else if (text.n > 0)
        rc = kn_file_replace(known->options.path, kn_text_get(&text), text.n, 0600, NULL, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", known->options.path);
    kn_text_done(&text);
    return rc;
}

/* -- beginning and end */

void kn_known_peers_change(struct kn_known_peers *known, const char *const *bootstraps, size_t n)
{
    known->options.bootstraps = bootstraps;
    known->options.bootstrap_count = n;
}

void kn_known_peers_begin(struct kn_known_peers *known)
{
    end_joins(known);
    known->is_read = known->rests = false;
    known->wants_read = true;
    known->patience = kn_loop_now(known->loop) + KN_KNOWN_PATIENCE_MS;
    read_file(known);
}

struct kn_known_peers *kn_known_peers_new(const struct kn_known_peers_options *options)
{
    struct kn_known_peers *known = kn_try_alloc(sizeof(*known));

    if (known == NULL)
        return NULL;
    known->options = *options;
    known->loop = kn_host_loop(kn_network_host(options->network));
    known->ask_timer = kn_timer_new(known->loop, on_ask_timer, known);
    known->write_timer = kn_timer_new(known->loop, on_write_timer, known);
    if (known->ask_timer == NULL || known->write_timer == NULL) {
        kn_known_peers_free(known);
        return NULL;
    }
    return known;
}

void kn_known_peers_free(struct kn_known_peers *known)
{
    if (known == NULL)
        return;
    end_joins(known);
    if (known->job != NULL)
        known->job->owner = NULL;
    kn_timer_free(known->ask_timer);
    kn_timer_free(known->write_timer);
    for (size_t i = 0; i < KN_COUNT(known->addresses); i++)
        kn_text_done(&known->addresses[i]);
    kn_free(known);
}
