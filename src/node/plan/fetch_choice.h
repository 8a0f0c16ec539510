/*
 * fetch_choice — are files of the planned blocks missing, and may they be fetched without anybody
 * being asked?
 *
 * A download costs the owner of the machine traffic and disk, and a name that peers tell is signed
 * by nobody. So it begins by itself only from a repository that the owner named, or that belongs to
 * the authors of a well-known model, and only where it leaves room. Looks at the disk; asks nobody.
 */
#ifndef KN_NODE_PLAN_FETCH_CHOICE_H
#define KN_NODE_PLAN_FETCH_CHOICE_H

#include "compute/download/download.h"
#include "config/config.h"
#include "config/discovery/choose_model.h"

struct kn_fetch_question {
    const struct kn_snapshot *snapshot;
    const struct kn_node_config *config;
    const struct kn_model_choice *model;
    const char *folder;             /* with its config.json; NULL: nothing of it is here */
    const char *const *environment; /* NULL: nobody says where models are kept */
    bool is_stand_in;               /* the plan is for another machine */
};

/* Texts are the arena's, static or the environment's. */
struct kn_fetch_choice {
    bool is_needed;  /* files of the planned blocks are not on this machine */
    bool is_allowed; /* and may be fetched */
    const char *repository, *revision, *root;
    struct kn_download_place place;
    int64_t bytes;                 /* about so many are missing; 0: nobody knows */
    int64_t room;                  /* bytes that may be taken; KN_FACT_UNKNOWN */
    bool knows_room;               /* that was looked at */
    int64_t max_bytes;             /* that the cache may take; 0: what the disk has */
    uint32_t blocks_most;          /* for which there is room; 0: not even one */
    char reason[KN_FIT_TEXT_SIZE]; /* why it may be fetched, or not: lower case, no full stop */
    char limit[KN_FIT_TEXT_SIZE];  /* fewer blocks than memory holds, and why; "": as many */
    const char *hint;              /* what to do about it; NULL: nothing */
};

/* From where, how many blocks there is room for, and whether anything forbids it. KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_fetch_choose(const struct kn_fetch_question *question,
                                         struct kn_arena *arena, struct kn_fetch_choice *out,
                                         struct kn_error *err);

/* Once the range is known: is any of it missing, and does that fit? */
void kn_fetch_choose_range(const struct kn_fetch_question *question, uint32_t from, uint32_t to,
                           struct kn_fetch_choice *choice);

#endif
