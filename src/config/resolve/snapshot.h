/*
 * snapshot — the resolved configuration: which value won for each setting, where it came from,
 * and what it hid.
 *
 * Immutable and reference-counted; any thread may hold a reference. All texts that it gives live
 * as long as the snapshot.
 */
#ifndef KN_RESOLVE_SNAPSHOT_H
#define KN_RESOLVE_SNAPSHOT_H

#include "config/resolve/resolved.h"
#include "config/schema/node_config.h"

struct kn_snapshot;

/*
 * Resolve the layers: the winner per setting, the appended peers, the struct, the rules over
 * several settings, the mistakes that lost. The fallback layer must be complete. Takes the arena
 * of the layers, also when it fails (KN_E_NO_MEMORY only). The problems become the snapshot's.
 */
KN_MUST_USE enum kn_code kn_snapshot_new(KN_TAKES struct kn_layers *layers,
                                         struct kn_snapshot **out);

struct kn_snapshot *kn_snapshot_ref(struct kn_snapshot *snapshot);
void kn_snapshot_unref(struct kn_snapshot *snapshot);

const struct kn_node_config *kn_snapshot_config(const struct kn_snapshot *snapshot);
const struct kn_resolved *kn_snapshot_get(const struct kn_snapshot *snapshot,
                                          const struct kn_setting *setting);

/* Does the value of setting `key`, which exists, come from this layer? */
bool kn_snapshot_is_from(const struct kn_snapshot *snapshot, const char *key,
                         enum kn_layer_kind layer);

/* What the calibration in the cache was made for; its machine is not compared with any. */
const struct kn_calibrated *kn_snapshot_calibrated(const struct kn_snapshot *snapshot);

const struct kn_problems *kn_snapshot_problems(const struct kn_snapshot *snapshot);

/* No error among the problems. */
bool kn_snapshot_is_valid(const struct kn_snapshot *snapshot);

/* The next setting from `*at` on whose values differ, NULL at the end. Start with `*at` = 0. */
const struct kn_setting *kn_snapshot_diff(const struct kn_snapshot *a, const struct kn_snapshot *b,
                                          size_t *at);

#endif
