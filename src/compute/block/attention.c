/*
 * One way for all: a task is one sequence, one kv head and up to ROWS pairs of a token and a query
 * head. Queries are the rows of both tiles; the lanes are positions, then features. Keys are met
 * TILE at a time, with a softmax that is corrected as larger scores appear.
 */
#include "compute/block/piece.h"

#include <math.h>
#include <string.h>

#include "compute/block/cache_place.h"
#include "compute/kernels/pool.h"

enum {
    ROWS = 64,
    TILE = 128, /* keys; a multiple of KN_KEY_LANES */
    STORE_TOKENS = 16,
};

/* What one task works on, in the scratch of its thread. */
struct task {
    float *query;  /* [rows][head_dim], turned and scaled */
    float *scores; /* [rows][TILE] */
    float *sum;    /* [rows][value_stride] */
    float *most, *weight;
    const struct kn_segment *segment;
    struct kn_cache_place place;
    size_t kv_head, first, rows; /* pairs of the segment and kv head */
};

struct work {
    struct kn_piece *piece;
    const struct kn_attention *attention;
    size_t group; /* query heads of a kv head */
    unsigned tasks;
};

static struct kn_cache_place place_of(const struct work *work, const struct kn_pass_row *row,
                                      size_t kv_head)
{
    return kn_cache_place(row->cache, work->attention->cache_block, row->batch_row,
                          (uint32_t)kv_head);
}

static const float *angles_of(const struct kn_piece *piece, size_t token)
{
    return piece->room.angles + token * piece->decoder->head_dim;
}

static void gather(const struct kn_lane *lane, size_t at, size_t n, float *out)
{
    const float *from = lane->at + at * lane->step;

    for (size_t i = 0; i < n; i++)
        out[i] = from[i * lane->step];
}

static void store_token(const struct work *work, size_t token, size_t kv_head)
{
    const struct kn_piece *piece = work->piece;
    const struct kn_token *of = &piece->tokens[token];
    size_t dim = piece->decoder->head_dim, position = of->row->position + of->index;
    struct kn_cache_place place = place_of(work, of->row, kv_head);
    struct kn_lane key = kn_lane(&piece->form, &work->attention->key, token);
    struct kn_lane value = kn_lane(&piece->form, &work->attention->value, token);
    float head[KN_DECODER_HEAD_MAX], *to;

    gather(&key, kv_head * dim, dim, head);
    piece->loops->rope(head, angles_of(piece, token), dim / 2, 1.0F);
    to = place.keys + position / KN_KEY_LANES * KN_KEY_LANES * dim + position % KN_KEY_LANES;
    for (size_t i = 0; i < dim; i++)
        to[i * KN_KEY_LANES] = head[i];
    gather(&value, kv_head * dim, dim, place.values + position * kn_value_stride(piece->decoder));
}

static void store_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct work *work = arg;
    size_t heads = work->piece->decoder->kv_heads, kv_head = chunk % heads;
    size_t at = chunk / heads * STORE_TOKENS, tokens = work->piece->form.tokens;
    size_t end = at + STORE_TOKENS < tokens ? at + STORE_TOKENS : tokens;

    (void)thread;
    for (; at < end; at++)
        store_token(work, at, kv_head);
}

/* Few tokens are not worth a region of all threads. */
static void store(struct work *work)
{
    size_t tokens = work->piece->form.tokens, heads = work->piece->decoder->kv_heads;
    unsigned chunks = (unsigned)((tokens + STORE_TOKENS - 1) / STORE_TOKENS * heads);

    if (work->piece->form.panels)
        kn_pool_run(work->piece->pool, chunks, store_some, work);
    else
        for (unsigned i = 0; i < chunks; i++)
            store_some(work, i, 0);
}

static size_t token_of(const struct work *work, const struct task *task, size_t row)
{
    return (task->first + row) / work->group;
}

static void load_queries(const struct work *work, struct task *task)
{
    const struct kn_piece *piece = work->piece;
    size_t dim = piece->decoder->head_dim;
    float by = 1.0F / sqrtf((float)dim);

    for (size_t row = 0; row < task->rows; row++) {
        size_t token = task->segment->at + token_of(work, task, row);
        size_t head = task->kv_head * work->group + (task->first + row) % work->group;
        struct kn_lane lane = kn_lane(&piece->form, &work->attention->query, token);

        gather(&lane, head * dim, dim, task->query + row * dim);
        piece->loops->rope(task->query + row * dim, angles_of(piece, token), dim / 2, by);
    }
}

/* The positions that a row sees. */
struct span {
    size_t from, to;
};

static struct span sees(const struct work *work, const struct task *task, size_t row)
{
    const struct kn_segment *segment = task->segment;
    size_t window = work->piece->decoder->window;
    size_t to = (size_t)segment->row->position + segment->first + token_of(work, task, row) + 1;

    return (struct span){ .from = window > 0 && to > window ? to - window : 0, .to = to };
}

static size_t at_least(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Scores of one row become weights; the sum so far is corrected. What it does not see weighs
 * nothing. */
static void weigh(const struct work *work, struct task *task, size_t row, const struct span *tile)
{
    const struct kn_loops *loops = work->piece->loops;
    struct span seen = sees(work, task, row);
    size_t n = tile->to - tile->from, stride = kn_value_stride(work->piece->decoder);
    size_t from = at_least(seen.from, tile->from) - tile->from;
    size_t to = seen.to < tile->to ? at_least(seen.to, tile->from) - tile->from : n;
    float *scores = task->scores + row * TILE, most;

    if (from >= to) {
        memset(scores, 0, n * sizeof(*scores));
        return;
    }
    memset(scores, 0, from * sizeof(*scores));
    memset(scores + to, 0, (n - to) * sizeof(*scores));
    most = loops->max(scores + from, to - from);
    if (most > task->most[row]) {
        float by = expf(task->most[row] - most);

        loops->scale(task->sum + row * stride, by, stride);
        task->weight[row] *= by;
        task->most[row] = most;
    }
    task->weight[row] += loops->exp_sum(scores + from, task->most[row], to - from);
}

static void score(const struct work *work, const struct task *task, const struct span *tile)
{
    size_t dim = work->piece->decoder->head_dim;

    for (size_t row = 0; row < task->rows; row++)
        memset(task->scores + row * TILE, 0, TILE * sizeof(float));
    for (size_t at = tile->from; at < tile->to; at += KN_KEY_LANES) {
        struct kn_tile scores = {
            .a = task->query,
            .b = kn_key_group(task->place.keys, at, dim),
            .sum = task->scores + (at - tile->from),
            .rows = task->rows,
            .depth = dim,
            .lanes = KN_KEY_LANES,
            .a_row = dim,
            .a_step = 1,
            .b_row = KN_KEY_LANES,
            .sum_row = TILE,
        };

        kn_tile_add(work->piece->kernels, &scores);
    }
}

static void meet_tile(const struct work *work, struct task *task, const struct span *tile)
{
    size_t stride = kn_value_stride(work->piece->decoder);
    struct kn_tile values = {
        .a = task->scores,
        .b = task->place.values + tile->from * stride,
        .sum = task->sum,
        .rows = task->rows,
        .depth = tile->to - tile->from,
        .lanes = stride,
        .a_row = TILE,
        .a_step = 1,
        .b_row = stride,
        .sum_row = stride,
    };

    score(work, task, tile);
    for (size_t row = 0; row < task->rows; row++)
        weigh(work, task, row, tile);
    kn_tile_add(work->piece->kernels, &values);
}

/* The sums over the weights, into the lanes of the tokens. */
static void write_out(const struct work *work, const struct task *task)
{
    const struct kn_piece *piece = work->piece;
    size_t dim = piece->decoder->head_dim, stride = kn_value_stride(piece->decoder);

    for (size_t row = 0; row < task->rows; row++) {
        size_t token = task->segment->at + token_of(work, task, row);
        size_t head = task->kv_head * work->group + (task->first + row) % work->group;
        struct kn_lane lane = kn_lane(&piece->form, &work->attention->out, token);
        const float *sum = task->sum + row * stride;
        float by = 1.0F / task->weight[row], *to = lane.at + head * dim * lane.step;

        for (size_t i = 0; i < dim; i++)
            to[i * lane.step] = sum[i] * by;
    }
}

static size_t tasks_of_head(const struct work *work, const struct kn_segment *segment)
{
    return (segment->tokens * work->group + ROWS - 1) / ROWS;
}

/* The last segment that begins at or before the task. */
static const struct kn_segment *segment_of(const struct kn_piece *piece, unsigned task)
{
    size_t low = 0, high = piece->segment_count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (piece->segments[middle].task <= task)
            low = middle;
        else
            high = middle;
    }
    return &piece->segments[low];
}

static float *part(float **scratch, size_t floats)
{
    float *at = *scratch;

    *scratch += (floats + KN_LOOP_LANES - 1) / KN_LOOP_LANES * KN_LOOP_LANES;
    return at;
}

static void set_out(const struct work *work, unsigned number, float *scratch, struct task *task)
{
    const struct kn_decoder *decoder = work->piece->decoder;
    size_t in_head, pairs;

    task->segment = segment_of(work->piece, number);
    in_head = tasks_of_head(work, task->segment);
    pairs = task->segment->tokens * work->group;
    task->kv_head = (number - task->segment->task) / in_head;
    task->first = (number - task->segment->task) % in_head * ROWS;
    task->rows = pairs - task->first < ROWS ? pairs - task->first : ROWS;
    task->place = place_of(work, task->segment->row, task->kv_head);
    task->query = part(&scratch, ROWS * (size_t)decoder->head_dim + KN_KERNEL_PAD);
    task->scores = part(&scratch, (size_t)ROWS * TILE + KN_KERNEL_PAD);
    task->sum = part(&scratch, ROWS * kn_value_stride(decoder));
    task->most = part(&scratch, ROWS);
    task->weight = part(&scratch, ROWS);
    memset(task->sum, 0, task->rows * kn_value_stride(decoder) * sizeof(float));
    memset(task->weight, 0, ROWS * sizeof(float));
    for (size_t row = 0; row < task->rows; row++)
        task->most[row] = -INFINITY;
}

_Static_assert((ROWS * (2 * KN_DECODER_HEAD_MAX + TILE + 2) + 2 * KN_KERNEL_PAD) * sizeof(float) <=
                   KN_POOL_SCRATCH,
               "a task fits in the scratch of its thread");

static void attend_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct work *work = arg;
    struct task task;
    struct span all, tile;

    /* the last tasks see most: they begin first, so that the threads end together */
    set_out(work, work->tasks - 1 - chunk, kn_pool_scratch(work->piece->pool, thread), &task);
    load_queries(work, &task);
    all = (struct span){ .from = sees(work, &task, 0).from / KN_KEY_LANES * KN_KEY_LANES,
                         .to = sees(work, &task, task.rows - 1).to };
    for (tile.from = all.from; tile.from < all.to; tile.from = tile.to) {
        tile.to = tile.from + TILE < all.to ? tile.from + TILE : all.to;
        meet_tile(work, &task, &tile);
    }
    write_out(work, &task);
}

void kn_piece_attend(struct kn_piece *piece, const struct kn_attention *attention)
{
    struct work work = {
        .piece = piece,
        .attention = attention,
        .group = piece->decoder->heads / piece->decoder->kv_heads,
    };

    store(&work);
    for (size_t i = 0; i < piece->segment_count; i++) {
        struct kn_segment *segment = &piece->segments[i];

        segment->task = work.tasks;
        work.tasks += (unsigned)(tasks_of_head(&work, segment) * piece->decoder->kv_heads);
    }
    kn_pool_run(piece->pool, work.tasks, attend_some, &work);
}
