/*
 * swarm — what the commands share that look at the swarm: the bootstraps of the configuration, a
 * visitor, and the words for what answered.
 */
#ifndef KN_CLI_SWARM_H
#define KN_CLI_SWARM_H

#include "app/docs/exit_codes.h"
#include "node/presence/visitor.h"

struct kn_cli;
struct kn_json;
struct kn_snapshot;

struct kn_swarm {
    struct kn_cli *cli;
    struct kn_snapshot *snapshot;
    struct kn_visitor *visitor;
    const char *const *bootstraps; /* lives as long as the snapshot and the run */
    size_t bootstrap_count;
    int timeout_ms;
};

/* Load the configuration and make a visitor. When it is not KN_EXIT_DONE the failure is reported
 * and there is nothing to leave. `bootstraps_needed`: an empty list is a failure, and where this
 * node begins a swarm of its own it is asked itself. */
enum kn_exit kn_swarm_enter(struct kn_cli *cli, bool bootstraps_needed, struct kn_swarm *out);
void kn_swarm_leave(struct kn_swarm *swarm);

/* Say on standard error what is wrong with the bootstraps that did not answer. */
void kn_swarm_show_silent(struct kn_cli *cli, const struct kn_join *join);

/* [{"address", "ok", "ms", "error", "code"}] */
struct kn_json *kn_swarm_bootstraps_json(const struct kn_join *join);

/* What was counted on the way: calls, connections, and everything that was refused. */
struct kn_json *kn_swarm_counters_json(const struct kn_swarm *swarm);

/* Nobody answered: report it with every verdict and return KN_EXIT_UNREACHABLE. `json` is the
 * document so far and is taken; NULL without --json. */
enum kn_exit kn_swarm_unreachable(struct kn_cli *cli, const struct kn_join *join,
                                  KN_TAKES struct kn_json *json);

/* Milliseconds as people read them: "0.4 ms", "84 ms", "4.0 s". */
void kn_swarm_add_ms(struct kn_text *out, double ms);

#endif
