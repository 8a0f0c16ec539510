/*
 * survey — what the swarm serves: models by popularity, and who holds which block.
 *
 * Feed the registry's entries, plan, ask for the keys of the plan, feed their entries, evaluate.
 * Whoever asks merges what several peers answered: an entry fed twice counts once, a malformed one
 * each time. The order in which anything is fed does not matter, unless a limit was reached.
 * Not thread-safe. Errors stick until kn_survey_evaluate() tells.
 */
#ifndef KN_PETALS_SURVEY_H
#define KN_PETALS_SURVEY_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/nearest.h"
#include "lib/base/span.h"

enum {
    KN_SURVEY_MODELS_MAX = 1024,        /* registered prefixes that are looked at */
    KN_SURVEY_KEYS_MAX = 8192,          /* blocks asked for, of all models together */
    KN_SURVEY_PROVIDERS_MAX = 65536,    /* different peer ids */
    KN_SURVEY_RECORDS_MAX = 1024 * 1024 /* of providers and blocks */
};

struct kn_survey;

/* `now` in seconds since 1970, as expirations are. NULL: no memory. */
KN_MUST_USE struct kn_survey *kn_survey_new(double now);
void kn_survey_free(struct kn_survey *survey);

/* An entry of a dictionary in the network: MessagePack, and seconds since 1970. */
struct kn_survey_entry {
    struct kn_span subkey, value;
    double expiration;
};

/* Which models matter: anybody may register anything, and of more than KN_SURVEY_MODELS_MAX only so
 * many are looked at. `repository` may be NULL. Before everything else. */
void kn_survey_prefer(struct kn_survey *survey,
                      bool (*prefers)(void *arg, const char *prefix, const char *repository),
                      void *arg);

/* One of KN_REGISTRY_KEY, left out when it does not matter. First all of them here, then there. */
void kn_survey_add_preferred(struct kn_survey *survey, const struct kn_survey_entry *entry);

/* One of KN_REGISTRY_KEY. Before the plan. */
void kn_survey_add_model(struct kn_survey *survey, const struct kn_survey_entry *entry);

/* A model that need not be registered: known from elsewhere, or named by the user. A registered
 * record of that prefix wins. Before the plan. KN_E_INVALID: prefix or number; KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_survey_add_known(struct kn_survey *survey, const char *prefix,
                                             uint32_t num_blocks, const char *repository);

/*
 * Which blocks to ask for: of all models, or of the one that `word` names (prefix, repository or
 * name), each in both spellings. When those are more than KN_SURVEY_KEYS_MAX, as many of the first
 * blocks of each as fit, of those that matter before the others. Adding nothing to the plan when no
 * model has that name is KN_E_NOT_FOUND, and `nearest` (may be NULL; started by the caller) was
 * offered every prefix and name.
 */
KN_MUST_USE enum kn_code kn_survey_plan(struct kn_survey *survey, const char *word,
                                        struct kn_nearest *nearest);

struct kn_survey_key {
    const char *prefix; /* lives as long as the survey; kn_block_key() makes the key */
    uint32_t index;
    uint32_t slot; /* 0 to kn_survey_keys() - 1 */
};

/* How many keys the plan has, and one of them. The keys of one model stand in a row. */
uint32_t kn_survey_keys(const struct kn_survey *survey);
struct kn_survey_key kn_survey_key(const struct kn_survey *survey, uint32_t slot);

/* One entry of that key's dictionary. */
void kn_survey_add_server(struct kn_survey *survey, uint32_t slot,
                          const struct kn_survey_entry *entry);

/* Nobody could be asked for that key, or nobody answered. */
void kn_survey_unanswered(struct kn_survey *survey, uint32_t slot);

/* Count: what survey_view.h shows is of the last evaluation. More may be fed and evaluated again.
 * KN_E_NO_MEMORY: something was not taken, now or before; KN_E_INVALID: there is no plan. */
KN_MUST_USE enum kn_code kn_survey_evaluate(struct kn_survey *survey);

#endif
