/*
 * dht_again — messages of the DHT, read and written again. For tests and fuzzing.
 *
 * Each function appends to `out` what it read and gives the code of the first thing that was
 * refused.
 */
#ifndef KN_TESTS_DHT_AGAIN_H
#define KN_TESTS_DHT_AGAIN_H

#include "network/dht/message.h"

static inline enum kn_code ping_request_again(struct kn_span bytes, struct kn_buffer *out)
{
    struct kn_dht_ping_request request;
    enum kn_code rc = kn_dht_ping_request_decode(bytes, &request);

    if (rc == KN_OK)
        kn_dht_ping_request_encode(&request, out);
    return rc;
}

static inline enum kn_code ping_answer_again(struct kn_span bytes, struct kn_buffer *out)
{
    struct kn_dht_ping_answer answer;
    enum kn_code rc = kn_dht_ping_answer_decode(bytes, &answer);

    if (rc == KN_OK)
        kn_dht_ping_answer_encode(&answer, out);
    return rc;
}

static inline enum kn_code find_request_again(struct kn_span bytes, struct kn_buffer *out)
{
    static struct kn_dht_id keys[KN_DHT_KEYS_MAX];
    struct kn_dht_find_request request;
    enum kn_code rc = kn_dht_find_request_decode(bytes, &request);
    size_t at = 0, n = 0;

    if (rc != KN_OK)
        return rc;
    while (kn_dht_find_key(&request, &at, &keys[n]))
        n++;
    kn_dht_find_request_encode(&request.node, keys, n, out);
    return n == request.key_count ? KN_OK : KN_E_CHANGED;
}

static inline enum kn_code find_answer_again(struct kn_span bytes, struct kn_buffer *out)
{
    static struct kn_dht_neighbour neighbours[KN_DHT_NEAREST_MAX];
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    enum kn_code rc = kn_dht_find_answer_decode(bytes, &answer);
    size_t at = 0, results = 0, nonsense = 0;
    bool failed = false;

    if (rc != KN_OK)
        return rc;
    while (kn_dht_find_result_next(&answer, &at, &result, &failed)) {
        struct kn_dht_neighbour_cursor pair = { 0 };
        size_t n = 0;

        while (kn_dht_find_neighbour(&result, &pair, &neighbours[n], &nonsense))
            n++;
        kn_dht_find_result_encode(&result, neighbours, n, out);
        results++;
    }
    kn_dht_find_answer_end(&answer.node, out);
    if (failed)
        return KN_E_INVALID;
    return results == answer.result_count ? KN_OK : KN_E_CHANGED;
}

static inline enum kn_code store_request_again(struct kn_span bytes, struct kn_buffer *out)
{
    static struct kn_dht_store_item items[KN_DHT_KEYS_MAX];
    struct kn_dht_store_cursor at = { 0 };
    struct kn_dht_store_request request;
    enum kn_code rc = kn_dht_store_request_decode(bytes, &request);
    size_t n = 0;

    if (rc != KN_OK)
        return rc;
    while (n < KN_DHT_KEYS_MAX && kn_dht_store_next(&request, &at, &items[n]))
        n++;
    kn_dht_store_request_encode(&request.node, items, n, out);
    return n == request.count && n <= request.offered ? KN_OK : KN_E_CHANGED;
}

static inline enum kn_code store_answer_again(struct kn_span bytes, struct kn_buffer *out)
{
    static bool ok[KN_DHT_KEYS_MAX];
    struct kn_dht_store_answer answer;
    enum kn_code rc = kn_dht_store_answer_decode(bytes, &answer);

    if (rc != KN_OK)
        return rc;
    for (size_t i = 0; i < answer.count; i++)
        ok[i] = kn_dht_store_answer_ok(&answer, i);
    kn_dht_store_answer_encode(&answer.node, ok, answer.count, out);
    return kn_dht_store_answer_ok(&answer, answer.count) ? KN_E_CHANGED : KN_OK;
}

typedef enum kn_code dht_again_fn(struct kn_span bytes, struct kn_buffer *out);

static const struct {
    const char *method;
    dht_again_fn *request, *answer;
} dht_again[] = {
    { "DHTProtocol.rpc_ping", ping_request_again, ping_answer_again },
    { "DHTProtocol.rpc_store", store_request_again, store_answer_again },
    { "DHTProtocol.rpc_find", find_request_again, find_answer_again },
};

#endif
