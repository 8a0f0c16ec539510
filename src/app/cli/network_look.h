/*
 * network_look — what network models and network coverage share: one look at the swarm, and how
 * it is told.
 */
#ifndef KN_CLI_NETWORK_LOOK_H
#define KN_CLI_NETWORK_LOOK_H

#include "app/cli/swarm.h"
#include "network/petals/survey_view.h"
#include "node/presence/look.h"

struct kn_network_look {
    struct kn_swarm swarm;
    struct kn_look *look;
};

/*
 * Look, for all models or for the one that a word names. KN_EXIT_DONE: there is something to
 * tell, end with kn_network_look_done(). Else the failure is reported and nothing is left, except
 * that a model nobody knows (KN_E_NOT_FOUND) is for the caller to report.
 */
enum kn_exit kn_network_look(struct kn_cli *cli, const char *model, struct kn_network_look *out);
void kn_network_look_done(struct kn_network_look *run);

/* How people call a model: the last part of its repository, else its prefix. */
const char *kn_network_model_name(const struct kn_survey_model *model);

/* Texts of a table, safe for a terminal; they live as long as the run. */
const char *kn_network_cell(struct kn_cli *cli, const char *text);
const char *kn_network_number(struct kn_cli *cli, double value, int decimals);

/* "1 model", "2 models" */
void kn_network_add_plural(struct kn_text *out, uint64_t n, const char *what);

/* What was left out of the answer and why, then which bootstraps are silent. */
void kn_network_add_notes(struct kn_cli *cli, const struct kn_look *look);

/* The members that say how the look went: malformed, bootstraps, elapsed_ms and the like. */
void kn_network_add_look_json(struct kn_json *json, const struct kn_network_look *run);

#endif
