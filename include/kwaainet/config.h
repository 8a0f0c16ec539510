/*
 * libkwaai-config — the configuration of a kwaainet node, for any program.
 *
 * Loads node_config.yaml, the caches, an environment and a command line, resolves them, and says
 * of every value where it came from and of every mistake where it stands. Needs libc and libyaml;
 * touches no network and no hardware; never ends the process. A loaded configuration is immutable
 * and may be read from any thread. Texts live as long as the configuration they came from.
 *
 *     struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;
 *     struct kwaai_config *config;
 *     int64_t port;
 *
 *     if (kwaai_config_load(&options, &config) != KWAAI_CONFIG_OK)
 *         return 1;
 *     if (kwaai_config_get_int(config, "node.port", &port) == KWAAI_GIVEN)
 *         listen_on(port);
 *     kwaai_config_free(config);
 */
#ifndef KWAAINET_CONFIG_H
#define KWAAINET_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define KWAAI_API __attribute__((visibility("default")))
#else
#define KWAAI_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct kwaai_config;

enum kwaai_config_result {
    KWAAI_CONFIG_OK,
    KWAAI_CONFIG_NO_MEMORY,
    KWAAI_CONFIG_BAD_PATH, /* a path cannot be expanded: an unset variable, an unclosed brace */
};

/* What to load with. Begin with KWAAI_CONFIG_OPTIONS; a member that stays empty has its default. */
struct kwaai_config_options {
    size_t size;                    /* sizeof(struct kwaai_config_options) */
    const char *config_path;        /* must exist; default: node_config.yaml if it is there */
    const char *home;               /* data folder; default: KWAAINET_HOME, else ~/.kwaainet */
    const char *working_folder;     /* absolute; start of relative paths; default: the process's */
    const char *const *environment; /* "NAME=value", ends with NULL; default: nothing */
    const char *const *arguments;   /* words of a command line without the program's name */
    size_t argument_count;
    int64_t now_s; /* seconds since 1970, for the age of caches; default: the clock */
};
#define KWAAI_CONFIG_OPTIONS                                     \
    {                                                            \
        sizeof(struct kwaai_config_options), 0, 0, 0, 0, 0, 0, 0 \
    }

/*
 * Load. KWAAI_CONFIG_OK also when the configuration is wrong: ask kwaai_config_is_valid(). On
 * another result `*out` is not written. Release with kwaai_config_free().
 */
KWAAI_API enum kwaai_config_result kwaai_config_load(const struct kwaai_config_options *options,
                                                     struct kwaai_config **out);
KWAAI_API void kwaai_config_free(struct kwaai_config *config);

/* No problem of the severity error. Values of a wrong configuration are not to be used. */
KWAAI_API bool kwaai_config_is_valid(const struct kwaai_config *config);

/* The file that was read, or would have been; absolute. */
KWAAI_API const char *kwaai_config_path(const struct kwaai_config *config);

/* --- values ------------------------------------------------------------------------------- */

enum kwaai_presence {
    KWAAI_NO_SUCH, /* no setting of this name and type; `*out` is not written, as in the next two */
    KWAAI_NONE,    /* null: deliberately nothing */
    KWAAI_AUTO,    /* left to the node, which has not computed it yet */
    KWAAI_GIVEN,
};

KWAAI_API enum kwaai_presence kwaai_config_get_bool(const struct kwaai_config *config,
                                                    const char *key, bool *out);
KWAAI_API enum kwaai_presence kwaai_config_get_int(const struct kwaai_config *config,
                                                   const char *key, int64_t *out);
KWAAI_API enum kwaai_presence kwaai_config_get_number(const struct kwaai_config *config,
                                                      const char *key, double *out);
/* A size in bytes. */
KWAAI_API enum kwaai_presence kwaai_config_get_bytes(const struct kwaai_config *config,
                                                     const char *key, int64_t *out);
/* A duration in milliseconds. */
KWAAI_API enum kwaai_presence kwaai_config_get_ms(const struct kwaai_config *config,
                                                  const char *key, int64_t *out);
/* A text, an expanded path, or the word of a choice. */
KWAAI_API enum kwaai_presence kwaai_config_get_text(const struct kwaai_config *config,
                                                    const char *key, const char **out);
/* A list of texts: `*count` items at `*items`. */
KWAAI_API enum kwaai_presence kwaai_config_get_list(const struct kwaai_config *config,
                                                    const char *key, const char *const **items,
                                                    size_t *count);

/*
 * Any value as a user would write it on a command line; a secret one as "********". Writes at most
 * `size` bytes with the NUL and returns the length it has or would have; 0 and an empty text for an
 * unknown key or when memory is short.
 */
KWAAI_API size_t kwaai_config_print(const struct kwaai_config *config, const char *key, char *out,
                                    size_t size);

/* --- every setting ------------------------------------------------------------------------- */

/* Keys 0 .. count-1 in the order in which people read them; NULL beyond. */
KWAAI_API size_t kwaai_config_count(void);
KWAAI_API const char *kwaai_config_key(size_t index);

/* --- where values came from ----------------------------------------------------------------- */

/* Strongest first. */
enum kwaai_layer {
    KWAAI_LAYER_CLI,
    KWAAI_LAYER_ENV,
    KWAAI_LAYER_FILE,
    KWAAI_LAYER_CACHE,
    KWAAI_LAYER_DISCOVERY,
    KWAAI_LAYER_FALLBACK,
};

struct kwaai_origin {
    enum kwaai_layer layer;
    const char *name;      /* flag, variable or file; NULL for built-in values */
    uint32_t line, column; /* in the file, from 1; 0 outside files */
    const char *text;      /* why a computed value is what it is; or NULL */
    int64_t age_s;         /* of a cached value; -1 otherwise */
};

/* False when there is no such key. */
KWAAI_API bool kwaai_config_origin(const struct kwaai_config *config, const char *key,
                                   struct kwaai_origin *out);

/* --- what is wrong --------------------------------------------------------------------------- */

enum kwaai_error_kind {
    KWAAI_FILE_NOT_FOUND,
    KWAAI_PARSE_ERROR,
    KWAAI_VALIDATION_ERROR,
    KWAAI_MERGE_ERROR,
};

enum kwaai_severity { KWAAI_ERROR, KWAAI_WARNING };

struct kwaai_problem {
    enum kwaai_error_kind kind;
    enum kwaai_severity severity;
    const char *word; /* stable name of the mistake: "unknown-key" */
    struct kwaai_origin origin;
    const char *key;     /* or NULL: the whole file */
    const char *value;   /* as written, or NULL */
    const char *message; /* what is wrong */
    const char *hint;    /* what to do, or NULL */
};

/* Errors and warnings of all sources, by source and place; at most the first 100. */
KWAAI_API size_t kwaai_config_problem_count(const struct kwaai_config *config);
/* False when there is no such problem. */
KWAAI_API bool kwaai_config_problem(const struct kwaai_config *config, size_t index,
                                    struct kwaai_problem *out);

#ifdef __cplusplus
}
#endif

#endif
