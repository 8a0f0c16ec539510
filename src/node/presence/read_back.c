#include "node/presence/read_back.h"

#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "network/dht/dictionary.h"
#include "network/petals/prefix.h"
#include "network/swarm/unary.h"

enum { KEYS_A_CALL = 16 };

struct asking {
    struct kn_read_back *owner;
    struct kn_unary_call *call;
    struct kn_peer_id peer;
    uint32_t next; /* block to ask for */
    bool settled;
};

struct kn_read_back {
    struct kn_read_back_options options;
    struct kn_prefix prefix;
    struct kn_buffer subkey;
    struct asking asking[KN_DHT_PEERS_MAX];
    uint32_t n, settled, visible;
};

static bool ask(struct asking *a);

static void settle(struct asking *a, bool visible)
{
    struct kn_read_back *r = a->owner;

    a->settled = true;
    r->visible += visible;
    if (++r->settled < r->n)
        return;
    r->options.done(r->options.arg, r->visible, r->n);
    kn_read_back_free(r);
}

static bool has_our_entry(const struct kn_read_back *r, const struct kn_dht_find_result *result)
{
    struct kn_dht_dictionary dictionary;
    struct kn_dht_entry entry;

    if (result->found != KN_DHT_FOUND_DICTIONARY ||
        kn_dht_dictionary_open(result->value, &dictionary) != KN_OK)
        return false;
    while (kn_dht_dictionary_next(&dictionary, &entry, NULL)) {
        if (kn_span_equal(entry.subkey, kn_buffer_get(&r->subkey)))
            return entry.expiration >= r->options.expiration - 0.001;
    }
    return false;
}

static void on_answer(void *arg, enum kn_code code, struct kn_span bytes,
                      const struct kn_error *err)
{
    struct asking *a = arg;
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    bool good = code == KN_OK && kn_dht_find_answer_decode(bytes, &answer) == KN_OK, failed = false;
    size_t at = 0;
    uint32_t n = 0;

    (void)err;
    a->call = NULL;
    while (good && kn_dht_find_result_next(&answer, &at, &result, &failed)) {
        good = has_our_entry(a->owner, &result);
        n++;
    }
    if (!good || failed || n == 0) {
        settle(a, false);
        return;
    }
    a->next += n;
    if (a->next >= a->owner->options.end)
        settle(a, true);
    else if (!ask(a))
        settle(a, false);
}

/* False when memory is short. */
static bool ask(struct asking *a)
{
    struct kn_read_back *r = a->owner;
    const struct kn_peer_id *self = kn_host_self(kn_network_host(r->options.network));
    struct kn_dht_node node = { .has_id = true };
    struct kn_dht_id keys[KEYS_A_CALL];
    struct kn_buffer request = { 0 };
    char key[KN_BLOCK_KEY_SIZE];
    uint32_t n = 0;

    for (; n < KEYS_A_CALL && a->next + n < r->options.end; n++) {
        kn_block_key(r->prefix.text, a->next + n, key);
        (void)kn_dht_id_of_text(kn_span_text(key), &keys[n]);
    }
    /* Who names no id is taken for a client, and forgotten by those who knew it. */
    kn_dht_id_of_bytes(kn_span(self->bytes, self->n), &node.id);
    kn_dht_find_request_encode(&node, keys, n, &request);
    if (!request.failed)
        a->call = kn_unary_start(kn_network_host(r->options.network), &a->peer,
                                 kn_dht_method_name(KN_DHT_FIND), kn_buffer_get(&request),
                                 KN_READ_BACK_MS, on_answer, a);
    kn_buffer_done(&request);
    return a->call != NULL;
}

struct kn_read_back *kn_read_back_start(const struct kn_read_back_options *options)
{
    struct kn_read_back *r = kn_try_alloc(sizeof(*r));
    char id[KN_PEER_ID_TEXT_SIZE];

    if (r == NULL)
        return NULL;
    r->options = *options;
    (void)snprintf(r->prefix.text, sizeof(r->prefix.text), "%s", options->prefix);
    kn_peer_id_print(kn_host_self(kn_network_host(options->network)), id);
    kn_msgpack_write_text(&r->subkey, kn_span_text(id));
    r->n = (uint32_t)(options->n < KN_COUNT(r->asking) ? options->n : KN_COUNT(r->asking));
    for (uint32_t i = 0; i < r->n; i++) {
        r->asking[i] =
            (struct asking){ .owner = r, .peer = options->peers[i], .next = options->start };
        if (!ask(&r->asking[i])) {
            kn_read_back_free(r);
            return NULL;
        }
    }
    return r;
}

void kn_read_back_free(struct kn_read_back *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->n; i++)
        kn_unary_cancel(r->asking[i].call);
    kn_buffer_done(&r->subkey);
    kn_free(r);
}
