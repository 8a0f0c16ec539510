#include "node/plan/announcement.h"

#include <string.h>

#include "lib/base/arena.h"

/* Texts and numbers of the final configuration: what others will read. */
static void fill_info(const struct kn_node_config *config, struct kn_server_info *info)
{
    kn_server_info_init(info); /* state and speed are told before each round */
    kn_server_text_set(&info->public_name, config->node.name.text);
    kn_server_text_set(&info->version, config->node.version.text);
    if (config->model.dtype.is == KN_GIVEN)
        kn_server_text_set(&info->torch_dtype, kn_words_dtype[config->model.dtype.value].name);
    if (config->model.quant_type.is == KN_GIVEN)
        kn_server_text_set(&info->quant_type,
                           kn_words_quant_type[config->model.quant_type.value].name);
    info->using_relay = 0;
}

/* spec: A5 of the records; a number of blocks that was guessed is never entered. */
static const char *registered_repository(const struct kn_plan *plan, struct kn_arena *arena)
{
    const char *repository = plan->model.repository;

    if (repository == NULL || plan->model.size.source == KN_SIZE_GUESS)
        return NULL;
    if (strncmp(repository, KN_HUB_ADDRESS, strlen(KN_HUB_ADDRESS)) == 0)
        return repository;
    return kn_arena_printf(arena, "%s%s", KN_HUB_ADDRESS, repository);
}

/* Not one block fits, or there is no model to have blocks of. */
static const char *why_nowhere(const struct kn_plan *plan)
{
    const struct kn_fit *fit = &plan->model.fit;

    if (plan->model.kind != KN_CHOICE_NOTHING && fit->profiles[KN_PRESET_MAX].blocks == 0 &&
        fit->reason[0] != '\0')
        return fit->reason;
    return plan->place.reason[0] != '\0' ? plan->place.reason : "no block is served here";
}

const char *kn_announcement_silence(const struct kn_node_config *config, const struct kn_plan *plan)
{
    if (plan->place.by == KN_PLACED_NOWHERE)
        return why_nowhere(plan);
    if (config->state.initial.is == KN_GIVEN && config->state.initial.value == KN_STATE_OFFLINE)
        return "state.initial is OFFLINE";
    if (config->dht.announce.is == KN_GIVEN && !config->dht.announce.value)
        return "dht.announce is off";
    return NULL;
}

bool kn_announcement_make(const struct kn_decision *d, struct kn_arena *arena,
                          struct kn_announcement *out)
{
    const struct kn_node_config *config = kn_snapshot_config(d->snapshot);

    if (kn_announcement_silence(config, &d->plan) != NULL ||
        config->model.start_block.is != KN_GIVEN)
        return false;
    *out = (struct kn_announcement){
        .prefix = config->model.dht_prefix.text,
        .start = (uint32_t)config->model.start_block.value,
        .end = (uint32_t)config->model.end_block.value,
        .num_blocks = d->plan.model.size.blocks,
        .repository = registered_repository(&d->plan, arena),
    };
    fill_info(config, &out->info);
    return true;
}
