/*
 * nearest — "did you mean": the candidate that a person most likely wanted to type.
 */
#ifndef KN_BASE_NEAREST_H
#define KN_BASE_NEAREST_H

#include <stddef.h>

enum { KN_NEAREST_WORD_MAX = 64 };

struct kn_nearest {
    const char *word;
    const char *best; /* NULL until one is near enough */
    size_t distance;
};

/*
 * Start with kn_nearest_to(word), offer every candidate, read `best`. Case and the difference
 * between '-' and '_' do not count; a neighbour swap counts once. Near enough is a third of the
 * word, at least one change. Words over KN_NEAREST_WORD_MAX bytes have no neighbour.
 * Keeps `word` and the candidates.
 */
struct kn_nearest kn_nearest_to(const char *word);
void kn_nearest_offer(struct kn_nearest *nearest, const char *candidate);

#endif
