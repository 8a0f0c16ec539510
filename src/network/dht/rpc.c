/* rpc — calls of other nodes, and what their ends say about who is there. */
#include "lib/base/memory.h"
#include "network/dht/node.h"

struct kn_dht_rpc {
    struct kn_dht *dht;
    struct kn_dht_rpc *next, *before;
    struct kn_dht_call *call;
    struct kn_peer_id peer;
    kn_time began;
    kn_dht_rpc_fn *done;
    void *arg;
};

static void forget(struct kn_dht_rpc *rpc)
{
    if (rpc->before != NULL)
        rpc->before->next = rpc->next;
    else
        rpc->dht->rpcs = rpc->next;
    if (rpc->next != NULL)
        rpc->next->before = rpc->before;
    kn_free(rpc);
}

static void on_reply(void *arg, enum kn_code code, struct kn_span bytes)
{
    struct kn_dht_rpc *rpc = arg;
    struct kn_dht *dht = rpc->dht;
    struct kn_dht_reply reply = { rpc->peer, code, bytes, kn_dht_now(dht) - rpc->began };
    kn_dht_rpc_fn *done = rpc->done;
    void *done_arg = rpc->arg;

    forget(rpc);
    if (code != KN_OK) {
        dht->counters.timeouts += code == KN_E_TIMEOUT;
        dht->counters.failures += code != KN_E_TIMEOUT;
        kn_dht_table_remove(dht->table, &reply.peer);
    }
    done(done_arg, &reply);
    kn_dht_retime(dht);
}

struct kn_dht_rpc *kn_dht_rpc(struct kn_dht *dht, const struct kn_peer_id *peer,
                              enum kn_dht_method method, struct kn_buffer *request,
                              kn_dht_rpc_fn *done, void *arg)
{
    struct kn_dht_link *link = &dht->options.link;
    struct kn_dht_rpc *rpc = request->failed ? NULL : kn_try_alloc(sizeof(*rpc));

    if (rpc != NULL) {
        *rpc = (struct kn_dht_rpc){ .dht = dht, .peer = *peer, .done = done, .arg = arg };
        rpc->began = kn_dht_now(dht);
        rpc->call = link->call(link->arg, peer, method, kn_buffer_get(request),
                               dht->options.timeout_ms, on_reply, rpc);
    }
    kn_buffer_clear(request);
    if (rpc == NULL || rpc->call == NULL) {
        kn_free(rpc);
        return NULL;
    }
    dht->counters.calls[method]++;
    rpc->next = dht->rpcs;
    if (dht->rpcs != NULL)
        dht->rpcs->before = rpc;
    dht->rpcs = rpc;
    return rpc;
}

void kn_dht_rpc_cancel(struct kn_dht_rpc *rpc)
{
    struct kn_dht_link *link;

    if (rpc == NULL)
        return;
    link = &rpc->dht->options.link;
    link->cancel(link->arg, rpc->call);
    forget(rpc);
}

/* ---- who is there ---- */

/* A silent peer in the way of another was pinged. */
static void on_doubt(void *arg, const struct kn_dht_reply *reply)
{
    struct kn_dht *dht = arg;
    struct kn_dht_ping_answer answer;

    dht->doubts--;
    if (reply->code != KN_OK)
        return;
    if (kn_dht_ping_answer_decode(reply->bytes, &answer) != KN_OK)
        kn_dht_misheard(dht, &reply->peer);
    else
        kn_dht_heard(dht, &reply->peer, &answer.node);
}

static void doubt(struct kn_dht *dht, const struct kn_peer_id *peer)
{
    struct kn_dht_ping_request request = { .node = dht->self };
    struct kn_buffer bytes = { 0 };

    if (dht->doubts >= KN_DHT_DOUBTS_MAX)
        return;
    kn_dht_ping_request_encode(&request, &bytes);
    if (kn_dht_rpc(dht, peer, KN_DHT_PING, &bytes, on_doubt, dht) != NULL)
        dht->doubts++;
    kn_buffer_done(&bytes);
}

void kn_dht_heard(struct kn_dht *dht, const struct kn_peer_id *peer, const struct kn_dht_node *node)
{
    struct kn_dht_neighbour who = { node->id, *peer }, doubtful;
    enum kn_dht_seen seen;
    bool ask = false;

    if (kn_peer_id_equal(peer, &dht->own.peer))
        return;
    if (!node->has_id) { /* it became a client */
        kn_dht_table_remove(dht->table, peer);
        return;
    }
    seen = kn_dht_table_seen(dht->table, &who, &doubtful, &ask);
    if (ask)
        doubt(dht, &doubtful.peer);
    /* Not for one that changed its id: it could do so with each call. */
    if (seen == KN_DHT_SEEN_NEW && !dht->options.client_mode)
        kn_dht_push_start(dht, &who);
}

void kn_dht_misheard(struct kn_dht *dht, const struct kn_peer_id *peer)
{
    dht->counters.malformed++;
    kn_dht_table_remove(dht->table, peer);
}

/* ---- whom not to ask for a while ---- */

static struct kn_dht_banned *find_banned(const struct kn_dht *dht, const struct kn_peer_id *peer)
{
    for (size_t i = 0; i < dht->banned_count; i++)
        if (kn_peer_id_equal(&dht->banned[i].peer, peer))
            return &dht->banned[i];
    return NULL;
}

bool kn_dht_is_banned(const struct kn_dht *dht, const struct kn_peer_id *peer)
{
    const struct kn_dht_banned *banned = find_banned(dht, peer);

    return banned != NULL && banned->until > kn_dht_now(dht);
}

/* A place for one more; when there are too many, the one that ends first goes. */
static struct kn_dht_banned *place_banned(struct kn_dht *dht)
{
    struct kn_dht_banned *more, *first = dht->banned;

    if (dht->banned_count < KN_DHT_BLACKLIST_MAX) {
        if ((dht->banned_count & (dht->banned_count - 1)) == 0) {
            size_t room = dht->banned_count == 0 ? 1 : 2 * dht->banned_count;

            more = kn_try_realloc(dht->banned, room * sizeof(*more));
            if (more == NULL)
                return NULL;
            dht->banned = more;
        }
        return &dht->banned[dht->banned_count++];
    }
    for (size_t i = 1; i < dht->banned_count; i++)
        if (dht->banned[i].until < first->until)
            first = &dht->banned[i];
    return first;
}

/* spec: hivemind/dht/node.py, Blacklist: 5 s times 2 to the number of failures before. */
void kn_dht_ban(struct kn_dht *dht, const struct kn_peer_id *peer)
{
    struct kn_dht_banned *banned = find_banned(dht, peer);
    kn_time now = kn_dht_now(dht);

    if (banned != NULL && banned->until > now)
        return; /* calls that were made at the same time fail together */
    if (banned == NULL) {
        banned = place_banned(dht);
        if (banned == NULL)
            return;
        *banned = (struct kn_dht_banned){ .peer = *peer };
    }
    banned->until = now + ((kn_time)KN_DHT_BLACKLIST_MS << banned->failures);
    if (banned->failures < KN_DHT_BLACKLIST_DOUBLINGS)
        banned->failures++;
    dht->counters.blacklisted++;
}

void kn_dht_pardon(struct kn_dht *dht, const struct kn_peer_id *peer)
{
    struct kn_dht_banned *banned = find_banned(dht, peer);

    if (banned != NULL)
        *banned = dht->banned[--dht->banned_count];
}
