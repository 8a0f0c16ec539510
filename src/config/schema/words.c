#include "config/schema/words.h"

#include <stddef.h>

const struct kn_word kn_words_dtype[] = {
    [KN_DTYPE_FLOAT16] = { "float16", "16 bits; GPUs older than Ampere, and Apple's." },
    [KN_DTYPE_BFLOAT16] = { "bfloat16", "16 bits with the range of 32; Ampere and newer, and CPUs "
                                        "that multiply it." },
    [KN_DTYPE_FLOAT32] = { "float32", "32 bits; the choice for most CPUs." },
    { NULL, NULL },
};

const struct kn_word kn_words_quant_type[] = {
    [KN_QUANT_NONE] = { "none", "Weights as they are." },
    [KN_QUANT_INT8] = { "int8",
                        "8 bits a weight, each off by at most 1/254 of the largest in its row." },
    [KN_QUANT_NF4] = { "nf4",
                       "4 bits a weight, each off by at most 15.3 % of the largest of its 64." },
    { NULL, NULL },
};

const struct kn_word kn_words_compression[] = {
    [KN_COMPRESSION_NONE] = { "none", "Tensors travel as they are." },
    [KN_COMPRESSION_MEANSTD_16BIT] = { "meanstd_16bit", "16 bits after normalising each row." },
    [KN_COMPRESSION_FLOAT16] = { "float16", "Cut to 16 bits." },
    [KN_COMPRESSION_QUANTILE_8BIT] = { "quantile_8bit", "8 bits by quantiles." },
    [KN_COMPRESSION_UNIFORM_8BIT] = { "uniform_8bit", "8 bits in equal steps." },
    [KN_COMPRESSION_BLOCKWISE_8BIT] = { "blockwise_8bit", "8 bits, scaled per block." },
    { NULL, NULL },
};

const struct kn_word kn_words_level[] = {
    [KN_LEVEL_ERROR] = { "error", "The node cannot do its job." },
    [KN_LEVEL_WARN] = { "warn", "Someone should look." },
    [KN_LEVEL_INFO] = { "info", "Lifecycle, a handful of lines a minute." },
    [KN_LEVEL_DEBUG] = { "debug", "Every event." },
    [KN_LEVEL_TRACE] = { "trace", "Every event, and what only a developer wants to see." },
    { NULL, NULL },
};

const struct kn_word kn_words_log_format[] = {
    [KN_LOG_TEXT] = { "text", "One line for people." },
    [KN_LOG_JSON] = { "json", "One JSON object a line." },
    { NULL, NULL },
};

const struct kn_word kn_words_log_module[] = {
    [KN_LOG_NODE] = { "node", "Its start, its state, its end." },
    [KN_LOG_CONFIG] = { "config", "What the configuration says, and what is kept of it." },
    [KN_LOG_NETWORK] = { "network", "Bootstraps, connections, addresses of this machine." },
    [KN_LOG_DHT] = { "dht", "What is announced, acknowledged and read back." },
    [KN_LOG_BLOCKS] = { "blocks", "Fetching, loading and testing the blocks, and where they are." },
    [KN_LOG_SERVING] = { "serving", "Sessions of clients." },
    [KN_LOG_CONTROL] = { "control", "What commands ask of the node." },
    [KN_LOG_HEALTH] = { "health", "Checks of the node by itself." },
    [KN_LOG_SCHEDULE] = { "schedule", "Windows of time, pauses." },
    [KN_LOG_RELOAD] = { "reload", "Configurations that are read while it runs." },
    [KN_LOG_ITSELF] = { "log", "The log itself: lines that were lost or held back." },
    { NULL, NULL },
};

const struct kn_word kn_words_backoff[] = {
    [KN_BACKOFF_EXPONENTIAL] = { "exponential",
                                 "Each delay is the last one times the multiplier." },
    [KN_BACKOFF_LINEAR] = { "linear", "Each delay is longer by the initial delay." },
    [KN_BACKOFF_FIXED] = { "fixed", "Always the initial delay." },
    { NULL, NULL },
};

const struct kn_word kn_words_state[] = {
    [KN_STATE_OFFLINE] = { "OFFLINE", "Joins the network and announces nothing." },
    [KN_STATE_JOINING] = { "JOINING", "Announced, but no block is served yet." },
    [KN_STATE_ONLINE] = { "ONLINE", "Serves the announced blocks; JOINING until that is true." },
    { NULL, NULL },
};

const struct kn_word kn_words_preset[] = {
    [KN_PRESET_MIN] = { "min", "One block, two where two fit in 2 GiB." },
    [KN_PRESET_RECOMMENDED] = { "recommended", "75 % of max." },
    [KN_PRESET_MAX] = { "max", "The blocks that fit in 90 % of the available memory." },
    { NULL, NULL },
};
