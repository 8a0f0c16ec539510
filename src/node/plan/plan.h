/*
 * plan — what this node will serve and be called: the choices of discovery, from facts.
 *
 * Takes what was found out about the swarm and the machine, and what the configuration says; gives
 * the choices with their reasons, as values for a second resolution (kn_discovered) and as a
 * struct for the screen. Reads nothing but config.json of models whose files are on this machine.
 * Everything lives as long as the plan.
 */
#ifndef KN_NODE_PLAN_H
#define KN_NODE_PLAN_H

#include "config/config.h"
#include "config/discovery/choose_model.h"
#include "config/discovery/coverage.h"
#include "config/discovery/node_name.h"
#include "config/discovery/placement.h"
#include "network/petals/prefix.h"
#include "network/petals/survey_view.h"
#include "node/blocks/local.h"
#include "node/plan/fetch_choice.h"
#include "node/plan/kept.h"

/* Families whose blocks are computed here: what a node offers itself for. */
#define KN_PLAN_FAMILIES                                                 \
    (KN_FAMILY_BIT(KN_FAMILY_LLAMA) | KN_FAMILY_BIT(KN_FAMILY_MISTRAL) | \
     KN_FAMILY_BIT(KN_FAMILY_QWEN2) | KN_FAMILY_BIT(KN_FAMILY_MIXTRAL))

enum { KN_PLAN_VALUES_MAX = 16 };

struct kn_plan_input {
    const struct kn_snapshot *snapshot;  /* of the first resolution, */
    const struct kn_node_config *config; /* and what it says */
    const struct kn_hardware *hardware;
    const struct kn_survey *survey; /* evaluated; NULL: nobody answered */
    const char *own;                /* our peer id, base58 */
    struct kn_span own_bytes;       /* the same as bytes */
    uint16_t port;                  /* bound; 0: none */
    bool recalibrate;               /* what an earlier start had planned does not count */
    bool is_running;                /* other limits for a node that runs with this model */
    const char *const *environment; /* that may say where models are kept; NULL: only model.path */
    bool is_stand_in;               /* the hardware is that of another machine */
};

struct kn_plan {
    struct kn_arena *arena;
    struct kn_swarm_facts swarm;
    struct kn_local_files local;
    struct kn_model_choice model;
    const char *folder; /* of its files; NULL: they are not on this machine */
    struct kn_fetch_choice fetch;
    struct kn_prefix prefix; /* under which blocks are announced */
    struct kn_placement place;
    struct kn_placement_server *servers; /* other providers of the model */
    size_t server_count;
    struct kn_block_facts *blocks;
    struct kn_coverage_range ranges[KN_COVERAGE_RANGES_MAX];
    size_t range_count;
    struct kn_node_name name;
    struct kn_speed speed;
    struct kn_measured measured; /* by the full calibration; at_s 0: the rest is estimated */
    uint32_t planned;            /* blocks of the preset, or as many as an earlier start had */
    struct kn_kept kept;
    struct kn_discovered values[KN_PLAN_VALUES_MAX];
    size_t value_count;
};

/*
 * KN_E_NOT_FOUND: a model that nobody knows, with the nearest in the hint; KN_E_LIMIT, KN_E_RANGE:
 * a pinned range that does not fit or lies outside the model; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_plan_make(const struct kn_plan_input *input, struct kn_plan *out,
                                      struct kn_error *err);

/*
 * Coverage was read again, for the `round`th time from 0: is there a better place by now? True, and
 * place and values changed, when the node should move. Of many that started together only as many
 * do as there is need for.
 */
bool kn_plan_reconsider(const struct kn_plan_input *input, uint32_t round, struct kn_plan *plan);

/* The same plan at that place, which is as long. False: memory is short, and nothing changes. */
KN_MUST_USE bool kn_plan_place(const struct kn_plan_input *input, const struct kn_placement *place,
                               struct kn_plan *plan);

void kn_plan_done(struct kn_plan *plan);

#endif
