#include "node/presence/given_up.h"

#include <stdio.h>
#include <string.h>

void kn_given_up_add(struct kn_given_up *all, const char *prefix, uint32_t start, uint32_t end)
{
    if (all->n < KN_GIVEN_UP_MAX)
        all->n++;
    memmove(&all->at[1], &all->at[0], (all->n - 1) * sizeof(all->at[0]));
    all->at[0] = (struct kn_given_range){ .start = start, .end = end };
    (void)snprintf(all->at[0].prefix.text, sizeof(all->at[0].prefix.text), "%s", prefix);
}

static bool holds(const struct kn_given_range *range, const char *prefix, uint32_t block)
{
    return block >= range->start && block < range->end && strcmp(range->prefix.text, prefix) == 0;
}

bool kn_given_up_has(const struct kn_given_up *all, size_t index, uint32_t block)
{
    const char *prefix = all->at[index].prefix.text;

    for (size_t i = 0; i < index; i++) {
        if (holds(&all->at[i], prefix, block))
            return false;
    }
    return holds(&all->at[index], prefix, block);
}

size_t kn_given_up_keys(const struct kn_given_up *all)
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        n += all->at[i].end - all->at[i].start;
    return n;
}

void kn_given_up_settle(struct kn_given_up *all, const struct kn_dht_put_outcome *outcomes,
                        size_t n)
{
    size_t kept = 0, next = 0;

    for (size_t i = 0; i < all->n; i++) {
        bool heard = true;

        for (size_t k = 0; k < all->at[i].told; k++, next++)
            heard = heard && next < n && outcomes[next].acknowledged > 0;
        if (!heard)
            all->at[kept++] = all->at[i];
    }
    all->n = kept;
}
