/*
 * survey_parts — what a survey is made of. Private to this folder.
 */
#ifndef KN_PETALS_SURVEY_PARTS_H
#define KN_PETALS_SURVEY_PARTS_H

#include "network/petals/names.h"
#include "network/petals/prefix.h"
#include "network/petals/server_info.h"
#include "network/petals/survey_view.h"

enum { SURVEY_ROWS_MAX = 2 * KN_SURVEY_MODELS_MAX }; /* each in two spellings */

/* One prefix. Its number is that of its text among survey->prefixes. */
struct survey_row {
    struct kn_survey_model model; /* first, so that the model leads to its row */
    double expiration;            /* of the registry's record that told */
    uint32_t group;               /* rows of one group are spellings of one repository */
    uint32_t first_slot, asked;   /* blocks 0 to asked - 1 are in the plan */
    bool wanted, listed, preferred;
};

struct survey_slot {
    uint32_t row, index;
    bool unanswered;
    uint32_t first_record; /* of the last evaluation; those of this slot end where the next begin */
    struct kn_survey_block block;
};

/* What one provider says under one block. */
struct survey_record {
    uint32_t slot, peer;
    uint32_t rank; /* of the peer in the order of their texts, so that sums never vary */
    enum kn_server_state state;
    double throughput, expiration;
};

struct kn_survey {
    double now;
    bool failed, planned;
    bool (*prefers)(void *arg, const char *prefix, const char *repository); /* may be NULL */
    void *prefers_arg;
    struct kn_arena *arena;
    struct kn_names prefixes, peers;
    struct survey_row *rows; /* they move until there is a plan */
    uint32_t rows_n, rows_room;
    const struct survey_row **order;
    uint32_t ordered, listed;  /* of the last evaluation */
    struct survey_slot *slots; /* one more than there are */
    uint32_t slots_n;
    struct survey_record *records;
    uint32_t records_n, records_room;
    struct kn_names public_names;
    uint32_t *name_of; /* each peer's among them; KN_NAMES_NONE: it has none */
    uint32_t name_of_room;
    struct kn_survey_totals totals;
};

/* What the registry, or somebody else, says of a prefix. */
struct survey_claim {
    struct kn_span prefix, repository; /* NULL: none */
    uint32_t num_blocks;
    double expiration;
    bool registered;
};

/* Does the model with that name matter? */
bool kn_survey_prefers(const struct kn_survey *survey, struct kn_span prefix,
                       struct kn_span repository);

/* Take a claim unless a better one of that prefix stands already. `rows_max` bounds the rows. */
KN_MUST_USE enum kn_code kn_survey_claim(struct kn_survey *survey, const struct survey_claim *claim,
                                         uint32_t rows_max);

#endif
