#include "node/plan/offer.h"

#include <math.h>
#include <stdio.h>

#include "compute/kernels/pool.h"
#include "node/trial/trial.h"

static bool is_given(enum kn_presence is)
{
    return is == KN_GIVEN;
}

static double cores_of(const struct kn_hardware *hardware)
{
    return hardware->cores > 0 ? hardware->cores : 1;
}

static double allowed_of(const struct kn_hardware *hardware, int percent)
{
    double allowed = cores_of(hardware);

    if (hardware->cpu_quota > 0)
        allowed = fmin(allowed, hardware->cpu_quota);
    return percent > 0 ? fmin(allowed, cores_of(hardware) * percent / 100) : allowed;
}

double kn_offer_share(const struct kn_hardware *hardware, int percent, unsigned threads)
{
    return threads > 0 ? fmin(1, allowed_of(hardware, percent) / threads) : 1;
}

void kn_offer_threads(const struct kn_hardware *hardware, int percent, unsigned *threads,
                      double *share)
{
    double allowed = allowed_of(hardware, percent);
    double wanted = hardware->physical_cores > 0 ? hardware->physical_cores : cores_of(hardware);

    *threads = (unsigned)fmax(1, fmin(ceil(allowed), fmin(wanted, KN_POOL_THREADS_MAX)));
    *share = fmin(1, allowed / *threads);
}

static enum kn_weights_as weights_of(const struct kn_node_config *config)
{
    const struct kn_choice *dtype = &config->model.dtype, *quant = &config->model.quant_type;
    enum kn_quant_type type =
        is_given(quant->is) ? (enum kn_quant_type)quant->value : KN_QUANT_NONE;

    if (type == KN_QUANT_NONE && !is_given(dtype->is))
        return KN_WEIGHTS_EXACT;
    return kn_trial_weights((enum kn_dtype)dtype->value, type);
}

static enum kn_tensor_dtype dtype_of(const struct kn_node_config *config)
{
    static const enum kn_tensor_dtype dtypes[] = {
        [KN_DTYPE_FLOAT16] = KN_TENSOR_F16,
        [KN_DTYPE_BFLOAT16] = KN_TENSOR_BF16,
        [KN_DTYPE_FLOAT32] = KN_TENSOR_F32,
    };

    return is_given(config->model.dtype.is) ? dtypes[config->model.dtype.value] : KN_TENSOR_F32;
}

static uint32_t given_or(const struct kn_int *number, uint32_t otherwise)
{
    return is_given(number->is) ? (uint32_t)number->value : otherwise;
}

/* spec: REQ-0.6.2; a fifth of what the blocks take, or so many tokens in each. */
static int64_t cache_bytes(const struct kn_node_config *config, const struct kn_plan *plan,
                           uint32_t blocks)
{
    int64_t token = plan->model.size.cache_numbers * KN_CACHE_NUMBER_BYTES;
    int64_t tokens = is_given(config->performance.cache_tokens.is)
                         ? config->performance.cache_tokens.value
                         : plan->model.fit.cache_tokens;

    return token * tokens * blocks;
}

static struct kn_serving_limits limits_of(const struct kn_node_config *config)
{
    const struct kn_performance_config *performance = &config->performance;

    return (struct kn_serving_limits){
        .compression = (enum kn_tensor_compression)performance->compression.value,
        .max_batch_tokens = given_or(&performance->max_batch_tokens, 0),
        .cache_wait_ms = kn_duration_ms(&performance->cache_wait_timeout),
        .session_ms = kn_duration_ms(&performance->session_timeout),
        .step_ms = kn_duration_ms(&performance->step_timeout),
        .request_ms = kn_duration_ms(&config->network.request_timeout),
    };
}

/* A node that moves waits for its sessions, but not longer than until it would look again. */
static int drain_ms(const struct kn_node_config *config)
{
    const struct kn_rebalance_config *rebalance = &config->model.rebalance;
    int session_ms = kn_duration_ms(&config->performance.session_timeout);
    int interval_ms = kn_duration_ms(&rebalance->interval);

    if (!rebalance->enabled.value)
        return 0;
    return interval_ms < session_ms ? interval_ms : session_ms;
}

/* False: it does not fit. */
static bool copy(char *out, size_t size, const char *text)
{
    int n = snprintf(out, size, "%s", text != NULL ? text : "");

    return n >= 0 && (size_t)n < size;
}

/* False: they are not on this machine, and stay so. */
static bool find_files(const struct kn_plan *plan, struct kn_blocks_wish *out)
{
    const struct kn_fetch_choice *fetch = &plan->fetch;

    if (!fetch->is_needed)
        return copy(out->folder, sizeof(out->folder), plan->folder);
    if (!fetch->is_allowed)
        return false;
    out->fetch.is_wanted = true;
    out->fetch.max_bytes = fetch->max_bytes;
    out->fetch.place = fetch->place;
    return copy(out->fetch.repository, sizeof(out->fetch.repository), fetch->repository) &&
           copy(out->fetch.revision, sizeof(out->fetch.revision), fetch->revision) &&
           copy(out->fetch.root, sizeof(out->fetch.root), fetch->root);
}

bool kn_offer_make(const struct kn_decision *d, const struct kn_hardware *hardware,
                   struct kn_blocks_wish *out)
{
    const struct kn_node_config *config = kn_snapshot_config(d->snapshot);
    const struct kn_performance_config *performance = &config->performance;
    const struct kn_int *percent = &config->resources.max_cpu_percent;
    struct kn_hardware machine = *hardware;

    if (!d->is_planned || !is_given(config->model.start_block.is))
        return false;
    *out = (struct kn_blocks_wish){
        .from = (uint32_t)config->model.start_block.value,
        .to = (uint32_t)config->model.end_block.value,
        .as = weights_of(config),
        .dtype = dtype_of(config),
        .max_length = given_or(&performance->max_sequence_tokens, 0),
        .limits = limits_of(config),
        .pass = { .min_tokens = given_or(&performance->min_batch_tokens, 0),
                  .max_sessions = given_or(&performance->max_concurrent, 0),
                  .max_bytes = performance->max_chunk_bytes.bytes },
        .drain_ms = drain_ms(config),
    };
    out->cache_bytes = cache_bytes(config, &d->plan, out->to - out->from);
    if (d->plan.measured.at_s > 0) /* as many as are fastest, within what is permitted */
        machine.physical_cores = (int)d->plan.measured.threads;
    kn_offer_threads(&machine, is_given(percent->is) ? (int)percent->value : 0, &out->threads,
                     &out->share);
    (void)snprintf(out->prefix, sizeof(out->prefix), "%s", config->model.dht_prefix.text);
    return find_files(&d->plan, out);
}

/* Somebody wrote it: what was estimated before anything was measured does not count. */
static double written_or(const struct kn_snapshot *snapshot, const char *key,
                         const struct kn_number *number, double measured)
{
    const struct kn_resolved *resolved = kn_snapshot_get(snapshot, kn_setting_find(key));

    return is_given(number->is) && resolved->origin.layer <= KN_LAYER_FILE ? number->value
                                                                           : measured;
}

void kn_offer_describe(const struct kn_snapshot *snapshot, const struct kn_blocks_report *report,
                       struct kn_server_info *info)
{
    const struct kn_performance_config *set = &kn_snapshot_config(snapshot)->performance;

    info->state = report != NULL ? KN_SERVER_ONLINE : KN_SERVER_JOINING;
    info->throughput = 0;
    info->forward_rps = info->inference_rps = info->network_rps = KN_NOT_GIVEN;
    info->cache_tokens_left = KN_NOT_GIVEN;
    if (report == NULL)
        return;
    info->forward_rps = written_or(snapshot, "performance.forward_rps", &set->forward_rps,
                                   report->speed->forward_tokens_per_s);
    info->inference_rps = written_or(snapshot, "performance.inference_rps", &set->inference_rps,
                                     report->speed->decode_tokens_per_s);
    info->network_rps =
        written_or(snapshot, "performance.network_rps", &set->network_rps, KN_NOT_GIVEN);
    info->throughput =
        written_or(snapshot, "performance.throughput", &set->throughput,
                   kn_speed_announced(info->forward_rps, report->wish->to - report->wish->from,
                                      info->network_rps >= 0 ? info->network_rps : INFINITY,
                                      info->using_relay == 1));
    /* spec: petals/server/server.py; its number counts keys and values apart. */
    info->cache_tokens_left = 2 * report->now.cache_tokens_left;
}
