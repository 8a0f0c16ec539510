#include <math.h>

#include "config/discovery/placement_row.h"
#include "lib/base/memory.h"

/*
 * Those who start together see the same gap and all take it. Each then reads coverage again, and
 * were each to take the best window now, they would all be in the next one. So the level is
 * computed to which the gaps can be filled by what JOINING servers have too much of elsewhere: a
 * server moves with the chance that its place has to lose one, and to a gap by its depth. Then as
 * many move as there is need for, whether they see each other's moves or not.
 */
enum salt { SALT_DELAY = 16, SALT_MOVE = 32, SALT_GAP = 48, SALT_WINDOW = 64 };

enum {
    BISECTIONS_MAX = 64,
    LEVEL_PARTS = 64, /* of one server, to which a level is found */
};

/*
 * Found by simulating swarms of many shapes. Less eager, and what only small servers can fill stays
 * empty, because large ones count as movable and cannot move; much more, and those who do not see
 * each other yet leave gaps behind.
 */
static const double eagerness = 1.3;
static const double far_below = 0.8;

/* What the server that reconsiders sees. */
struct view {
    const struct kn_placement_request *request;
    struct kn_placement_row row;     /* without itself */
    struct kn_placement_range place; /* where it is */
    uint32_t *leavers;               /* of each block: JOINING servers that could go, and itself */
    kn_weight own;                   /* what it weighs, as every JOINING one does */
    uint64_t seed;
    uint32_t round;
};

/* What could leave a block, what of it is too much there, and how much is wanted. */
struct balance {
    double movable, excess, gap;
};

static kn_weight least_in(const struct kn_placement_row *row, struct kn_placement_range range)
{
    kn_weight least = row->weights[range.start];

    for (uint32_t i = range.start; i < range.end; i++)
        least = row->weights[i] < least ? row->weights[i] : least;
    return least;
}

/* With itself, where it is now. */
static double weight_at(const struct view *view, uint32_t i)
{
    bool here = i >= view->place.start && i < view->place.end;

    return (double)view->row.weights[i] + (here ? (double)view->own : 0);
}

static struct balance balance_of(const struct view *view, uint32_t i, double level)
{
    double weight = weight_at(view, i);
    struct balance balance = { .movable = (double)view->leavers[i] * (double)view->own };

    if (weight < level)
        balance.gap = level - weight;
    else
        balance.excess = weight - level < balance.movable ? weight - level : balance.movable;
    return balance;
}

static struct balance balance_in(const struct view *view, struct kn_placement_range range,
                                 double level)
{
    struct balance sum = { 0 };

    for (uint32_t i = range.start; i < range.end; i++) {
        struct balance balance = balance_of(view, i, level);

        sum.movable += balance.movable;
        sum.excess += balance.excess;
        sum.gap += balance.gap;
    }
    return sum;
}

/*
 * The level to which what is too much in some blocks fills the gaps of the others, in whole
 * servers like this one: half of one in each block helps nobody.
 */
static double level_of(const struct view *view)
{
    struct kn_placement_range all = { 0, view->row.n };
    double own = (double)view->own;
    double low = 0, high = 0;

    for (uint32_t i = 0; i < view->row.n; i++)
        high = weight_at(view, i) > high ? weight_at(view, i) : high;
    for (int i = 0; i < BISECTIONS_MAX && (high - low) * LEVEL_PARTS > own; i++) {
        double middle = low + (high - low) / 2;
        struct balance balance = balance_in(view, all, middle);

        if (balance.gap <= balance.excess)
            low = middle;
        else
            high = middle;
    }
    return low < own ? own : floor(low / own) * own;
}

static void count_leaver(const uint32_t *low_before, struct kn_placement_range range,
                         uint32_t *leavers)
{
    if (low_before[range.end] != low_before[range.start])
        return;
    leavers[range.start]++;
    leavers[range.end]--; /* wraps, and the sum along the blocks wraps back */
}

/*
 * A server that holds one block far below the level goes nowhere, however much too much there is of
 * its others. `low_before` and `leavers`: one more than blocks, zeroed.
 */
static void count_leavers(struct view *view, double level, uint32_t *low_before, uint32_t *leavers)
{
    const struct kn_placement_request *request = view->request;
    uint32_t n = view->row.n;

    for (uint32_t i = 0; i < n; i++) {
        bool is_low = weight_at(view, i) < level * far_below;

        low_before[i + 1] = low_before[i] + (is_low ? 1 : 0);
    }
    for (size_t i = 0; i < request->server_count; i++) {
        const struct kn_placement_server *server = &request->servers[i];
        uint32_t end = server->end < n ? server->end : n;

        if (!server->online && server->start < end)
            count_leaver(low_before, (struct kn_placement_range){ server->start, end }, leavers);
    }
    count_leaver(low_before, view->place, leavers);
    for (uint32_t i = 0, sum = 0; i < n; i++) {
        sum += leavers[i];
        view->leavers[i] = sum;
    }
}

/* The level when all JOINING servers could go tells which of them can, and these tell the level. */
static enum kn_code find_level(struct view *view, double *level)
{
    size_t n = view->row.n;
    uint32_t *low_before = kn_try_alloc((n + 1) * sizeof(*low_before));
    uint32_t *leavers = kn_try_alloc((n + 1) * sizeof(*leavers));
    enum kn_code rc = KN_E_NO_MEMORY;

    view->leavers = kn_try_alloc(n * sizeof(*view->leavers));
    if (low_before == NULL || leavers == NULL || view->leavers == NULL)
        goto out;
    for (uint32_t i = 0; i < n; i++)
        view->leavers[i] = view->request->blocks[i].joining;
    for (uint32_t i = view->place.start; i < view->place.end; i++)
        view->leavers[i]++;
    *level = level_of(view);
    if (view->request->servers != NULL) {
        count_leavers(view, *level, low_before, leavers);
        *level = level_of(view);
    }
    rc = KN_OK;
out:
    kn_free(low_before);
    kn_free(leavers);
    return rc;
}

/*
 * Does it move? Those who read later see what the earlier ones did; the fewer are left to move, the
 * more of them have to.
 */
static bool is_chosen_to_move(const struct view *view, double level)
{
    struct balance here = balance_in(view, view->place, level);
    struct balance all = balance_in(view, (struct kn_placement_range){ 0, view->row.n }, level);
    double wanted = all.gap < all.excess ? all.gap / all.excess : 1;
    double delay = kn_placement_delay_ms(view->seed, view->round);
    double left = (KN_PLACEMENT_DELAY_MAX_MS - delay) /
                  (KN_PLACEMENT_DELAY_MAX_MS - KN_PLACEMENT_DELAY_MIN_MS);

    return kn_placement_chance(view->seed, SALT_MOVE + view->round) * here.movable * left <
           here.excess * wanted * eagerness;
}

/* A block, more likely the more it lacks; the end of the model when none lacks anything. */
static uint32_t choose_gap(const struct view *view, double level)
{
    struct kn_placement_range all = { 0, view->row.n };
    double left =
        kn_placement_chance(view->seed, SALT_GAP + view->round) * balance_in(view, all, level).gap;

    for (uint32_t i = 0; i < view->row.n; i++) {
        double gap = balance_of(view, i, level).gap;

        if (gap > left)
            return i;
        left -= gap;
    }
    return view->row.n;
}

/* The best of the windows that hold a gap; when rounding found none, the best of all. */
static enum kn_code window_around(const struct view *view, uint32_t gap,
                                  struct kn_placement_range *out)
{
    uint32_t length = view->place.end - view->place.start;
    struct kn_placement_range among = { 0, view->row.n };
    enum kn_code rc;

    if (gap < view->row.n) {
        among.start = gap >= length ? gap - length + 1 : 0;
        among.end = length < view->row.n - gap ? gap + length : view->row.n;
    }
    rc =
        kn_placement_row_best(&view->row, among, length,
                              kn_placement_mix(view->seed, SALT_WINDOW + view->round), &out->start);
    out->end = out->start + length;
    return rc;
}

/* Would the place that is left, without this server, still be served no worse than the new one
 * with it? Otherwise to move only moves the gap. */
static bool is_gain(const struct view *view, struct kn_placement_range to)
{
    return least_in(&view->row, view->place) >= least_in(&view->row, to) + view->own;
}

static bool find_better(struct view *view, struct kn_placement_range *to)
{
    struct kn_placement_range gap_window;
    double level;

    if (window_around(view, view->row.n, to) != KN_OK || !is_gain(view, *to))
        return false;
    if (find_level(view, &level) != KN_OK || !is_chosen_to_move(view, level))
        return false;
    if (window_around(view, choose_gap(view, level), &gap_window) != KN_OK)
        return false;
    if (is_gain(view, gap_window))
        *to = gap_window;
    return true;
}

static bool can_move(const struct kn_placement_request *request, uint32_t round,
                     const struct kn_placement *place)
{
    if (round >= KN_PLACEMENT_ROUNDS || request->blocks == NULL)
        return false;
    if (place->by != KN_PLACED_LEAST_SERVED && place->by != KN_PLACED_BLINDLY)
        return false;
    return place->start < place->end && place->end <= request->num_blocks &&
           place->end - place->start < request->num_blocks &&
           request->num_blocks <= KN_PLACEMENT_BLOCKS_MAX;
}

bool kn_placement_reconsider(const struct kn_placement_request *request, uint32_t round,
                             struct kn_placement *place)
{
    struct view view = { .request = request, .seed = request->seed, .round = round };
    struct kn_placement_range to;
    bool moves = false;

    if (!can_move(request, round, place))
        return false;
    view.place = (struct kn_placement_range){ place->start, place->end };
    if (kn_placement_row_init(&view.row, request) == KN_OK &&
        kn_weight_of_joining(request->servers, request->server_count, &view.own) == KN_OK)
        moves = find_better(&view, &to);
    kn_placement_row_done(&view.row);
    kn_free(view.leavers);
    if (moves)
        kn_placement_at(request, to, place);
    return moves;
}

uint32_t kn_placement_delay_ms(uint64_t seed, uint32_t round)
{
    uint64_t span = KN_PLACEMENT_DELAY_MAX_MS - KN_PLACEMENT_DELAY_MIN_MS + 1;

    return KN_PLACEMENT_DELAY_MIN_MS +
           (uint32_t)(kn_placement_mix(seed, SALT_DELAY + (uint64_t)round) % span);
}

uint64_t kn_placement_seed(struct kn_span peer_id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, then mixed: the last bytes count */

    for (size_t i = 0; i < peer_id.n; i++)
        hash = (hash ^ peer_id.at[i]) * UINT64_C(0x100000001b3);
    return kn_placement_mix(hash, 0);
}
