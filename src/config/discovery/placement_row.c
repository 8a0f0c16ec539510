#include "config/discovery/placement_row.h"

#include "lib/base/memory.h"
#include "lib/base/random.h"

/* Why one of equally served windows is taken before another. */
enum preference { ANY, ALIGNED, CHAINED };

enum kn_code kn_placement_row_init(struct kn_placement_row *row,
                                   const struct kn_placement_request *request)
{
    uint32_t n = request->num_blocks;

    *row = (struct kn_placement_row){ .n = n };
    row->weights = kn_try_alloc(n * sizeof(*row->weights));
    row->is_end = kn_try_alloc(n * sizeof(*row->is_end));
    if (row->weights == NULL || row->is_end == NULL)
        return KN_E_NO_MEMORY;
    for (uint32_t i = 0; i < n; i++)
        row->weights[i] = kn_weight_of_block(&request->blocks[i]);
    for (size_t i = 0; i < request->server_count; i++) {
        const struct kn_placement_server *server = &request->servers[i];

        if (server->start < server->end && server->end < n)
            row->is_end[server->end] = true;
    }
    return KN_OK;
}

void kn_placement_row_done(struct kn_placement_row *row)
{
    kn_free(row->weights);
    kn_free(row->is_end);
}

static enum preference preference_of(const struct kn_placement_row *row, uint32_t start,
                                     uint32_t length)
{
    if (row->is_end[start])
        return CHAINED;
    return start % length == 0 || start + length == row->n ? ALIGNED : ANY;
}

/* Keep the most preferred of `starts`, which are counted from `offset`; how many. */
static uint32_t keep_preferred(const struct kn_placement_row *row, uint32_t length, uint32_t offset,
                               uint32_t *starts, uint32_t count)
{
    enum preference best = ANY;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        enum preference preference = preference_of(row, offset + starts[i], length);

        if (preference > best) {
            best = preference;
            kept = 0;
        }
        if (preference == best)
            starts[kept++] = starts[i];
    }
    return kept;
}

enum kn_code kn_placement_row_best(const struct kn_placement_row *row,
                                   struct kn_placement_range among, uint32_t length, uint64_t seed,
                                   uint32_t *start)
{
    struct kn_weights part = { row->weights + among.start, among.end - among.start };
    uint32_t *starts = kn_try_alloc((part.n - length + 1) * sizeof(*starts));
    uint32_t count = 0;
    enum kn_code rc;

    if (starts == NULL)
        return KN_E_NO_MEMORY;
    rc = kn_windows_best(part, length, starts, &count);
    if (rc == KN_OK) {
        count = keep_preferred(row, length, among.start, starts, count);
        if (count > 0)
            *start = among.start + starts[kn_placement_mix(seed, 0) % count];
    }
    kn_free(starts);
    return rc;
}

uint64_t kn_placement_mix(uint64_t seed, uint64_t salt)
{
    uint64_t state = seed ^ (salt * UINT64_C(0xd1342543de82ef95));
    struct kn_random random = kn_random_seeded(&state);

    return kn_random_below(&random, UINT64_MAX);
}

double kn_placement_chance(uint64_t seed, uint64_t salt)
{
    enum { FRACTION_BITS = 53 }; /* that a double holds */

    return (double)(kn_placement_mix(seed, salt) >> (64 - FRACTION_BITS)) /
           (double)(UINT64_C(1) << FRACTION_BITS);
}
