#include "evil.h"

#include <math.h>

static void random_bytes(struct net *net, size_t n, struct kn_buffer *out)
{
    uint8_t *bytes = kn_buffer_extend(out, n);

    if (bytes != NULL)
        kn_random_fill(net_random(net), bytes, n);
}

/* Somebody near a key: nobody that there is, or a friend under a false id. */
static struct kn_dht_neighbour lie_about(struct net *net, const struct kn_dht_id *key)
{
    struct kn_dht_neighbour lie = { .id = *key };
    struct net_node *friend = net_at(net, kn_random_below(net_random(net), net_count(net)));

    kn_random_fill(net_random(net), lie.id.bytes + 16, 4);
    if (friend->manner != NET_HONEST && friend->dht != NULL) {
        lie.peer = friend->who.peer;
        return lie;
    }
    lie.peer = (struct kn_peer_id){ .kind = KN_PEER_ID_HASHED, .n = 34 };
    kn_random_fill(net_random(net), lie.peer.bytes, 34);
    lie.peer.bytes[0] = 0x12;
    lie.peer.bytes[1] = 0x20;
    return lie;
}

static void lie_to_find(struct net_node *node, struct kn_span bytes, struct kn_buffer *out)
{
    struct kn_dht_node self = { true, node->who.id };
    struct kn_dht_find_result result = { .found = KN_DHT_NOT_FOUND };
    struct kn_dht_neighbour lies[NET_FLOODED];
    struct kn_dht_find_request request;
    struct kn_dht_id key;
    size_t at = 0;

    if (kn_dht_find_request_decode(bytes, &request) != KN_OK)
        return;
    while (kn_dht_find_key(&request, &at, &key)) {
        for (size_t i = 0; i < NET_FLOODED; i++)
            lies[i] = lie_about(node->net, &key);
        kn_dht_find_result_encode(&result, lies, NET_FLOODED, out);
    }
    kn_dht_find_answer_end(&self, out);
}

/* Well formed outside, nonsense inside. */
static void spoil_find(struct net_node *node, struct kn_span bytes, struct kn_buffer *out)
{
    static const uint8_t no_msgpack[] = { 0xc1, 0x93, 0x01 };
    struct kn_dht_node self = { true, node->who.id };
    struct kn_dht_find_result result = { .value = { no_msgpack, sizeof(no_msgpack) } };
    struct kn_dht_find_request request;
    struct kn_dht_id key;
    size_t at = 0;

    if (kn_dht_find_request_decode(bytes, &request) != KN_OK)
        return;
    while (kn_dht_find_key(&request, &at, &key)) {
        uint64_t what = kn_random_below(net_random(node->net), 4);

        result.found = what < 2 ? KN_DHT_FOUND_DICTIONARY : KN_DHT_FOUND_REGULAR;
        result.expiration = what == 3 ? (double)NAN : net_true_time(node->net) + 1e6;
        kn_dht_find_result_encode(&result, NULL, 0, out);
    }
    kn_dht_find_answer_end(&self, out);
}

static void agree(struct net_node *node, enum kn_dht_method method, struct kn_span bytes,
                  struct kn_buffer *out)
{
    struct kn_dht_ping_answer pong = { { true, node->who.id }, net_true_time(node->net), true };
    struct kn_dht_store_request request;
    bool ok[64];

    if (method == KN_DHT_PING) {
        kn_dht_ping_answer_encode(&pong, out);
        return;
    }
    memset(ok, true, sizeof(ok));
    if (kn_dht_store_request_decode(bytes, &request) == KN_OK)
        kn_dht_store_answer_encode(&pong.node, ok, request.count < 64 ? request.count : 64, out);
}

bool evil_answer(struct net_node *node, enum kn_dht_method method, struct kn_span request,
                 struct kn_buffer *out)
{
    bool noise = kn_random_below(net_random(node->net), 4) == 0;

    if (node->manner == NET_DEAF)
        return false;
    if (node->manner == NET_GARBAGE && noise)
        random_bytes(node->net, (size_t)kn_random_below(net_random(node->net), 400), out);
    else if (method != KN_DHT_FIND)
        agree(node, method, request, out);
    else if (node->manner == NET_GARBAGE)
        spoil_find(node, request, out);
    else
        lie_to_find(node, request, out);
    return !out->failed;
}
