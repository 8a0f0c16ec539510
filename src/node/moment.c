#include "node/moment.h"

#include <stdatomic.h>

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"

enum { ADDRESSES_MAX = 64 };

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), "public and own names must agree")

SAME(KWAAI_OFFLINE, KN_NODE_OFFLINE);
SAME(KWAAI_JOINING, KN_NODE_JOINING);
SAME(KWAAI_ONLINE, KN_NODE_ONLINE);
SAME(KWAAI_DRAINING, KN_NODE_DRAINING);

struct moment {
    struct kwaai_node_status status; /* first: what the caller holds is this */
    struct moment *self;             /* what is released, found from a caller's const pointer */
    atomic_uint references;
    struct kn_arena *arena;
    const char *addresses[ADDRESSES_MAX];
};

static void add_address(void *arg, struct kn_span address)
{
    struct moment *moment = arg;
    struct kn_text text = { 0 };

    if (moment->status.address_count < ADDRESSES_MAX &&
        kn_multiaddr_to_text(address, &text) == KN_OK)
        moment->addresses[moment->status.address_count++] =
            kn_arena_dup(moment->arena, kn_text_get(&text));
    if (text.failed)
        kn_arena_fail(moment->arena);
    kn_text_done(&text);
}

static const char *given_text(struct kn_arena *arena, const struct kn_string *text)
{
    return text->is == KN_GIVEN ? kn_arena_dup(arena, text->text) : NULL;
}

static int32_t given_int(const struct kn_int *number)
{
    return number->is == KN_GIVEN ? (int32_t)number->value : -1;
}

static void fill_round(const struct kn_announced *round, struct kwaai_node_status *out)
{
    out->announced_s = (int64_t)round->at;
    out->records = round->keys;
    out->acknowledged = round->acknowledged;
    out->visible_on = round->visible_on;
    out->asked = round->asked;
}

static void fill(struct moment *moment, const struct kn_node *node)
{
    const struct kn_node_config *config = kn_snapshot_config(kn_node_snapshot(node));
    struct kwaai_node_status *out = &moment->status;

    out->state = (enum kwaai_node_state)kn_node_state(node);
    out->peer_id = kn_arena_dup(moment->arena, kn_node_peer_id(node));
    out->name = given_text(moment->arena, &config->node.name);
    out->model = given_text(moment->arena, &config->model.name);
    out->prefix = given_text(moment->arena, &config->model.dht_prefix);
    out->start_block = given_int(&config->model.start_block);
    out->end_block = given_int(&config->model.end_block);
    out->total_blocks = given_int(&config->model.total_blocks);
    out->port = kn_node_port(node);
    kn_node_addresses(node, add_address, moment);
    out->peers = kn_node_peers(node);
    fill_round(kn_node_announced(node), out);
}

const struct kwaai_node_status *kn_moment_new(const struct kn_node *node, int64_t started_s,
                                              int64_t since_s, bool is_over)
{
    struct moment *moment = kn_try_alloc(sizeof(*moment));

    if (moment == NULL)
        return NULL;
    moment->self = moment;
    atomic_init(&moment->references, 1);
    moment->status = (struct kwaai_node_status){ .started_s = started_s,
                                                 .since_s = since_s,
                                                 .start_block = -1,
                                                 .end_block = -1,
                                                 .total_blocks = -1,
                                                 .addresses = moment->addresses };
    moment->arena = kn_arena_new();
    if (moment->arena != NULL && node != NULL)
        fill(moment, node);
    if (is_over) {
        moment->status.state = KWAAI_OFFLINE;
        moment->status.peers = 0;
    }
    if (moment->arena == NULL || kn_arena_failed(moment->arena)) {
        kn_moment_unref(&moment->status);
        return NULL;
    }
    return &moment->status;
}

static struct moment *moment_of(const struct kwaai_node_status *status)
{
    return status != NULL ? ((const struct moment *)status)->self : NULL;
}

const struct kwaai_node_status *kn_moment_ref(const struct kwaai_node_status *moment)
{
    atomic_fetch_add(&moment_of(moment)->references, 1);
    return moment;
}

void kn_moment_unref(const struct kwaai_node_status *status)
{
    struct moment *moment = moment_of(status);

    if (moment == NULL || atomic_fetch_sub(&moment->references, 1) != 1)
        return;
    kn_arena_free(moment->arena);
    kn_free(moment);
}
