/*
 * Each token goes to the few experts that its router likes best; the tokens of one expert go
 * through it together. spec: transformers, modeling_mixtral.
 */
#include "compute/block/feed_forward.h"

#include <math.h>
#include <string.h>

#include "compute/kernels/pool.h"

enum { CHUNK = 256 }; /* features */

/* Logits become shares of the sum; 0: not chosen. */
static void choose(const struct kn_lane *router, uint32_t experts, uint32_t active)
{
    float shares[KN_DECODER_EXPERTS_MAX] = { 0 }, most = -INFINITY, sum = 0;
    bool chosen[KN_DECODER_EXPERTS_MAX] = { false };

    for (uint32_t e = 0; e < experts; e++)
        most = fmaxf(most, router->at[e * router->step]);
    for (uint32_t e = 0; e < experts; e++)
        shares[e] = expf(router->at[e * router->step] - most);
    for (uint32_t k = 0; k < active; k++) {
        uint32_t best = experts;

        for (uint32_t e = 0; e < experts; e++)
            if (!chosen[e] && (best == experts || shares[e] > shares[best]))
                best = e;
        chosen[best] = true;
        sum += shares[best];
    }
    for (uint32_t e = 0; e < experts; e++)
        router->at[e * router->step] = chosen[e] ? shares[e] / sum : 0;
}

/* The tokens of one expert. */
struct group {
    struct kn_piece *piece;
    struct kn_form form;
    struct kn_numbers router, input, gathered, made, mixed;
    uint32_t expert;
    uint16_t tokens[KN_PIECE_TOKENS];
};

static float share_of(const struct group *group, size_t token)
{
    struct kn_lane lane = kn_lane(&group->piece->form, &group->router, token);

    return lane.at[group->expert * lane.step];
}

static void find_tokens(struct group *group)
{
    size_t n = 0;

    for (size_t i = 0; i < group->piece->form.tokens; i++)
        if (share_of(group, i) != 0)
            group->tokens[n++] = (uint16_t)i;
    group->form = kn_form_of(n);
}

struct range {
    size_t from, to; /* features */
};

static struct range range_of(const struct group *group, unsigned chunk)
{
    size_t hidden = group->piece->decoder->hidden, from = (size_t)chunk * CHUNK;

    return (struct range){ .from = from, .to = hidden - from < CHUNK ? hidden : from + CHUNK };
}

/* Some features of all tokens; zeros in the lanes that nobody is in. */
static void gather_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct group *group = arg;
    struct range range = range_of(group, chunk);
    size_t end =
        group->form.panels ? kn_lane_groups(&group->form) * KN_LOOP_LANES : group->form.tokens;

    (void)thread;
    for (size_t i = 0; i < end; i++) {
        struct kn_lane to = kn_lane(&group->form, &group->gathered, i), from = { 0 };

        if (i < group->form.tokens)
            from = kn_lane(&group->piece->form, &group->input, group->tokens[i]);
        for (size_t k = range.from; k < range.to; k++)
            to.at[k * to.step] = from.at != NULL ? from.at[k * from.step] : 0;
    }
}

static void mix_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct group *group = arg;
    struct range range = range_of(group, chunk);

    (void)thread;
    for (size_t i = 0; i < group->form.tokens; i++) {
        struct kn_lane from = kn_lane(&group->form, &group->made, i);
        struct kn_lane to = kn_lane(&group->piece->form, &group->mixed, group->tokens[i]);
        float share = share_of(group, group->tokens[i]);

        for (size_t k = range.from; k < range.to; k++)
            to.at[k * to.step] += share * from.at[k * from.step];
    }
}

struct kn_numbers kn_piece_mixed(struct kn_piece *piece, const struct kn_block_weights *weights)
{
    const struct kn_decoder *d = piece->decoder;
    struct kn_form *form = &piece->form;
    struct group group = { .piece = piece,
                           .router = kn_numbers_out(form, piece->room.router, d->experts),
                           .input = kn_numbers_in(form, piece->room.input, d->hidden),
                           .mixed = kn_numbers_out(form, piece->room.mixed, d->hidden) };
    const struct kn_product route = { .weights = &weights->router, .out = group.router.at };
    unsigned chunks = (d->hidden + CHUNK - 1) / CHUNK;

    kn_piece_multiply(piece, form, &route, 1, group.input.at);
    for (size_t i = 0; i < form->tokens; i++) {
        struct kn_lane lane = kn_lane(form, &group.router, i);

        choose(&lane, d->experts, d->experts_active);
    }
    memset(group.mixed.at, 0, form->count * group.mixed.stride * sizeof(float));
    for (group.expert = 0; group.expert < d->experts; group.expert++) {
        find_tokens(&group);
        if (group.form.tokens == 0)
            continue;
        group.gathered = kn_numbers_in(&group.form, piece->room.gathered, d->hidden);
        kn_pool_run(piece->pool, chunks, gather_some, &group);
        group.made =
            kn_piece_gated(piece, &group.form, &weights->experts[group.expert], group.gathered.at);
        kn_pool_run(piece->pool, chunks, mix_some, &group);
    }
    return group.mixed;
}
