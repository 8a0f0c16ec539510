#include "config/sources/foreign.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/attributes.h"
#include "lib/yaml/yaml.h"

/* Top-level keys that only one program writes, in the order in which they decide. "name*" and
 * "*name*" stand for all keys that begin with, or hold, the name. */
static const struct {
    const char *key, *owner;
} signs[] = {
    { "node_config", "OpenAI-Petal's NodeManager" },
    { "resource_limits", "OpenAI-Petal's NodeManager" },
    { "process_management", "OpenAI-Petal's NodeManager" },
    { "native_p2p", "KwaaiNet's Rust node" },
    { "start_block", "KwaaiNet's Rust node" },
    { "start_block_auto", "KwaaiNet's Rust node" },
    { "force_private", "KwaaiNet's Rust node" },
    { "enable_upnp", "KwaaiNet's Rust node" },
    { "trusted_relays", "KwaaiNet's Rust node" },
    { "contribute", "KwaaiNet's Rust node" },
    { "reputation", "KwaaiNet's Rust node" },
    { "identify_*", "KwaaiNet's Rust node" },
    { "*rebalance*", "KwaaiNet's Rust node" },
    { "model_dht_prefix", "KwaaiNet's Rust node" },
    { "ollama_*", "KwaaiNet's Rust node" },
    { "vpk_*", "KwaaiNet's Rust node" },
    { "storage", "KwaaiNet's Rust node" },
    { "rag*", "KwaaiNet's Rust node" },
    { "inference_url", "KwaaiNet's Rust node" },
    { "identity_key", "KwaaiNet's Rust node" },
    { "public_port", "KwaaiNet's Rust node" },
    { "max_memory", "OpenAI-Petal" },
    { "gpu_type", "OpenAI-Petal" },
    { "health_monitoring", "OpenAI-Petal or KwaaiNet's Rust node" },
    { "initial_peers", "OpenAI-Petal or KwaaiNet's Rust node" },
    { "public_name", "OpenAI-Petal or KwaaiNet's Rust node" },
    { "converted_model_name_or_path", "Petals" },
    { "num_blocks", "Petals" },
    { "block_indices", "Petals" },
    { "torch_dtype", "Petals" },
    { "quant_type", "Petals" },
    { "new_swarm", "Petals" },
    { "host_maddrs", "Petals" },
    { "balance_quality", "Petals" },
};

/* One of these as a map makes the file ours whatever else it holds; others have the rest too. */
static bool is_ours(const struct kn_yaml_node *root)
{
    static const char *const sections[] = { "node",   "model",     "performance", "dht",
                                            "health", "resources", "state" };

    if (kn_yaml_find(root, "schema_version") != NULL)
        return true;
    for (size_t i = 0; i < KN_COUNT(sections); i++) {
        const struct kn_yaml_node *key = kn_yaml_find(root, sections[i]);

        if (key != NULL && key->value->kind == KN_YAML_MAPPING)
            return true;
    }
    return false;
}

static bool matches(const char *key, const char *sign)
{
    size_t n = strlen(sign);
    char part[32];

    if (sign[n - 1] != '*')
        return strcmp(key, sign) == 0;
    if (sign[0] != '*')
        return strncmp(key, sign, n - 1) == 0;
    memcpy(part, sign + 1, n - 2);
    part[n - 2] = '\0';
    return strstr(key, part) != NULL;
}

static const struct kn_yaml_node *find(const struct kn_yaml_node *root, const char *sign)
{
    const struct kn_yaml_node *key = root->first;

    while (key != NULL && (key->text == NULL || !matches(key->text, sign)))
        key = key->next;
    return key;
}

/* OpenAI-Petal writes its log level in capitals. */
static const struct kn_yaml_node *shouted_level(const struct kn_yaml_node *root)
{
    const struct kn_yaml_node *key = kn_yaml_find(root, "log_level");

    return key != NULL && key->value->kind == KN_YAML_SCALAR && key->value->text[0] >= 'A' &&
                   key->value->text[0] <= 'Z'
               ? key
               : NULL;
}

const char *kn_foreign_owner(const struct kn_yaml_node *root, const struct kn_yaml_node **sign)
{
    enum { KEYS_MAX = 256 }; /* no program's file has as many at the top */
    const struct kn_yaml_node *model;

    if (root == NULL || root->kind != KN_YAML_MAPPING || root->count > KEYS_MAX || is_ours(root))
        return NULL;
    for (size_t i = 0; i < KN_COUNT(signs); i++) {
        *sign = find(root, signs[i].key);
        if (*sign != NULL)
            return signs[i].owner;
    }
    model = kn_yaml_find(root, "model");
    if (model == NULL || model->value->kind != KN_YAML_SCALAR || kn_yaml_is_null(model->value))
        return NULL;
    *sign = shouted_level(root);
    if (*sign != NULL)
        return "OpenAI-Petal";
    *sign = model;
    return "another kind of node";
}
