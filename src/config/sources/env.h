/*
 * env — the environment as a layer: KWAAINET_SECTION_KEY and a few older names.
 */
#ifndef KN_SOURCES_ENV_H
#define KN_SOURCES_ENV_H

#include "config/schema/layer.h"

/*
 * Add what the variables ("NAME=value", ends with NULL) say. An empty variable is as if it were
 * not there; a KWAAINET_ variable that names nothing is a warning. Names in origins point into
 * the arena. `environment` may be NULL.
 */
void kn_env_take(const struct kn_source *source, const char *const *environment);

/* True for KWAAINET_ variables that are read elsewhere than in the table: KWAAINET_HOME. */
bool kn_env_is_reserved(const char *name);

#endif
