/*
 * restart — the node is asked to begin anew: it looks whether the next start would go well, and
 * only then leaves the swarm. Whoever runs it then starts it again, in the same process.
 */
#ifndef KN_NODE_RESTART_H
#define KN_NODE_RESTART_H

#include "lib/base/error.h"

struct kn_json;
struct kn_node;

/*
 * A handler of control.h. {"restarts": true}: it leaves, and kn_node_restarts() says so after the
 * end. {"restarts": false, "problems": […]}: the configuration is wrong, and the node goes on as
 * it was; the problems have the shape that commands print. KN_E_UNSUPPORTED: nobody would start it
 * again. KN_E_BUSY: it ends already. Others: why a start would fail.
 */
KN_MUST_USE enum kn_code kn_restart_answer(void *node, const struct kn_json *request,
                                           struct kn_json **out, struct kn_error *err);

#endif
