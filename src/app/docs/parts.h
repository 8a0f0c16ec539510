/*
 * parts — sentences about one row, and the walk over the table that several documents share.
 * Private to app/docs.
 */
#ifndef KN_DOCS_PARTS_H
#define KN_DOCS_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/schema/setting.h"

struct kn_text;

/* Append `text` broken at spaces: the first line begins with `first`, the others with `rest`. */
void kn_docs_wrap(struct kn_text *out, const char *first, const char *rest, const char *text);
enum { KN_DOCS_COLUMNS = 98 };

/* "whole number, 1..65535, or auto (the first free port of 8080-8100)"; `tick` encloses words. */
void kn_docs_what(const struct kn_setting *setting, const char *tick, struct kn_text *out);

/* "A change needs a restart." and, where it is so, that there is no effect yet. */
void kn_docs_how(const struct kn_setting *setting, struct kn_text *out);

/* The built-in value as a file would say it: a path in the data folder is written whole. */
void kn_docs_fallback(const struct kn_setting *setting, struct kn_text *out);

/* The comma-separated item at `*at`, its length, or 0 at the end. Moves `*at` behind it. */
size_t kn_docs_item(const char **at, const char **item);

/* The section that a name at the top level is, NULL for a setting without one. */
const struct kn_section *kn_docs_section(const char *name);

/*
 * Walk over all rows with the sections around them: `open` before the first row below a section
 * ("model", "model.rebalance"), `close` behind the last. `depth` counts the sections around.
 */
struct kn_docs_walk {
    void (*open)(void *arg, const char *path, const char *name, int depth);
    void (*row)(void *arg, const struct kn_setting *setting, int depth);
    void (*close)(void *arg, int depth);
    void *arg;
};
void kn_docs_outline(const struct kn_docs_walk *walk);

#endif
