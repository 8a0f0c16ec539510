#include "compute/kernels/shares.h"

#include <stdbool.h>

/* The chunks of one length: `threads` of them, but the shortest until the end. */
struct round {
    size_t from, length;
    unsigned first; /* chunk */
};

static struct round first_round(const struct kn_shares *shares)
{
    size_t half = shares->all / shares->threads / 2;

    return (struct round){ .length = half > shares->least ? half : shares->least };
}

/* False: this round is the last. */
static bool next_round(const struct kn_shares *shares, struct round *round)
{
    if (round->length == shares->least)
        return false;
    round->from += shares->threads * round->length;
    round->first += shares->threads;
    round->length /= 2;
    if (round->length < shares->least)
        round->length = shares->least;
    return true;
}

unsigned kn_shares_count(const struct kn_shares *shares)
{
    struct round round = first_round(shares);

    while (next_round(shares, &round))
        continue;
    return round.first + (unsigned)((shares->all - round.from + round.length - 1) / round.length);
}

struct kn_share kn_share_of(const struct kn_shares *shares, unsigned chunk)
{
    struct round round = first_round(shares);
    struct kn_share share;

    while (chunk - round.first >= shares->threads && next_round(shares, &round))
        continue;
    share.from = round.from + (chunk - round.first) * round.length;
    share.to = shares->all - share.from < round.length ? shares->all : share.from + round.length;
    return share;
}
