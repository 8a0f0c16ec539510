#include "node/presence/visitor.h"

#include "lib/base/memory.h"
#include "lib/crypto/key.h"
#include "lib/crypto/random.h"
#include "node/presence/agent.h"

struct kn_visitor {
    struct kn_loop *loop;
    struct kn_key *key;
    struct kn_network *network;
};

static enum kn_code build(struct kn_visitor *visitor, struct kn_error *err)
{
    const struct kn_random random = kn_random_system();
    struct kn_network_options options = {
        .random = &random,
        .agent = KN_AGENT,
        .is_client = true,
    };
    enum kn_code rc = kn_loop_new(&visitor->loop, err);

    if (rc != KN_OK)
        return rc;
    if (kn_key_new(&random, &visitor->key) != KN_OK)
        return kn_fail_no_memory(err);
    options.loop = visitor->loop;
    options.identity = visitor->key;
    return kn_network_new(&options, &visitor->network, err);
}

enum kn_code kn_visitor_new(struct kn_visitor **out, struct kn_error *err)
{
    struct kn_visitor *visitor = kn_try_alloc(sizeof(*visitor));
    enum kn_code rc;

    if (visitor == NULL)
        return kn_fail_no_memory(err);
    rc = build(visitor, err);
    if (rc == KN_OK)
        *out = visitor;
    else
        kn_visitor_free(visitor);
    return rc;
}

void kn_visitor_free(struct kn_visitor *visitor)
{
    if (visitor == NULL)
        return;
    kn_network_free(visitor->network);
    kn_key_free(visitor->key);
    if (visitor->loop != NULL)
        kn_loop_free(visitor->loop);
    kn_free(visitor);
}

struct kn_loop *kn_visitor_loop(const struct kn_visitor *visitor)
{
    return visitor->loop;
}

struct kn_network *kn_visitor_network(const struct kn_visitor *visitor)
{
    return visitor->network;
}
