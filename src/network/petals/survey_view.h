/*
 * survey_view — what a survey found out. Everything is of its last evaluation; before that, empty.
 */
#ifndef KN_PETALS_SURVEY_VIEW_H
#define KN_PETALS_SURVEY_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "network/petals/malformed.h"
#include "network/petals/survey.h"

struct kn_survey_model {
    const char *prefix;
    const char *repository; /* NULL: not known */
    uint32_t num_blocks;
    bool registered;     /* else another spelling, or named by kn_survey_add_known() */
    uint32_t online;     /* providers, over all spellings of the repository */
    uint32_t joining;    /* likewise, and not ONLINE anywhere */
    uint32_t own_online; /* under this prefix alone */
    uint32_t covered;    /* blocks with a provider that is ONLINE */
    bool complete;       /* all of them */
    double throughput;   /* of the ONLINE providers under this prefix, each counted once */
};

/* Most popular first; then complete ones, greater throughput, name. A spelling that is neither
 * registered nor served by anybody comes after the listed ones, for coverage only. */
uint32_t kn_survey_models(const struct kn_survey *survey);
uint32_t kn_survey_listed(const struct kn_survey *survey);
const struct kn_survey_model *kn_survey_model(const struct kn_survey *survey, uint32_t i);

/* The best match of `word` among the listed ones, else among the others; NULL when there is none.
 * `nearest` (may be NULL) was offered every prefix and name. */
const struct kn_survey_model *kn_survey_find(const struct kn_survey *survey, const char *word,
                                             struct kn_nearest *nearest);

struct kn_survey_block {
    uint32_t online, joining; /* providers */
    double throughput;        /* of the ONLINE ones */
    bool asked;               /* false: not in the plan, or nobody answered: nobody knows */
};

/* `model` is one of this survey's, `index` below its num_blocks. */
struct kn_survey_block kn_survey_block(const struct kn_survey *survey,
                                       const struct kn_survey_model *model, uint32_t index);

struct kn_survey_totals {
    uint32_t online, joining;           /* different providers of any model */
    uint64_t expired, offline;          /* entries */
    uint64_t malformed;                 /* entries, all kinds together */
    uint64_t kinds[KN_MALFORMED_COUNT]; /* each */
    uint64_t dropped;                   /* models, servers and records above a limit */
    uint64_t keys_left_out;             /* blocks that no longer fitted into the plan */
};

struct kn_survey_totals kn_survey_totals(const struct kn_survey *survey);

/* A provider of a model that lives: blocks in a row that it holds in one state. */
struct kn_survey_server {
    const char *peer;    /* base58; lives as long as the survey */
    uint32_t start, end; /* half-open */
    double throughput;
    bool online; /* else JOINING */
};

/* Those of the last evaluation, without the peer `own` (may be NULL), by block and then peer.
 * Release `*out` with kn_free(). KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_survey_servers(const struct kn_survey *survey,
                                           const struct kn_survey_model *model, const char *own,
                                           struct kn_survey_server **out, size_t *n);

/* What other peers than `own` call themselves; some names may be there twice. As above. */
KN_MUST_USE enum kn_code kn_survey_public_names(const struct kn_survey *survey, const char *own,
                                                const char ***out, size_t *n);

#endif
