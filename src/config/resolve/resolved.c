#include "config/resolve/resolved.h"

bool kn_layer_is_explicit(enum kn_layer_kind layer)
{
    return layer == KN_LAYER_CLI || layer == KN_LAYER_ENV || layer == KN_LAYER_FILE;
}

bool kn_resolved_is_explicit(const struct kn_resolved *resolved)
{
    return kn_layer_is_explicit(resolved->origin.layer);
}
