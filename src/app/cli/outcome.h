/*
 * outcome — what became of a node that somebody else runs: told by start --detach and by restart.
 */
#ifndef KN_CLI_OUTCOME_H
#define KN_CLI_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "app/docs/exit_codes.h"
#include "lib/base/error.h"

struct kn_cli;
struct kn_json;

/* In the order in which it goes on. */
enum kn_outcome_is {
    KN_OUTCOME_NONE,      /* nothing was heard of it yet */
    KN_OUTCOME_LISTENING, /* its port is bound */
    KN_OUTCOME_TRYING,    /* and it was waited for, but it is not announced yet */
    KN_OUTCOME_JOINED,    /* in the swarm, and announces no block: `reason` */
    KN_OUTCOME_ALONE,     /* announced, with nobody else there to confirm it */
    KN_OUTCOME_ANNOUNCED,
    KN_OUTCOME_FAILED, /* it ended: `exit` and `failure` */
};

/* Texts are lent. */
struct kn_outcome {
    enum kn_outcome_is is;
    int64_t pid;  /* 0: not known */
    int64_t port; /* 0: not known */
    const char *peer_id, *reason;
    int64_t records, acknowledged, bootstraps; /* of the announcement; bootstraps that answered */
    const char *log;                           /* where its words go; NULL: not known */
    const char *missed;                        /* why no bootstrap answered; NULL: not known */
    bool is_first_run, is_saved;
    const char *file, *save_error; /* of the configuration; NULL: nothing was saved */
    enum kn_exit exit;
    struct kn_error failure;
};

/* Is it the last word? */
bool kn_outcome_is_final(const struct kn_outcome *outcome);

/* Tell it, as text or as JSON; `verb`: "runs". Returns the exit code of the command. */
enum kn_exit kn_outcome_tell(struct kn_cli *cli, const struct kn_outcome *outcome,
                             const char *verb);

#endif
