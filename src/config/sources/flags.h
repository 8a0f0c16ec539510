/*
 * flags — the command line as a layer: --flag VALUE, --flag=VALUE, --set section.key=VALUE.
 */
#ifndef KN_SOURCES_FLAGS_H
#define KN_SOURCES_FLAGS_H

#include "config/schema/layer.h"

enum kn_flag_kind {
    KN_FLAG_UNKNOWN, /* not one that every loading command takes */
    KN_FLAG_SETTING, /* sets `setting` to `value` */
    KN_FLAG_CONFIG,  /* --config PATH */
    KN_FLAG_HOME,    /* --home PATH */
    KN_FLAG_WRONG,   /* known but incomplete; the error says how */
};

struct kn_flag {
    enum kn_flag_kind kind;
    const struct kn_setting *setting;
    const char *name;  /* as messages call it: "--port", "--set model.dtype" */
    const char *value; /* lent by the words */
    bool append;       /* --bootstrap */
    size_t used;       /* words taken: 1 or 2 */
};

/* Recognise the flag at words[0]. KN_FLAG_UNKNOWN and KN_FLAG_WRONG fill `err`. */
struct kn_flag kn_flag_match(struct kn_arena *arena, const char *const *words, size_t n,
                             struct kn_error *err);

/* Add a KN_FLAG_SETTING to the layer of the command line. */
void kn_flag_take(const struct kn_source *source, const struct kn_flag *flag);

/* Offer every flag that kn_flag_match() knows to a search for the nearest one. */
struct kn_nearest;
void kn_flag_offer_all(struct kn_nearest *nearest);

/* The flags of loading commands that are no settings, for help: ends with a NULL name. */
struct kn_flag_info {
    const char *name, *value_name, *brief;
};
extern const struct kn_flag_info kn_flag_infos[];

#endif
