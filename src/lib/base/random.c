#include "lib/base/random.h"

#include <string.h>

uint64_t kn_random_below(const struct kn_random *random, uint64_t bound)
{
    uint8_t bytes[sizeof(uint64_t)];
    uint64_t number;

    kn_random_fill(random, bytes, sizeof(bytes));
    memcpy(&number, bytes, sizeof(number));
    return number % bound;
}

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill_seeded(void *arg, uint8_t *out, size_t n)
{
    while (n > 0) {
        uint64_t word = next(arg);
        size_t part = n < sizeof(word) ? n : sizeof(word);

        memcpy(out, &word, part);
        out += part;
        n -= part;
    }
}

struct kn_random kn_random_seeded(uint64_t *state)
{
    return (struct kn_random){ fill_seeded, state };
}
