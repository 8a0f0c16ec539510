/*
 * model_table — the shapes of well-known open models.
 *
 * A row stands here only if the parameters that its shape gives are those that its authors
 * published; tests compare them. Instruction-tuned and chat variants share the row of their model.
 */
#ifndef KN_DISCOVERY_MODEL_TABLE_H
#define KN_DISCOVERY_MODEL_TABLE_H

#include <stddef.h>

#include "config/discovery/model_shape.h"

struct kn_arena;

struct kn_model_row {
    const char *repository; /* "meta-llama/Llama-3.3-70B-Instruct" */
    const char *also;       /* another name of the same shape, or NULL */
    struct kn_model_shape shape;
};

extern const struct kn_model_row kn_model_rows[];
extern const size_t kn_model_row_count;

/* The model that is chosen when nobody can be asked. */
#define KN_FALLBACK_MODEL "meta-llama/Llama-3.3-70B-Instruct"

/*
 * The row that a word names: a repository with any owner, with or without the hub's address, a
 * name, or a prefix in either spelling. Case, and whether '.' or '-' is written, do not matter.
 * NULL when there is none.
 */
const struct kn_model_row *kn_model_find(const char *word);

/* Do two words name one model? By the same rules, but tuned variants are models of their own. */
bool kn_model_same(const char *a, const char *b);

/*
 * "Did you mean A, B or C?": the names that are nearest to `word`, of the table and of `others`,
 * which are n names or repositories; "" when none is near. Takes memory of the arena.
 */
enum { KN_MODEL_NEAREST_SIZE = 256 };
void kn_model_nearest(const char *word, const char *const *others, size_t n, struct kn_arena *arena,
                      char out[KN_MODEL_NEAREST_SIZE]);

/* What stands behind the last slash. */
const char *kn_model_short_name(const char *repository);

#endif
