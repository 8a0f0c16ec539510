/*
 * levels — of which records the log is made: a level for all, and others for single modules. Pure.
 */
#ifndef KN_NODE_LOG_LEVELS_H
#define KN_NODE_LOG_LEVELS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/schema/words.h"

struct kn_log_levels {
    enum kn_level of[KN_LOG_MODULE_COUNT];
};

/* `modules` are texts such as "network=debug"; of two for one module the last counts, and one for
 * a module that there is not says nothing. */
void kn_log_levels_set(struct kn_log_levels *levels, enum kn_level all, const char *const *modules,
                       size_t n);

bool kn_log_levels_take(const struct kn_log_levels *levels, enum kn_level level,
                        enum kn_log_module module);

#endif
