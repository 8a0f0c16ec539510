/* find — the nodes nearest to an id. */
#include "lib/base/memory.h"
#include "network/dht/search.h"

struct finding {
    struct kn_dht_op op;
    struct kn_dht_search search;
    struct kn_dht_id id;
    size_t k;
    bool begun;
    kn_dht_nearest_fn *done;
    void *arg;
};

static void finish(struct finding *finding, enum kn_code code)
{
    struct kn_dht_neighbour near[KN_DHT_BEAM_MAX];
    size_t n = kn_dht_lookup_nearest(finding->search.lookup, 0, near, finding->k);

    finding->op.over = true;
    finding->done(finding->arg, code, near, n);
}

static void on_moved(struct kn_dht_op *op)
{
    struct finding *finding = (struct finding *)op;

    if (kn_dht_lookup_left(finding->search.lookup) == 0)
        finish(finding, KN_OK);
}

static void fire(struct kn_dht_op *op, bool late)
{
    struct finding *finding = (struct finding *)op;

    if (late) {
        finish(finding, KN_E_TIMEOUT);
        return;
    }
    if (!finding->begun)
        kn_dht_search_seed(&finding->search);
    finding->begun = true;
    kn_dht_search_step(&finding->search);
}

static void destroy(struct kn_dht_op *op)
{
    struct finding *finding = (struct finding *)op;

    kn_dht_search_done(&finding->search);
    kn_free(finding);
}

enum kn_code kn_dht_find_nearest(struct kn_dht *dht, const struct kn_dht_id *id, size_t k,
                                 kn_time deadline, kn_dht_nearest_fn *done, void *arg,
                                 struct kn_dht_op **out)
{
    enum kn_code rc = kn_dht_op_admit(dht);
    struct kn_dht_lookup_options how = { 0 };
    struct finding *finding = rc == KN_OK ? kn_try_alloc(sizeof(*finding)) : NULL;

    if (finding == NULL)
        return rc == KN_OK ? KN_E_NO_MEMORY : rc;
    finding->op = (struct kn_dht_op){ .dht = dht, .fire = fire, .destroy = destroy };
    finding->id = *id;
    finding->k = k < KN_DHT_BEAM_MAX ? k : KN_DHT_BEAM_MAX;
    finding->done = done;
    finding->arg = arg;
    finding->search = (struct kn_dht_search){
        .op = &finding->op, .keys = &finding->id, .n = 1, .moved = on_moved
    };
    how.beam = finding->k > KN_DHT_BUCKET_SIZE ? finding->k : KN_DHT_BUCKET_SIZE;
    if (!kn_dht_search_init(&finding->search, how)) {
        kn_free(finding);
        return KN_E_NO_MEMORY;
    }
    kn_dht_op_start(dht, &finding->op, deadline);
    *out = &finding->op;
    return KN_OK;
}
