/*
 * choose_model — which model this node serves.
 *
 * A named one wins. Else, of the models that the swarm serves, the most popular one whose shape
 * is known, whose family can be served and of which at least one block fits; nothing in the
 * network is signed, so nothing is chosen on the network's word alone. Else, when nobody
 * answered, KN_FALLBACK_MODEL.
 */
#ifndef KN_DISCOVERY_CHOOSE_MODEL_H
#define KN_DISCOVERY_CHOOSE_MODEL_H

#include "config/discovery/fit.h"

struct kn_arena;

/* A model whose config.json lies on this machine. */
struct kn_local_model {
    const char *repository; /* or its name */
    struct kn_model_shape shape;
};

struct kn_model_question {
    const char *named; /* model.name as somebody wrote it; NULL: auto */
    uint32_t blocks;   /* model.total_blocks as somebody wrote it; 0: auto */
    const struct kn_swarm_facts *swarm;
    const struct kn_local_model *local;
    size_t local_count;
    const struct kn_hardware *hardware;
    const struct kn_fit_wish *wish;
    unsigned families; /* KN_FAMILY_BIT() of those that this program can serve */
};

enum kn_choice_kind {
    KN_CHOICE_NAMED,
    KN_CHOICE_POPULAR,
    KN_CHOICE_FALLBACK, /* nobody answered */
    KN_CHOICE_NOTHING,  /* no block is served: the plan is of none, for the fallback model */
};

struct kn_passed_over {
    const struct kn_model_facts *model;
    const char *reason; /* "not one block fits: one needs 4 GiB, 1 GiB is free" */
};

struct kn_model_choice {
    enum kn_choice_kind kind;
    const char *name;                   /* for people: the last part of the repository */
    const char *repository;             /* NULL: not known */
    const char *prefix;                 /* the registered spelling; NULL: none is registered */
    const struct kn_model_facts *facts; /* of the swarm; NULL: not seen there */
    struct kn_model_size size;
    struct kn_room room;
    struct kn_format format;
    struct kn_fit fit;
    const char *reason;  /* "most popular, 127 providers" */
    const char *warning; /* a named model of a family that cannot be served; NULL */
    const struct kn_passed_over *passed_over; /* the more popular ones, in their order */
    size_t passed_over_count;
};

/*
 * Texts are the arena's or the question's. KN_E_NOT_FOUND: nobody knows the named model, and the
 * hint offers the nearest one; KN_E_INVALID: it has another number of blocks than was written;
 * KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_model_choose(const struct kn_model_question *question,
                                         struct kn_arena *arena, struct kn_model_choice *out,
                                         struct kn_error *err);

/*
 * May this model of the swarm be chosen by itself, on some machine? NULL: yes. Else why not; the
 * text is static or the arena's, and NULL too when memory is short (ask the arena).
 */
const char *kn_model_objection(const struct kn_model_facts *model, unsigned families,
                               struct kn_arena *arena);

#endif
