#include <math.h>
#include <stdlib.h>

#include "config/discovery/placement.h"
#include "config/discovery/placement_window.h"
#include "lib/base/memory.h"

/* A server cannot claim more, so that no sum of weights leaves its type, and none is infinite. */
static const double throughput_max = 1e6;
static const double weights_in_one = 1e6;

static kn_weight weight_within(double throughput, double max)
{
    if (!(throughput > 0)) /* nor is what is no number */
        return 0;
    return (kn_weight)llround((throughput < max ? throughput : max) * weights_in_one);
}

kn_weight kn_weight_of_throughput(double throughput)
{
    return weight_within(throughput, throughput_max);
}

kn_weight kn_weight_of_block(const struct kn_block_facts *block)
{
    return weight_within(block->throughput, throughput_max * KN_PLACEMENT_SERVERS_MAX);
}

double kn_weight_as_throughput(kn_weight weight)
{
    return (double)weight / weights_in_one;
}

static int compare_weights(const void *left, const void *right)
{
    kn_weight a = *(const kn_weight *)left, b = *(const kn_weight *)right;

    return (a > b) - (a < b);
}

enum kn_code kn_weight_of_joining(const struct kn_placement_server *servers, size_t n,
                                  kn_weight *out)
{
    kn_weight *sorted = kn_try_alloc((n + 1) * sizeof(*sorted));
    size_t online = 0;
    kn_weight median = 0;

    if (sorted == NULL)
        return KN_E_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (servers[i].online)
            sorted[online++] = kn_weight_of_throughput(servers[i].throughput);
    }
    qsort(sorted, online, sizeof(*sorted), compare_weights);
    if (online > 0)
        median = (sorted[(online - 1) / 2] + sorted[online / 2]) / 2;
    kn_free(sorted);
    *out = median > 0 ? median : kn_weight_of_throughput(1);
    return KN_OK;
}

/* Changes at the start and the end of each server, which the sum along the blocks makes counts. */
struct change {
    int64_t online, joining;
    kn_weight weight;
};

static void count_server(const struct kn_placement_server *server, kn_weight median,
                         struct change *changes, uint32_t block_count)
{
    uint32_t end = server->end < block_count ? server->end : block_count;
    kn_weight weight = median;

    if (server->start >= end)
        return;
    if (server->online && kn_weight_of_throughput(server->throughput) > median)
        weight = kn_weight_of_throughput(server->throughput);
    changes[server->start].weight += weight;
    changes[end].weight -= weight;
    changes[server->start].online += server->online ? 1 : 0;
    changes[end].online -= server->online ? 1 : 0;
    changes[server->start].joining += server->online ? 0 : 1;
    changes[end].joining -= server->online ? 0 : 1;
}

static void sum_changes(const struct change *changes, struct kn_block_facts *blocks, size_t n)
{
    struct change sum = { 0 };

    for (size_t i = 0; i < n; i++) {
        sum.online += changes[i].online;
        sum.joining += changes[i].joining;
        sum.weight += changes[i].weight;
        blocks[i] = (struct kn_block_facts){ (uint32_t)sum.online, (uint32_t)sum.joining,
                                             kn_weight_as_throughput(sum.weight) };
    }
}

enum kn_code kn_placement_weigh(const struct kn_placement_server *servers, size_t server_count,
                                struct kn_block_facts *blocks, size_t block_count)
{
    struct change *changes;
    kn_weight median;
    enum kn_code rc;

    if (server_count > KN_PLACEMENT_SERVERS_MAX || block_count > KN_PLACEMENT_BLOCKS_MAX)
        return KN_E_LIMIT;
    rc = kn_weight_of_joining(servers, server_count, &median);
    if (rc != KN_OK)
        return rc;
    changes = kn_try_alloc((block_count + 1) * sizeof(*changes));
    if (changes == NULL)
        return KN_E_NO_MEMORY;
    for (size_t i = 0; i < server_count; i++)
        count_server(&servers[i], median, changes, (uint32_t)block_count);
    sum_changes(changes, blocks, block_count);
    kn_free(changes);
    return KN_OK;
}
