/*
 * fallback — the built-in values as the weakest layer.
 */
#ifndef KN_RESOLVE_FALLBACK_H
#define KN_RESOLVE_FALLBACK_H

#include "config/schema/layer.h"

/* Add every row's fallback. source->base is the data folder: built-in paths lie there. */
void kn_fallback_take(const struct kn_source *source);

#endif
