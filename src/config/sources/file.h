/*
 * file — a configuration file in YAML or JSON, as a layer.
 *
 * Walks the tree once: values of known keys are read, everything else becomes a problem with its
 * place. A file of another program is refused as a whole, an older schema is translated.
 */
#ifndef KN_SOURCES_FILE_H
#define KN_SOURCES_FILE_H

#include "config/schema/layer.h"

struct kn_yaml_document;

/*
 * Add what `doc` says to the file layer, of the settings of source->part. `name` is how messages
 * call the file; both live as long as the layers. source->base is the folder of the file.
 */
void kn_file_take(const struct kn_source *source, const struct kn_yaml_document *doc,
                  const char *name);

/* Turn the faults of a document into problems. */
void kn_file_take_faults(const struct kn_source *source, const struct kn_yaml_document *doc,
                         const struct kn_origin *origin);

/*
 * Walk the keys of a tree that has the shape of a configuration, calling `take` for each value
 * that has a row, and `unknown` for each key that has none. Used for files and for caches.
 */
struct kn_walk {
    void *arg;
    void (*take)(void *arg, const struct kn_setting *setting, const struct kn_yaml_node *key);
    void (*unknown)(void *arg, const char *path, const struct kn_yaml_node *key);
    /* A section that is a list or a single value. */
    void (*misplaced)(void *arg, const char *path, const struct kn_yaml_node *key);
};
void kn_file_walk(const struct kn_walk *how, const struct kn_yaml_node *root);

#endif
