/*
 * caches — what was found out, for the next start: discovery_cache.yaml and calibration.yaml.
 *
 * The shapes are those that config/sources/cache.h reads. A cache that cannot be written is no
 * failure of the node: the next start finds everything out again.
 */
#ifndef KN_NODE_PLAN_CACHES_H
#define KN_NODE_PLAN_CACHES_H

#include "node/plan/plan.h"
#include "node/presence/look.h"

struct kn_caches {
    const struct kn_config_paths *paths;
    const struct kn_plan *plan;
    const struct kn_snapshot *snapshot; /* final */
    const struct kn_hardware *hardware;
    const char *const *bootstraps; /* addresses of the configuration */
    size_t bootstrap_count;
    bool swarm_is_known; /* else the discovery cache stays as it is */
    int64_t now_s;
};

/* Write both, durably. KN_OK, or the first failure, with a text that names the file. */
KN_MUST_USE enum kn_code kn_caches_write(const struct kn_caches *caches, struct kn_error *err);

/* The text of the discovery cache. */
void kn_discovery_cache_print(const struct kn_caches *caches, struct kn_text *out);

#endif
