/*
 * cache — what an earlier start found out, as a layer: discovery_cache.yaml and calibration.yaml.
 *
 * A cache is never an error: one that is broken, of another swarm or another program's is a
 * warning and is left out. The network's facts:
 *
 *     discovery:
 *       timestamp: "2026-11-22T10:30:00Z"
 *       bootstraps: [QmQh…, Qmd3…]     # peer ids; another set is another swarm
 *       settings:                      # sections and keys as in a configuration
 *         model: {name: Llama-3.3-70B-Instruct, start_block: 68, end_block: 80}
 *       reasons:
 *         model.name: most popular, 127 providers
 *
 * and the machine's, as REQ-0.2.5 of the requirements gives them. Those have in addition the
 * fingerprint of the machine, and under `settings` what was asked for by name ("auto" for what
 * nobody wrote); they are left out when either is another now. A profile of 0 blocks says nothing,
 * and `preset` says which of them was chosen.
 */
#ifndef KN_SOURCES_CACHE_H
#define KN_SOURCES_CACHE_H

#include <stdint.h>

#include "config/schema/layer.h"

struct kn_yaml_document;

/*
 * Add what the caches say to the cache layer. The stronger layers are taken already: they say
 * which bootstraps, model and preset the facts must belong to. `now_s` is the wall clock, seconds
 * since 1970; `name` is the file's, for messages. A stale cache is used, with a warning.
 */
void kn_cache_take_discovery(const struct kn_source *source, const struct kn_yaml_document *doc,
                             const char *name, int64_t now_s);
void kn_cache_take_calibration(const struct kn_source *source, const struct kn_yaml_document *doc,
                               const char *name, int64_t now_s);

/* "2026-11-22T10:30:00Z" as seconds since 1970; false when it is no such time. spec: RFC 3339 §5.6
 */
bool kn_time_parse(const char *text, int64_t *out);

#endif
