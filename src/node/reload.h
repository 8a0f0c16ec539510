/*
 * reload — inside of node.h: the configuration file read again while the node runs.
 *
 * What needs no new start holds at once, all of it or nothing: parts take their settings anew, the
 * swarm is told of what it sees of them, and where limits are others the range of blocks shrinks or
 * grows. Nobody is asked: what is known of the swarm and the machine is what the plan is made of.
 * spec: decisions D22
 */
#ifndef KN_NODE_RELOAD_H
#define KN_NODE_RELOAD_H

#include "node/plan/amend.h"

struct kn_json;
struct kn_node;

enum { KN_RELOAD_APART_MS = 50 }; /* between two that signals ask for */

/* What the last one brought. */
struct kn_reload_report {
    int64_t at_s;             /* seconds since 1970; 0: there was none */
    const char *path;         /* the node's: the file that is read, or would be */
    bool exists;              /* it was there, now or before */
    struct kn_error err;      /* code KN_OK: it holds; else nothing has changed */
    struct kn_error trouble;  /* of one part, which goes on as it was */
    struct kn_amendment what; /* of the last one */
    struct kn_amendment held; /* of the last one before it that held */
};

/* Read it now. The answer is in node->reloaded. */
void kn_reload(struct kn_node *node);

/* A signal asks for it: now, or in a moment when one was just done. */
void kn_reload_soon(struct kn_node *node);

/* What the control socket calls. */
enum kn_code kn_reload_asked(void *arg, const struct kn_json *request, struct kn_json **out,
                             struct kn_error *err);

/*
 * {"ok", "path", "exists", "changed": [{"key", "from", "to", "apply"}], "pending_restart": […],
 * "problems": […]}; NULL when memory is short.
 */
KN_MUST_USE struct kn_json *kn_reload_json(const struct kn_reload_report *report);

/* ["node.port", …]: what waits for the next start. */
KN_MUST_USE struct kn_json *kn_reload_waiting(const struct kn_reload_report *report);

/* What is wrong with the file that was read last: […]; empty while nothing is. */
KN_MUST_USE struct kn_json *kn_reload_problems(const struct kn_reload_report *report);

void kn_reload_done(struct kn_reload_report *report);

#endif
