/*
 * outside — the border of the public libraries: what another program hands in and gets out.
 *
 * Used by libkwaai-config and libkwaainet alike, so that both take the same options and tell of
 * the same problems.
 */
#ifndef KN_CONFIG_OUTSIDE_H
#define KN_CONFIG_OUTSIDE_H

#include "config/config.h"
#include "kwaainet/config.h"

/*
 * The request that the options stand for; words that are no setting become problems. Lends from
 * the options and the arena. KN_E_NO_MEMORY, or KN_E_UNKNOWN when the working folder is gone.
 */
KN_MUST_USE enum kn_code kn_outside_request(const struct kwaai_config_options *options,
                                            struct kn_arena *arena, struct kn_config_request *out,
                                            struct kn_error *err);

/* Texts are lent by the argument. */
struct kwaai_origin kn_outside_origin(const struct kn_origin *origin);

/* False when there is no such problem. Texts live as long as the snapshot. */
bool kn_outside_problem(const struct kn_snapshot *snapshot, size_t index,
                        struct kwaai_problem *out);

#endif
