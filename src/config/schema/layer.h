/*
 * layer — what one source says: a list of (setting, value, origin).
 */
#ifndef KN_CONFIG_LAYER_H
#define KN_CONFIG_LAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "config/schema/measured.h"
#include "config/schema/problem.h"
#include "config/schema/type.h"
#include "config/schema/value.h"

struct kn_arena;

struct kn_assignment {
    const struct kn_setting *setting;
    struct kn_value value; /* never KN_ABSENT when valid */
    struct kn_origin origin;
    uint32_t start, end;                /* bytes of the value in the file */
    bool valid;                         /* else a problem says why */
    bool append;                        /* adds to the list that wins (--bootstrap) */
    const struct kn_assignment *weaker; /* the next weaker one of the same setting */
};

struct kn_layer {
    struct kn_assignment *at; /* a later entry of one setting is stronger than an earlier one */
    size_t n, room;
};

/* What the calibration that was kept of an earlier start was made for. */
struct kn_calibrated {
    const char *machine; /* its fingerprint, "" without; NULL: none of this model is kept */
    bool for_others;     /* for other settings than hold now */
    bool for_another_preset;
    struct kn_measured measured; /* by running it; at_s 0: nothing was */
    int64_t measured_age_s;
};

/* One layer a kind, strongest first; all memory is the arena's. */
struct kn_layers {
    struct kn_arena *arena;
    struct kn_problems *problems;
    struct kn_layer by_kind[KN_LAYER_COUNT];
    const struct kn_yaml_document *file; /* what the file layer was read from, or NULL */
    struct kn_calibrated calibrated;
};

/* Of a file that is read for a node that runs: all of it, what waits for the next start, or what
 * does not. */
enum kn_file_part { KN_FILE_WHOLE, KN_FILE_WAITING, KN_FILE_AT_ONCE };

/* What the readers of every source need. Keeps nothing. */
struct kn_source {
    struct kn_layers *layers;
    const char *base;     /* folder of relative paths in this source, absolute */
    kn_lookup_fn *lookup; /* the environment, for $NAME in paths */
    void *lookup_arg;
    const char *machine; /* fingerprint that a calibration must have; NULL: any */
    enum kn_file_part part;
};

/*
 * Read `node` as the value of `setting` and add it to the layer of origin->layer; an absent value
 * adds nothing. What is wrong becomes a problem at the node (with `doc`) or at the origin (NULL).
 */
void kn_layer_read(const struct kn_source *source, const struct kn_setting *setting,
                   const struct kn_yaml_node *node, const struct kn_yaml_document *doc,
                   const struct kn_origin *origin, bool append);

/* The same for a word. */
void kn_layer_read_word(const struct kn_source *source, const struct kn_setting *setting,
                        const char *word, const struct kn_origin *origin, bool append);

/* The winner of one setting among the layers so far, NULL when none names it. */
const struct kn_assignment *kn_layers_find(const struct kn_layers *layers,
                                           const struct kn_setting *setting);

#endif
