/*
 * resolved — one setting after resolution: its value, where it came from, and what it beat.
 */
#ifndef KN_RESOLVE_RESOLVED_H
#define KN_RESOLVE_RESOLVED_H

#include "config/schema/layer.h"

struct kn_resolved {
    const struct kn_setting *setting;
    struct kn_value value; /* KN_AUTO: nothing has computed it yet; KN_ABSENT never */
    struct kn_origin origin;
    bool valid; /* false: the winner is wrong, `value` is the fallback */
    /* What named this setting, strongest first, the built-in value last; walk by ->weaker. */
    const struct kn_assignment *assignments;
    const struct kn_assignment *winner; /* the one of them that `value` comes from */
};

/* True when the value stands because somebody wrote it, not because it is built in or computed. */
bool kn_resolved_is_explicit(const struct kn_resolved *resolved);
bool kn_layer_is_explicit(enum kn_layer_kind layer);

#endif
