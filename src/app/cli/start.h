/*
 * start — the state of one `kwaainet start`, shared by what shows it. Internal to the start*.c.
 *
 * The stages: find everything out, perhaps ask and save, launch. What happens while a question is
 * open is told after the answer.
 */
#ifndef KN_CLI_START_H
#define KN_CLI_START_H

#include "app/cli/cli.h"
#include "app/cli/detached.h"
#include "app/cli/feed.h"
#include "app/cli/start_facts.h"
#include "app/cli/supervised.h"
#include "app/term/progress.h"
#include "lib/io/lines.h"
#include "node/node.h"

enum { KN_START_PROGRESS_MS = 1000 }; /* what takes longer is shown to go on; spec: REQ-1.4 */

/* Whether the configuration is saved. */
enum kn_saving {
    KN_SAVE_NOT,   /* there is a file, or nobody was asked */
    KN_SAVE_NOW,   /* with --yes */
    KN_SAVE_ASK,   /* a person sits there */
    KN_SAVE_NO_ONE /* nobody to ask: it is said how to save */
};

struct kn_start {
    struct kn_cli *cli;
    struct kn_node *node;
    struct kn_loop *loop; /* of the node */
    struct kn_feed feed;
    struct kn_text held;   /* told after the answer */
    struct kn_text logged; /* lines of the log, told with the next flush */
    struct kn_snapshot *loaded;
    const char *discovery_cache, *calibration_cache, *file; /* as people would type them */
    const char *machine_file; /* of --machine; NULL: the machine is measured */
    bool was_unwell;          /* health was told to be less than healthy */
    bool is_first_run, dry_run, yes, no_save;
    struct kn_detached detached;
    struct kn_supervised supervised;
    const char *program; /* that a restart becomes; NULL: it is not known */

    /* asking and saving */
    struct kn_lines *lines;
    struct kn_text text; /* what is saved, */
    const char *path;    /* where, */
    unsigned mode;       /* and who may read it */
    bool is_saving, is_saved;
    struct kn_error save_error;

    /* what was said */
    bool launched, said_joining, said_running, over;
    uint32_t visible_on;
    size_t joined, settled; /* bootstraps that answered; that answered or failed */
    kn_time waiting_since;  /* for what goes on now; 0: for nothing */
    kn_time fetch_due;      /* for the next line about files that are fetched */
    int progress_said;      /* seconds, of the last line about it */
    enum kn_code not_met[KN_NETWORK_BOOTSTRAPS_MAX]; /* as it was said last, of each bootstrap */
    struct kn_announced said;                        /* the round that was told last */
    struct kn_status_line line;
    struct kn_timer *tick, *tidy;
};

/* What the screen is printed from; the plan is NULL before KN_NODE_PLANNED. */
struct kn_start_facts kn_start_facts_of(const struct kn_start *start);

/* Write what was appended to the answer, with the last line below it. */
void kn_start_flush(struct kn_start *start);

/* The plan is made: ask, save, or go on at once; then the node may announce. */
void kn_start_settle(struct kn_start *start);

/* Forget an open question. */
void kn_start_unask(struct kn_start *start);

#endif
