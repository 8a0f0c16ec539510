/*
 * words — the choices: an enumeration and its words, in the same order.
 */
#ifndef KN_CONFIG_WORDS_H
#define KN_CONFIG_WORDS_H

/* A list of words ends with a NULL name. The index of a word is its value. */
struct kn_word {
    const char *name, *brief;
};

enum kn_dtype { KN_DTYPE_FLOAT16, KN_DTYPE_BFLOAT16, KN_DTYPE_FLOAT32 };
enum kn_quant_type { KN_QUANT_NONE, KN_QUANT_INT8, KN_QUANT_NF4 };
enum kn_compression { /* in the order of the wire's numbers */
                      KN_COMPRESSION_NONE,
                      KN_COMPRESSION_MEANSTD_16BIT,
                      KN_COMPRESSION_FLOAT16,
                      KN_COMPRESSION_QUANTILE_8BIT,
                      KN_COMPRESSION_UNIFORM_8BIT,
                      KN_COMPRESSION_BLOCKWISE_8BIT,
};
enum kn_level { KN_LEVEL_ERROR, KN_LEVEL_WARN, KN_LEVEL_INFO, KN_LEVEL_DEBUG, KN_LEVEL_TRACE };
enum kn_log_format { KN_LOG_TEXT, KN_LOG_JSON };
enum kn_log_module { /* who speaks in the log */
                     KN_LOG_NODE,
                     KN_LOG_CONFIG,
                     KN_LOG_NETWORK,
                     KN_LOG_DHT,
                     KN_LOG_BLOCKS,
                     KN_LOG_SERVING,
                     KN_LOG_CONTROL,
                     KN_LOG_HEALTH,
                     KN_LOG_SCHEDULE,
                     KN_LOG_RELOAD,
                     KN_LOG_ITSELF,
                     KN_LOG_MODULE_COUNT,
};
enum kn_backoff { KN_BACKOFF_EXPONENTIAL, KN_BACKOFF_LINEAR, KN_BACKOFF_FIXED };
enum kn_state { KN_STATE_OFFLINE, KN_STATE_JOINING, KN_STATE_ONLINE };
enum kn_preset { KN_PRESET_MIN, KN_PRESET_RECOMMENDED, KN_PRESET_MAX };

extern const struct kn_word kn_words_dtype[];
extern const struct kn_word kn_words_quant_type[];
extern const struct kn_word kn_words_compression[];
extern const struct kn_word kn_words_level[];
extern const struct kn_word kn_words_log_format[];
extern const struct kn_word kn_words_log_module[];
extern const struct kn_word kn_words_backoff[];
extern const struct kn_word kn_words_state[];
extern const struct kn_word kn_words_preset[];

#endif
