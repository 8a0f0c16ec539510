/*
 * crosscheck — run the rules over several settings and say where each broken one stands.
 */
#ifndef KN_RESOLVE_CROSSCHECK_H
#define KN_RESOLVE_CROSSCHECK_H

#include "config/resolve/resolved.h"

struct kn_node_config;

/*
 * Run every rule of kn_checks[] whose settings are all valid. A broken one becomes a problem at
 * the later of its keys in the file, else at the strongest explicit one; when its keys come from
 * different sources it is a merge problem. `settings` is in the order of the table; `file` is
 * what the file layer was read from, or NULL.
 */
void kn_crosscheck(const struct kn_node_config *config, const struct kn_resolved *settings,
                   const struct kn_yaml_document *file, struct kn_problems *problems);

#endif
