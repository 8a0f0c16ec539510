/*
 * population — the records of a made-up swarm: four models and everybody who serves them.
 *
 * What nodes of Petals would have stored: a registry entry for each model, and under every block
 * each provider's word about itself. 127 providers of Llama-3.3-70B-Instruct thin out towards its
 * end (89 to 127 for blocks 0-20, 45 to 88 for 21-60, 2 to 44 for 61-79, 2 to 15 for 68-79), 89 of
 * Llama-3.1-8B-Instruct, 45 of Qwen2.5-72B-Instruct, 23 of DeepSeek-V3, which leave its last blocks
 * to nobody. Also what no reader may count: one that is JOINING, records that break Petals' rules,
 * and such as have ended. Providers have peer ids and nothing behind them.
 */
#ifndef KN_DEMO_POPULATION_H
#define KN_DEMO_POPULATION_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/random.h"
#include "lib/base/span.h"

enum {
    KN_DEMO_MODELS = 4,
    KN_DEMO_PROVIDERS = 127 + 89 + 45 + 23,
    KN_DEMO_EXPIRED = 6,        /* providers that are gone, of the least served blocks */
    KN_DEMO_LIFETIME_S = 86400, /* of what is alive: nobody renews it */
    KN_DEMO_ENDED_S = 60,       /* ago, for what is not */
};

/* All lent for the call. */
struct kn_demo_record {
    const char *key;
    struct kn_span subkey, value; /* MessagePack */
    double expiration;            /* seconds since 1970 */
};

/* False: enough. */
typedef bool kn_demo_record_fn(void *arg, const struct kn_demo_record *record);

/*
 * Hand every record to `take`, those that have ended last. Peer ids and figures follow from
 * `random`; `now` in seconds since 1970. KN_E_NO_MEMORY; KN_E_CANCELLED: `take` said enough.
 */
KN_MUST_USE enum kn_code kn_demo_populate(const struct kn_random *random, double now,
                                          kn_demo_record_fn *take, void *arg);

#endif
