#include "config/discovery/placement.h"

#include <stdio.h>

#include "config/discovery/placement_row.h"

enum { COUNT_TEXT_SIZE = 48 };

static bool is_pinned(const struct kn_placement_request *request)
{
    return request->start != KN_FACT_UNKNOWN || request->end != KN_FACT_UNKNOWN;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static enum kn_code check_model(const struct kn_placement_request *request, struct kn_error *err)
{
    if (request->num_blocks == 0)
        return kn_fail(err, KN_E_INVALID, "the model has no blocks");
    if (request->num_blocks > KN_PLACEMENT_BLOCKS_MAX)
        return kn_fail(err, KN_E_LIMIT, "the model has %u blocks, more than %d",
                       request->num_blocks, KN_PLACEMENT_BLOCKS_MAX);
    return KN_OK;
}

static enum kn_code check_pinned_ends(const struct kn_placement_request *request,
                                      struct kn_error *err)
{
    int64_t n = request->num_blocks;
    enum kn_code rc = KN_OK;

    if (request->start != KN_FACT_UNKNOWN && (request->start < 0 || request->start >= n)) {
        rc = kn_fail(err, KN_E_RANGE,
                     "start_block %lld is outside the model, which has blocks 0-%lld",
                     (long long)request->start, (long long)(n - 1));
        kn_hint(err, "Choose a start_block of 0 to %lld, or leave it automatic.",
                (long long)(n - 1));
    } else if (request->end != KN_FACT_UNKNOWN && (request->end < 1 || request->end > n)) {
        rc = kn_fail(err, KN_E_RANGE, "end_block %lld is outside the model, which ends at %lld",
                     (long long)request->end, (long long)n);
        kn_hint(err,
                "The end is exclusive: choose an end_block of 1 to %lld, or leave it automatic.",
                (long long)n);
    } else if (request->start != KN_FACT_UNKNOWN && request->end != KN_FACT_UNKNOWN &&
               request->start >= request->end) {
        rc = kn_fail(err, KN_E_RANGE, "end_block %lld is not after start_block %lld",
                     (long long)request->end, (long long)request->start);
        kn_hint(err, "The end is exclusive: one block from %lld is an end_block of %lld.",
                (long long)request->start, (long long)request->start + 1);
    }
    return rc;
}

/* Both ends are pinned: what does not fit is not cut, it stops the start. spec: REQ-0.5.6 */
static enum kn_code check_pinned_length(const struct kn_placement_request *request,
                                        struct kn_error *err)
{
    uint32_t max = request->max > request->planned ? request->max : request->planned;
    int64_t length = request->end - request->start;
    enum kn_code rc;

    if (length <= max)
        return KN_OK;
    rc = kn_fail(err, KN_E_LIMIT,
                 "blocks %lld-%lld are %lld blocks, and at most %u fit this machine",
                 (long long)request->start, (long long)request->end - 1, (long long)length, max);
    if (max > 0)
        kn_hint(err, "Set an end_block of at most %lld, or leave it automatic.",
                (long long)request->start + max);
    else
        kn_hint(err,
                "Choose a smaller model, or leave start_block and end_block automatic: then this "
                "node joins without blocks.");
    return rc;
}

static void place_nowhere(struct kn_placement *out)
{
    *out = (struct kn_placement){ .by = KN_PLACED_NOWHERE };
    (void)snprintf(out->reason, sizeof(out->reason), "not one block fits this machine");
}

static enum kn_code place_pinned(const struct kn_placement_request *request,
                                 struct kn_placement *out, struct kn_error *err)
{
    int64_t n = request->num_blocks, planned = request->planned;
    enum kn_code rc = check_pinned_ends(request, err);
    const char *reason = "start_block and end_block are set";

    if (rc == KN_OK && request->start != KN_FACT_UNKNOWN && request->end != KN_FACT_UNKNOWN)
        rc = check_pinned_length(request, err);
    if (rc != KN_OK)
        return rc;
    *out = (struct kn_placement){ .by = KN_PLACED_PINNED };
    if (request->start == KN_FACT_UNKNOWN) {
        out->end = (uint32_t)request->end;
        out->start = planned < request->end ? (uint32_t)(request->end - planned) : 0;
        reason = "end_block is set";
    } else if (request->end == KN_FACT_UNKNOWN) {
        out->start = (uint32_t)request->start;
        out->end = (uint32_t)(planned < n - request->start ? request->start + planned : n);
        reason = "start_block is set";
    } else {
        out->start = (uint32_t)request->start;
        out->end = (uint32_t)request->end;
    }
    if (out->start == out->end)
        place_nowhere(out);
    else
        (void)snprintf(out->reason, sizeof(out->reason), "%s", reason);
    return KN_OK;
}

static void count_providers(const struct kn_placement_request *request, struct kn_placement *out)
{
    if (request->blocks == NULL || out->start == out->end)
        return;
    out->least = out->most = request->blocks[out->start].online;
    for (uint32_t i = out->start; i < out->end; i++) {
        uint32_t online = request->blocks[i].online;

        out->least = online < out->least ? online : out->least;
        out->most = online > out->most ? online : out->most;
    }
}

static uint32_t most_joining(const struct kn_placement_request *request,
                             const struct kn_placement *place)
{
    uint32_t most = 0;

    for (uint32_t i = place->start; i < place->end; i++)
        most = request->blocks[i].joining > most ? request->blocks[i].joining : most;
    return most;
}

/* spec: REQ-0.5.7 */
static void explain_least_served(const struct kn_placement_request *request,
                                 struct kn_placement *place)
{
    uint32_t joining = most_joining(request, place);
    char providers[COUNT_TEXT_SIZE], others[COUNT_TEXT_SIZE] = "";

    if (place->most == 0)
        (void)snprintf(providers, sizeof(providers), "no providers");
    else if (place->least == place->most)
        (void)snprintf(providers, sizeof(providers), "%u provider%s", place->most,
                       plural(place->most));
    else
        (void)snprintf(providers, sizeof(providers), "%u-%u providers", place->least, place->most);
    if (joining > 0)
        (void)snprintf(others, sizeof(others), ", up to %u joining", joining);
    (void)snprintf(place->reason, sizeof(place->reason), "least served on the network: %s%s",
                   providers, others);
}

void kn_placement_at(const struct kn_placement_request *request, struct kn_placement_range range,
                     struct kn_placement *out)
{
    *out = (struct kn_placement){ .by = KN_PLACED_LEAST_SERVED,
                                  .start = range.start,
                                  .end = range.end };
    count_providers(request, out);
    explain_least_served(request, out);
}

static enum kn_code place_least_served(const struct kn_placement_request *request,
                                       struct kn_placement *out, struct kn_error *err)
{
    struct kn_placement_range range = { 0, request->num_blocks };
    struct kn_placement_row row;
    enum kn_code rc = kn_placement_row_init(&row, request);

    if (rc == KN_OK)
        rc = kn_placement_row_best(&row, range, request->planned, request->seed, &range.start);
    kn_placement_row_done(&row);
    if (rc != KN_OK)
        return kn_fail_no_memory(err);
    range.end = range.start + request->planned;
    kn_placement_at(request, range, out);
    return KN_OK;
}

enum kn_code kn_placement_choose(const struct kn_placement_request *request,
                                 struct kn_placement *out, struct kn_error *err)
{
    enum kn_code rc = check_model(request, err);

    if (rc != KN_OK)
        return rc;
    if (is_pinned(request)) {
        rc = place_pinned(request, out, err);
        if (rc == KN_OK)
            count_providers(request, out);
        return rc;
    }
    if (request->planned == 0) {
        place_nowhere(out);
        return KN_OK;
    }
    if (request->planned < request->num_blocks && request->blocks != NULL)
        return place_least_served(request, out, err);
    *out = (struct kn_placement){ .by = KN_PLACED_BLINDLY, .end = request->planned };
    (void)snprintf(out->reason, sizeof(out->reason),
                   "from block 0, as nobody told which blocks are served");
    if (request->planned >= request->num_blocks) {
        out->by = KN_PLACED_WHOLE;
        out->end = request->num_blocks;
        (void)snprintf(out->reason, sizeof(out->reason), "the whole model");
    }
    count_providers(request, out);
    return KN_OK;
}
