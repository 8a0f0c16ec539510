/*
 * random — where random bytes come from, handed in to everything that needs them.
 *
 * The program hands in the system's generator (lib/crypto/random.h), a simulation a seeded one.
 */
#ifndef KN_BASE_RANDOM_H
#define KN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct kn_random {
    void (*fill)(void *arg, uint8_t *out, size_t n);
    void *arg;
};

static inline void kn_random_fill(const struct kn_random *random, uint8_t *out, size_t n)
{
    random->fill(random->arg, out, n);
}

/* A number below `bound`, which is at least 1. The bias of the remainder is below bound / 2^64. */
uint64_t kn_random_below(const struct kn_random *random, uint64_t bound);

/*
 * A generator whose numbers follow from its seed alone, for simulations and tests. Not for keys.
 * `state` must outlive what is returned.
 */
struct kn_random kn_random_seeded(uint64_t *state);

#endif
