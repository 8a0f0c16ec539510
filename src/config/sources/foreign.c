#include "config/sources/foreign.h"
#include "config/schema/setting.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/attributes.h"
#include "lib/yaml/yaml.h"

/* Top-level keys that only one program writes, in the order in which they decide. */
static const struct {
    const char *key, *owner;
} signs[] = {
    { "node_config", "OpenAI-Petal's NodeManager" },
    { "resource_limits", "OpenAI-Petal's NodeManager" },
    { "process_management", "OpenAI-Petal's NodeManager" },
    { "native_p2p", "KwaaiNet's Rust node" },
    { "start_block_auto", "KwaaiNet's Rust node" },
    { "force_private", "KwaaiNet's Rust node" },
    { "trusted_relays", "KwaaiNet's Rust node" },
    { "contribute", "KwaaiNet's Rust node" },
    { "identify_min_confirmations", "KwaaiNet's Rust node" },
    { "identify_timeout_secs", "KwaaiNet's Rust node" },
    { "auto_rebalance", "KwaaiNet's Rust node" },
    { "rebalance_interval_secs", "KwaaiNet's Rust node" },
    { "rebalance_min_redundancy", "KwaaiNet's Rust node" },
    { "model_dht_prefix", "KwaaiNet's Rust node" },
    { "ollama_manage", "KwaaiNet's Rust node" },
    { "vpk_enabled", "KwaaiNet's Rust node" },
    { "rag_kbs", "KwaaiNet's Rust node" },
    { "inference_url", "KwaaiNet's Rust node" },
    { "max_memory", "OpenAI-Petal" },
    { "gpu_type", "OpenAI-Petal" },
    { "health_monitoring", "OpenAI-Petal or KwaaiNet's Rust node" },
    { "initial_peers", "OpenAI-Petal or KwaaiNet's Rust node" },
    { "public_name", "OpenAI-Petal or KwaaiNet's Rust node" },
    { "converted_model_name_or_path", "Petals" },
    { "num_blocks", "Petals" },
    { "block_indices", "Petals" },
    { "torch_dtype", "Petals" },
    { "new_swarm", "Petals" },
    { "host_maddrs", "Petals" },
    { "balance_quality", "Petals" },
};

/* One section of ours, as a map, makes the file ours whatever else it holds. */
static bool is_ours(const struct kn_yaml_node *root)
{
    if (kn_yaml_find(root, "schema_version") != NULL)
        return true;
    for (size_t i = 0; i < kn_section_count; i++) {
        const struct kn_yaml_node *key = kn_yaml_find(root, kn_sections[i].name);

        if (key != NULL && key->value->kind == KN_YAML_MAPPING)
            return true;
    }
    return false;
}

const char *kn_foreign_owner(const struct kn_yaml_node *root, const struct kn_yaml_node **sign)
{
    const struct kn_yaml_node *model;

    if (root == NULL || root->kind != KN_YAML_MAPPING || is_ours(root))
        return NULL;
    for (size_t i = 0; i < KN_COUNT(signs); i++) {
        *sign = kn_yaml_find(root, signs[i].key);
        if (*sign != NULL)
            return signs[i].owner;
    }
    model = kn_yaml_find(root, "model");
    if (model == NULL || model->value->kind != KN_YAML_SCALAR || kn_yaml_is_null(model->value))
        return NULL;
    *sign = model;
    return "another kind of node";
}
