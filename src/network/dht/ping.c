/* ping — is a peer there; and joining, which pings those that one begins with. */
#include "lib/base/memory.h"
#include "network/dht/search.h"

struct greeting {
    struct joining *joining;
    struct kn_peer_id peer;
    struct kn_dht_rpc *rpc;
    bool ended;
};

struct joining {
    struct kn_dht_op op;
    struct kn_dht_search search; /* without keys until someone has answered */
    bool searches, begun, answered;
    struct greeting *greetings;
    size_t n, left;
    kn_dht_pong_fn *pong;
    kn_dht_done_fn *done; /* NULL: a single ping */
    void *arg;
};

static void finish(struct joining *joining, enum kn_code code)
{
    if (joining->op.over)
        return;
    joining->op.over = true;
    if (joining->searches && code == KN_OK)
        kn_dht_spread(joining->op.dht, joining->search.lookup);
    if (joining->done != NULL)
        joining->done(joining->arg, code);
}

static void finish_if_ended(struct joining *joining)
{
    bool searching = joining->searches && kn_dht_lookup_left(joining->search.lookup) > 0;

    if (joining->left == 0 && !searching)
        finish(joining, joining->answered ? KN_OK : KN_E_UNREACHABLE);
}

static void on_moved(struct kn_dht_op *op)
{
    finish_if_ended((struct joining *)op);
}

/* Someone is there: look for those around us, from now on and from it too. */
static void search_from(struct joining *joining, const struct kn_dht_neighbour *node)
{
    struct kn_dht_search *search = &joining->search;

    if (joining->done == NULL)
        return;
    if (!joining->searches) {
        joining->searches = kn_dht_search_init(
            search, (struct kn_dht_lookup_options){ .beam = KN_DHT_BUCKET_SIZE });
        if (!joining->searches)
            return;
        kn_dht_search_seed(search);
    }
    kn_dht_lookup_seed(search->lookup, node, false);
    kn_dht_search_step(search);
}

static void read_pong(struct kn_dht *dht, const struct kn_dht_reply *reply,
                      struct kn_dht_pong *pong)
{
    struct kn_dht_ping_answer answer;

    if (kn_dht_ping_answer_decode(reply->bytes, &answer) != KN_OK) {
        kn_dht_misheard(dht, &reply->peer);
        pong->code = KN_E_PROTOCOL;
        return;
    }
    kn_dht_heard(dht, &reply->peer, &answer.node);
    pong->code = answer.node.has_id ? KN_OK : KN_E_INVALID;
    pong->id = answer.node.id;
    pong->available = answer.available;
    pong->tells_time = answer.dht_time > 0 || answer.dht_time < 0;
    if (pong->tells_time)
        pong->ahead_s = answer.dht_time - (kn_dht_unix_time(dht) - (double)reply->ms / 2 / 1000);
}

/* Texts of peers: only what can be shown, and not more than KN_DHT_ERROR_MAX. */
static void copy_text(struct kn_span from, char out[KN_DHT_ERROR_MAX])
{
    size_t n = from.n < KN_DHT_ERROR_MAX - 1 ? from.n : KN_DHT_ERROR_MAX - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = (char)(from.at[i] >= ' ' && from.at[i] < 0x7f ? from.at[i] : '?');
    out[n] = '\0';
}

static void tell(struct greeting *greeting, const struct kn_dht_reply *reply)
{
    struct joining *joining = greeting->joining;
    char text[KN_DHT_ERROR_MAX] = "";
    struct kn_dht_pong pong = {
        .peer = reply->peer, .code = reply->code, .text = text, .ms = reply->ms
    };

    greeting->rpc = NULL;
    greeting->ended = true;
    joining->left--;
    if (reply->code == KN_OK)
        read_pong(joining->op.dht, reply, &pong);
    else if (reply->code == KN_E_REFUSED)
        copy_text(reply->bytes, text);
    joining->answered |= pong.code == KN_OK;
    joining->op.over |= joining->done == NULL;
    joining->pong(joining->arg, &pong);
    if (!joining->op.over && pong.code == KN_OK)
        search_from(joining, &(struct kn_dht_neighbour){ pong.id, pong.peer });
    if (!joining->op.over)
        finish_if_ended(joining);
}

static void on_pong(void *arg, const struct kn_dht_reply *reply)
{
    struct greeting *greeting = arg;
    struct kn_dht_op *op = &greeting->joining->op;

    kn_dht_op_enter(op);
    tell(greeting, reply);
    kn_dht_op_leave(op);
}

static void greet(struct joining *joining)
{
    struct kn_dht *dht = joining->op.dht;
    struct kn_dht_ping_request request = { dht->self, !dht->options.client_mode };
    struct kn_buffer bytes = { 0 };

    for (size_t i = 0; i < joining->n && !joining->op.over; i++) {
        struct greeting *greeting = &joining->greetings[i];
        struct kn_dht_reply unsent = { .peer = greeting->peer, .code = KN_E_UNREACHABLE };

        kn_dht_ping_request_encode(&request, &bytes);
        greeting->rpc = kn_dht_rpc(dht, &greeting->peer, KN_DHT_PING, &bytes, on_pong, greeting);
        if (greeting->rpc == NULL)
            tell(greeting, &unsent);
    }
    kn_buffer_done(&bytes);
}

/* The deadline: those that are still silent are told of as such. */
static void give_up(struct joining *joining)
{
    for (size_t i = 0; i < joining->n && !joining->op.over; i++) {
        struct greeting *greeting = &joining->greetings[i];
        struct kn_dht_pong pong = { .peer = greeting->peer, .code = KN_E_TIMEOUT, .text = "" };

        if (greeting->ended)
            continue;
        kn_dht_rpc_cancel(greeting->rpc);
        greeting->rpc = NULL;
        greeting->ended = true;
        joining->op.over |= joining->done == NULL;
        joining->pong(joining->arg, &pong);
    }
    finish(joining, KN_E_TIMEOUT);
}

static void fire(struct kn_dht_op *op, bool late)
{
    struct joining *joining = (struct joining *)op;

    if (late) {
        give_up(joining);
    } else if (!joining->begun) {
        joining->begun = true;
        greet(joining);
        if (!op->over)
            finish_if_ended(joining);
    } else if (joining->searches) {
        kn_dht_search_step(&joining->search);
    }
}

static void destroy(struct kn_dht_op *op)
{
    struct joining *joining = (struct joining *)op;

    for (size_t i = 0; i < joining->n; i++)
        kn_dht_rpc_cancel(joining->greetings[i].rpc);
    if (joining->searches)
        kn_dht_search_done(&joining->search);
    kn_free(joining->greetings);
    kn_free(joining);
}

enum kn_code kn_dht_bootstrap(struct kn_dht *dht, const struct kn_peer_id *peers, size_t n,
                              kn_time deadline, kn_dht_pong_fn *pong, kn_dht_done_fn *done,
                              void *arg, struct kn_dht_op **out)
{
    enum kn_code rc = n <= KN_DHT_PEERS_MAX ? kn_dht_op_admit(dht) : KN_E_LIMIT;
    struct joining *joining = rc == KN_OK ? kn_try_alloc(sizeof(*joining)) : NULL;

    if (joining == NULL)
        return rc == KN_OK ? KN_E_NO_MEMORY : rc;
    joining->greetings = kn_try_alloc((n > 0 ? n : 1) * sizeof(*joining->greetings));
    if (joining->greetings == NULL) {
        kn_free(joining);
        return KN_E_NO_MEMORY;
    }
    joining->op = (struct kn_dht_op){ .dht = dht, .fire = fire, .destroy = destroy };
    joining->search = (struct kn_dht_search){
        .op = &joining->op, .keys = &dht->own.id, .n = 1, .moved = on_moved
    };
    for (size_t i = 0; i < n; i++)
        joining->greetings[i] = (struct greeting){ .joining = joining, .peer = peers[i] };
    joining->n = joining->left = n;
    joining->pong = pong;
    joining->done = done;
    joining->arg = arg;
    kn_dht_op_start(dht, &joining->op, deadline);
    *out = &joining->op;
    return KN_OK;
}

enum kn_code kn_dht_ping(struct kn_dht *dht, const struct kn_peer_id *peer, kn_time deadline,
                         kn_dht_pong_fn *pong, void *arg, struct kn_dht_op **out)
{
    return kn_dht_bootstrap(dht, peer, 1, deadline, pong, NULL, arg, out);
}
