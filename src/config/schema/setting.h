/*
 * setting — the one table of every setting.
 *
 * A setting exists once, as a row of kn_settings[]. Flags, variables, YAML paths, help, the
 * reference, the example file, the JSON schema and completion are walks over this table.
 * Rows stand in the order in which people read them: by section, as kn_sections[] lists these.
 */
#ifndef KN_CONFIG_SETTING_H
#define KN_CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "config/schema/words.h"

struct kn_form;
struct kn_type;

/* How a running node takes a change. */
enum kn_apply { KN_APPLY_LIVE, KN_APPLY_RECONNECT, KN_APPLY_RESTART };

/* Words that a row accepts beside the values of its type. */
enum { KN_ACCEPTS_AUTO = 1, KN_ACCEPTS_NULL = 2 };

struct kn_range {
    double min, max; /* inclusive, in the unit of the key; both 0: no bounds */
};

struct kn_setting {
    const char *key; /* "model.dtype" */
    size_t key_length;
    const struct kn_type *type;
    size_t offset;    /* of the member in struct kn_node_config */
    unsigned accepts; /* KN_ACCEPTS_* */
    struct kn_range range;
    const char *unit;            /* of a plain number: "s", "GiB", "MiB", "B", "tokens"; or NULL */
    const struct kn_word *words; /* choices */
    const struct kn_form *form;  /* what a text must look like; NULL: any text */
    const char *fallback;        /* as a user would write it; NULL: null */
    const char *computed_by;     /* what decides an `auto`, for people */
    const char *flag;            /* "--port", NULL: only --set */
    const char *value_name;      /* of the flag in help: "N" */
    const char *alias;           /* variable beside KWAAINET_SECTION_KEY */
    enum kn_apply apply;
    bool secret;           /* the value is never shown */
    const char *obeyed_by; /* the part that acts on it; NULL: accepted, no effect yet */
    const char *brief;     /* one sentence */
    const char *detail;    /* more, or NULL */
};

extern const struct kn_setting kn_settings[];
extern const size_t kn_setting_count;

struct kn_section {
    const char *name, *brief;
};

extern const struct kn_section kn_sections[];
extern const size_t kn_section_count;

/* A key that an older schema spelled differently. */
struct kn_rename {
    const char *old_key, *new_key;
    const char *since; /* first schema version with the new spelling */
};

extern const struct kn_rename kn_renames[];
extern const size_t kn_rename_count;

/* The schema version of this program; files without one are read as this. */
#define KN_SCHEMA_VERSION "1.0.0"

/* The row of a key, NULL when there is none. */
const struct kn_setting *kn_setting_find(const char *key);

/*
 * The same, beginning at row `*at` and ending there; sets `*at` to the row behind the found one.
 * Files mostly follow the order of the table, so the next key is mostly the next row.
 */
const struct kn_setting *kn_setting_find_next(const char *key, size_t *at);

/* The row's place in kn_settings[]. */
size_t kn_setting_index(const struct kn_setting *setting);

/* True when `path` is the first part of some key: "model", "model.rebalance". */
bool kn_setting_is_section(const char *path);

/* The part after the last dot. */
const char *kn_setting_leaf(const struct kn_setting *setting);

/*
 * How many bytes of a word that should be a key a message may show, at most 100: a value may hang
 * on it ("alerts.webhook_url:https://…"), and that may be a secret.
 */
int kn_key_shown(const char *word);

/* "KWAAINET_MODEL_DTYPE", "KN_SETTING_VARIABLE_SIZE" bytes at most. */
enum { KN_SETTING_VARIABLE_SIZE = 64, KN_SETTING_KEY_MAX = 48 };
void kn_setting_variable(const struct kn_setting *setting, char out[KN_SETTING_VARIABLE_SIZE]);

const char *kn_apply_word(enum kn_apply apply);

#endif
