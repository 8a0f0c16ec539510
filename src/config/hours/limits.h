/*
 * limits — what a window does to the limits of the configuration.
 */
#ifndef KN_HOURS_LIMITS_H
#define KN_HOURS_LIMITS_H

#include "config/schema/node_config.h"

/* The limits of the configuration itself. */
struct kn_limits kn_limits_of(const struct kn_node_config *config);

/* `window` over `base`; what the window leaves out stays. NULL: no window is open. */
struct kn_limits kn_limits_over(const struct kn_limits *base, const struct kn_limits *window);

/* Nothing can be served with them: no memory, no model, or no processor. */
bool kn_limits_pause(const struct kn_limits *limits);

bool kn_limits_equal(const struct kn_limits *a, const struct kn_limits *b);

#endif
