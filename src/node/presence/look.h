/*
 * look — what the swarm serves right now: enter it, read the registry, read every block.
 *
 * The first bootstrap that answers begins it. Others may still come in until as much time has
 * passed again: peers that do not copy each other's records are then asked as well. Who is in the
 * swarm already names the bootstraps that it has met, and begins at once. Belongs to the loop
 * thread.
 */
#ifndef KN_NODE_PRESENCE_LOOK_H
#define KN_NODE_PRESENCE_LOOK_H

#include "lib/base/nearest.h"
#include "network/network.h"
#include "network/petals/survey.h"

struct kn_look;

struct kn_look_options {
    struct kn_network *network;
    const char *const *bootstraps; /* multiaddrs; kept */
    size_t bootstrap_count;
    const struct kn_peer_id *met; /* copied; then no bootstrap is knocked at */
    size_t met_count;             /* at most KN_DHT_PEERS_MAX */
    bool is_inside; /* of the swarm already, whomever it has met: no bootstrap is needed */
    int timeout_ms;
    const char *model; /* kept; NULL: all, else only the one that this word names */
    void *arg;
    /* Each bootstrap as it answers or fails; may be NULL. */
    void (*settled)(void *arg, const struct kn_bootstrap *bootstrap);
    /* Once, later than the start. The look stays until it is freed. */
    void (*done)(void *arg);
};

/* Codes as kn_join_start(). */
KN_MUST_USE enum kn_code kn_look_start(const struct kn_look_options *options, struct kn_look **out,
                                       struct kn_error *err);
void kn_look_free(struct kn_look *look);

/* After done(): KN_OK; KN_E_UNREACHABLE: no bootstrap answered; KN_E_NOT_FOUND: no such model
 * (kn_look_nearest() knows similar ones); KN_E_TIMEOUT: not everything was answered in time;
 * KN_E_NO_MEMORY. */
enum kn_code kn_look_code(const struct kn_look *look);
const struct kn_survey *kn_look_survey(const struct kn_look *look); /* evaluated */
const struct kn_join *kn_look_join(const struct kn_look *look);     /* NULL: they had been met */
const struct kn_nearest *kn_look_nearest(const struct kn_look *look);
double kn_look_elapsed_ms(const struct kn_look *look);

/* How far it is, at any moment. */
struct kn_look_progress {
    size_t keys, answered; /* of the plan, the registry's among them; keys 0: nobody answered yet */
    size_t models, read;   /* spellings of models in the plan, and those that are read as a whole */
    double elapsed_ms;
};
struct kn_look_progress kn_look_progress(const struct kn_look *look);

/* Block keys that nobody answered for. */
size_t kn_look_unanswered(const struct kn_look *look);

#endif
