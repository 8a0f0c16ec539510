#include "node/plan/advice.h"

/* Neither was a name found nor asked for, nor is there a way: then it is not the bootstraps. */
static bool is_cut_off(const struct kn_join *join)
{
    if (join == NULL)
        return false;
    for (size_t i = 0; i < kn_join_count(join); i++) {
        enum kn_code code = kn_join_get(join, i)->code;

        if (code != KN_E_NOT_FOUND && code != KN_E_UNREACHABLE && code != KN_E_IO)
            return false;
    }
    return true;
}

const char *kn_advice_nobody(const struct kn_join *join)
{
    if (is_cut_off(join))
        return "Connect this machine to the network: no bootstrap can be reached from here. The "
               "node goes on trying and joins by itself.";
    return "Ask who runs the bootstraps whether they are up, see whether a firewall is in the way, "
           "or name others with --bootstrap. The node goes on trying and joins by itself.";
}

/* The network was read and has nothing for this machine; else not one block fits. */
static bool is_of_the_network(const struct kn_plan *plan)
{
    return plan->model.kind == KN_CHOICE_NOTHING && plan->swarm.is_known;
}

const char *kn_reason_no_block(const struct kn_plan *plan)
{
    return is_of_the_network(plan) ? plan->model.reason : plan->model.fit.reason;
}

const char *kn_advice_no_block(const struct kn_plan *plan)
{
    if (is_of_the_network(plan) && plan->swarm.model_count == 0)
        return "Name the first model with --model. Until then the node joins, helps to keep the "
               "swarm's records, and announces no block.";
    if (is_of_the_network(plan))
        return "Name a model with --model, or start on a machine with more memory. Until then the "
               "node joins, helps to keep the swarm's records, and announces no block.";
    return "Choose a smaller model with --model or a smaller number format with --quant-type, or "
           "allow more memory with --max-memory. Until then the node joins, helps to keep the "
           "swarm's records, and announces no block.";
}

void kn_reason_no_files(const struct kn_plan *plan, struct kn_text *out)
{
    if (plan->model.warning != NULL) {
        kn_text_add(out, plan->model.warning);
        return;
    }
    kn_text_add(out, "the files of this model are not on this machine");
    if (plan->fetch.reason[0] != '\0')
        kn_text_addf(out, " and not fetched (%s)", plan->fetch.reason);
}

const char *kn_advice_no_files(const struct kn_plan *plan)
{
    return plan->fetch.hint != NULL
               ? plan->fetch.hint
               : "Put its config.json and its safetensors files into a folder and name that with "
                 "--set model.path=FOLDER, or into the Hugging Face cache.";
}
