#include "demo/population.h"

#include <stdio.h>
#include <string.h>

#include "lib/codec/msgpack.h"
#include "lib/codec/peer_id.h"
#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "network/petals/server_info.h"

enum { SPANS = 3, SEED_SIZE = 32, NAME_SIZE = 32 };

/* Providers serve `spans[i % SPANS]` blocks each, from the first block to `served` evenly. */
struct model {
    const char *repository;
    uint32_t blocks, providers, served, spans[SPANS];
};

static const struct model models[KN_DEMO_MODELS] = {
    { KN_HUB_ADDRESS "meta-llama/Llama-3.3-70B-Instruct", 80, 127, 80, { 0 } }, /* thinning() */
    { KN_HUB_ADDRESS "meta-llama/Llama-3.1-8B-Instruct", 32, 89, 32, { 32, 16, 8 } },
    { KN_HUB_ADDRESS "Qwen/Qwen2.5-72B-Instruct", 80, 45, 80, { 24, 16, 12 } },
    { KN_HUB_ADDRESS "deepseek-ai/DeepSeek-V3", 61, 23, 48, { 8, 6, 4 } },
};
enum { LARGE, SMALL }; /* rows above */

/* How many serve a block of the large model: straight between these. The providers that have
 * joined by block TOP leave one after the other, as they came. */
static const struct {
    uint32_t block, providers;
} thinning[] = {
    { 10, 127 }, { 20, 89 }, { 21, 88 }, { 60, 45 }, { 61, 44 },
    { 67, 16 },  { 68, 15 }, { 79, 2 },  { 80, 0 },
};
enum { TOP = 10, FIRST = 89, TAIL = 68 };

struct writer {
    const struct kn_random *random;
    double expiration;
    kn_demo_record_fn *take;
    void *arg;
    struct kn_prefix prefix; /* of the model under way */
    struct kn_buffer subkey, value;
    uint32_t written;
    enum kn_code code;
};

static uint32_t providers_of(uint32_t block)
{
    size_t i = 0;
    uint32_t from, to;

    while (block > thinning[i + 1].block)
        i++;
    from = thinning[i].block;
    to = thinning[i + 1].block;
    return thinning[i].providers -
           (thinning[i].providers - thinning[i + 1].providers) * (block - from) / (to - from);
}

static void place_large(uint32_t i, uint32_t *start, uint32_t *end)
{
    uint32_t all = thinning[0].providers, block = TOP + 1;

    while (all - providers_of(block) <= i)
        block++;
    *start = i < FIRST ? 0 : 1 + (i - FIRST) * TOP / (all - FIRST);
    *end = block;
}

static void place(const struct model *model, uint32_t i, uint32_t *start, uint32_t *end)
{
    uint32_t span = model->spans[i % SPANS];

    if (model == &models[LARGE]) {
        place_large(i, start, end);
        return;
    }
    *start = (model->served - span) * i / (model->providers - 1);
    *end = *start + span;
}

/* An Ed25519 key that nobody has: the multihash of its protobuf. */
static void make_peer(struct writer *w)
{
    static const uint8_t head[] = { 0x00, 0x24, 0x08, 0x01, 0x12, 0x20 };
    uint8_t bytes[sizeof(head) + SEED_SIZE];
    char text[KN_PEER_ID_TEXT_SIZE];
    struct kn_peer_id peer;

    memcpy(bytes, head, sizeof(head));
    kn_random_fill(w->random, bytes + sizeof(head), SEED_SIZE);
    if (kn_peer_id_from_bytes(bytes, sizeof(bytes), &peer, NULL) == KN_OK)
        kn_peer_id_print(&peer, text);
    else
        text[0] = '\0';
    kn_buffer_clear(&w->subkey);
    kn_msgpack_write_text(&w->subkey, kn_span_text(text));
}

/* A number from `low` to `high`. */
static double between(struct writer *w, unsigned low, unsigned high)
{
    return low + (double)kn_random_below(w->random, (high - low) * 100 + 1) / 100;
}

/* What Petals' own servers say of themselves. */
static void make_info(struct writer *w, enum kn_server_state state, uint32_t start, uint32_t end)
{
    struct kn_server_info info;
    char name[NAME_SIZE];

    kn_server_info_init(&info);
    info.state = state;
    info.start_block = start;
    info.end_block = end;
    (void)snprintf(name, sizeof(name), "volunteer-%03u", (unsigned)++w->written);
    kn_server_text_set(&info.public_name, name);
    kn_server_text_set(&info.version, "2.3.0.dev2");
    kn_server_text_set(&info.torch_dtype, "bfloat16");
    kn_server_text_set(&info.quant_type, "nf4");
    info.throughput = between(w, 20, 40);
    info.network_rps = between(w, 200, 1600);
    info.forward_rps = between(w, 1000, 9000);
    info.inference_rps = between(w, 20, 60);
    info.using_relay = 0;
    info.cache_tokens_left = 8192 * (int64_t)(1 + kn_random_below(w->random, 16));
    kn_buffer_clear(&w->value);
    kn_server_info_encode(&info, &w->value);
}

static void put(struct writer *w, const char *key)
{
    const struct kn_demo_record record = { key, kn_buffer_get(&w->subkey), kn_buffer_get(&w->value),
                                           w->expiration };

    if (w->code != KN_OK)
        return;
    if (w->subkey.failed || w->value.failed)
        w->code = KN_E_NO_MEMORY;
    else if (!w->take(w->arg, &record))
        w->code = KN_E_CANCELLED;
}

static void put_block(struct writer *w, uint32_t block)
{
    char key[KN_BLOCK_KEY_SIZE];

    kn_block_key(w->prefix.text, block, key);
    put(w, key);
}

static void put_provider(struct writer *w, enum kn_server_state state, uint32_t start, uint32_t end)
{
    make_peer(w);
    make_info(w, state, start, end);
    for (uint32_t block = start; block < end; block++)
        put_block(w, block);
}

static void put_model(struct writer *w, const struct model *model)
{
    const struct kn_model_info info = { model->blocks, kn_span_text(model->repository) };

    kn_buffer_clear(&w->subkey);
    kn_buffer_clear(&w->value);
    kn_msgpack_write_text(&w->subkey, kn_span_text(w->prefix.text));
    kn_model_info_encode(&info, &w->value);
    put(w, KN_REGISTRY_KEY);
}

static void enter(struct writer *w, const struct model *model)
{
    const char *name = strrchr(model->repository, '/') + 1;
    struct kn_prefix plain;

    if (w->code == KN_OK)
        w->code =
            kn_prefix_of_model(model->repository, kn_prefix_family_of(name), &w->prefix, &plain);
}

static void put_all(struct writer *w, const struct model *model)
{
    enter(w, model);
    put_model(w, model);
    for (uint32_t i = 0; i < model->providers; i++) {
        uint32_t start, end;

        place(model, i, &start, &end);
        put_provider(w, KN_SERVER_ONLINE, start, end);
    }
}

/* A tuple of state, throughput and an empty map. spec: records, section A */
static void put_odd(struct writer *w, int64_t state, bool whole)
{
    struct kn_buffer items = { 0 };

    make_peer(w);
    kn_msgpack_write_array(&items, 3);
    kn_msgpack_write_int(&items, state);
    if (whole)
        kn_msgpack_write_int(&items, 5); /* an int where a float belongs */
    else
        kn_msgpack_write_float(&items, -1.0);
    kn_msgpack_write_map(&items, 0);
    kn_buffer_clear(&w->value);
    kn_msgpack_write_ext(&w->value, KN_MSGPACK_TUPLE, kn_buffer_get(&items));
    if (items.failed)
        kn_buffer_fail(&w->value);
    put_block(w, TAIL);
    kn_buffer_done(&items);
}

/* All of them MessagePack: hivemind's nodes keep that, whatever it says. */
static void put_malformed(struct writer *w)
{
    enter(w, &models[LARGE]);
    put_odd(w, 2, true);
    put_odd(w, 2, false);
    put_odd(w, 7, false);
    make_peer(w);
    kn_buffer_clear(&w->value);
    kn_msgpack_write_text(&w->value, kn_span_text("ONLINE"));
    put_block(w, TAIL);
    make_info(w, KN_SERVER_ONLINE, TAIL, TAIL + 1);
    kn_buffer_clear(&w->subkey);
    kn_msgpack_write_text(&w->subkey, kn_span_text("not a peer id"));
    put_block(w, TAIL);
}

enum kn_code kn_demo_populate(const struct kn_random *random, double now, kn_demo_record_fn *take,
                              void *arg)
{
    struct writer w = { .random = random, .take = take, .arg = arg };

    w.expiration = now + KN_DEMO_LIFETIME_S;
    for (size_t i = 0; i < KN_COUNT(models); i++)
        put_all(&w, &models[i]);
    enter(&w, &models[SMALL]);
    put_provider(&w, KN_SERVER_JOINING, 0, models[SMALL].blocks);
    put_malformed(&w);
    w.expiration = now - KN_DEMO_ENDED_S;
    for (int i = 0; i < KN_DEMO_EXPIRED; i++)
        put_provider(&w, KN_SERVER_ONLINE, TAIL, models[LARGE].blocks);
    kn_buffer_done(&w.subkey);
    kn_buffer_done(&w.value);
    return w.code;
}
