/*
 * reference — a decoder block written down plainly in double, one sequence from its beginning; and
 * made-up blocks of any shape. Independent of what it checks, but for the widening of weights.
 */
#ifndef KN_TESTS_REFERENCE_H
#define KN_TESTS_REFERENCE_H

#include <math.h>

#include "compute/block/decoder.h"
#include "lib/base/memory.h"
#include "support/check.h"

enum { REFERENCE_EXPERTS_MAX = 8 };

/* The same numbers everywhere, -1 to 1. */
static inline float reference_number(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (float)(int32_t)*seed / 2147483648.0F;
}

/* Float32 weights of one block, all in one allocation. */
struct reference {
    struct kn_block_weights weights;
    struct kn_feed_forward experts[REFERENCE_EXPERTS_MAX];
    float *numbers;
};

static inline float *reference_take(float **at, size_t n, float scale, float shift, uint32_t *seed)
{
    float *from = *at;

    for (size_t i = 0; i < n; i++)
        *(*at)++ = shift + scale * reference_number(seed);
    return from;
}

static inline struct kn_matrix reference_matrix(float **at, uint32_t rows, uint32_t columns,
                                                uint32_t *seed)
{
    float scale = 1.7F / sqrtf((float)columns);

    return (struct kn_matrix){ .type = KN_WEIGHT_F32,
                               .rows = rows,
                               .columns = columns,
                               .at = reference_take(at, (size_t)rows * columns, scale, 0, seed) };
}

static inline struct kn_feed_forward reference_ffn(const struct kn_decoder *d, float **at,
                                                   uint32_t *seed)
{
    struct kn_feed_forward f;

    f.gate = reference_matrix(at, d->ffn, d->hidden, seed);
    f.up = reference_matrix(at, d->ffn, d->hidden, seed);
    f.down = reference_matrix(at, d->hidden, d->ffn, seed);
    return f;
}

static inline void reference_make(struct reference *r, const struct kn_decoder *d, bool biased,
                                  uint32_t seed)
{
    uint32_t queries = d->heads * d->head_dim, keys = d->kv_heads * d->head_dim;
    size_t ffns = d->experts > 0 ? d->experts : 1;
    size_t n = (size_t)d->hidden * (2 * queries + 2 * keys + 3 * ffns * d->ffn + 3 + d->experts) +
               queries + 2 * keys;
    float *at;

    memset(r, 0, sizeof(*r));
    at = r->numbers = kn_alloc(n * sizeof(float));
    r->weights.query = reference_matrix(&at, queries, d->hidden, &seed);
    r->weights.key = reference_matrix(&at, keys, d->hidden, &seed);
    r->weights.value = reference_matrix(&at, keys, d->hidden, &seed);
    r->weights.output = reference_matrix(&at, d->hidden, queries, &seed);
    r->weights.attention_norm = reference_take(&at, d->hidden, 0.3F, 1, &seed);
    r->weights.feed_forward_norm = reference_take(&at, d->hidden, 0.3F, 1, &seed);
    if (biased) {
        r->weights.query_bias = reference_take(&at, queries, 0.5F, 0, &seed);
        r->weights.key_bias = reference_take(&at, keys, 0.5F, 0, &seed);
        r->weights.value_bias = reference_take(&at, keys, 0.5F, 0, &seed);
        r->weights.output_bias = reference_take(&at, d->hidden, 0.5F, 0, &seed);
    }
    if (d->experts == 0) {
        r->weights.feed_forward = reference_ffn(d, &at, &seed);
        return;
    }
    r->weights.router = reference_matrix(&at, d->experts, d->hidden, &seed);
    for (uint32_t e = 0; e < d->experts; e++)
        r->experts[e] = reference_ffn(d, &at, &seed);
    r->weights.experts = r->experts;
}

static inline void reference_free(struct reference *r)
{
    kn_free(r->numbers);
}

static inline double *reference_multiply(const struct kn_matrix *m, const float *bias,
                                         const double *x, size_t tokens)
{
    double *out = kn_alloc(tokens * m->rows * sizeof(double));
    const float *w = m->at;

    for (size_t t = 0; t < tokens; t++)
        for (size_t r = 0; r < m->rows; r++) {
            double sum = bias != NULL ? (double)bias[r] : 0;

            for (size_t c = 0; c < m->columns; c++)
                sum += (double)w[r * m->columns + c] * x[t * m->columns + c];
            out[t * m->rows + r] = sum;
        }
    return out;
}

static inline double *reference_norm(const struct kn_decoder *d, const float *weight,
                                     const double *x, size_t tokens)
{
    size_t n = d->hidden;
    double *out = kn_alloc(tokens * n * sizeof(double));

    for (size_t t = 0; t < tokens; t++) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += x[t * n + i] * x[t * n + i];
        sum = 1 / sqrt(sum / (double)n + (double)d->norm_epsilon);
        for (size_t i = 0; i < n; i++)
            out[t * n + i] = x[t * n + i] * sum * (double)weight[i];
    }
    return out;
}

/* Plain rope alone: the scalings have numbers of their own to be held against. */
static inline void reference_rope(const struct kn_decoder *d, double *x, size_t heads,
                                  size_t tokens)
{
    size_t dim = d->head_dim, half = dim / 2;

    for (size_t t = 0; t < tokens; t++)
        for (size_t h = 0; h < heads; h++)
            for (size_t i = 0; i < half; i++) {
                double *at = x + (t * heads + h) * dim + i, low = at[0], high = at[half];
                double turn = (double)t * pow(d->rope.theta, -2.0 * (double)i / (double)dim);

                at[0] = low * cos(turn) - high * sin(turn);
                at[half] = high * cos(turn) + low * sin(turn);
            }
}

/* One query against the keys `from` to `to`. */
static inline void reference_head(const struct kn_decoder *d, const double *q, const double *k,
                                  const double *v, size_t from, size_t to, double *out)
{
    size_t dim = d->head_dim, step = d->kv_heads * dim;
    double sum = 0, *weight = kn_alloc(to * sizeof(double));

    for (size_t p = from; p < to; p++) {
        double score = 0;

        for (size_t i = 0; i < dim; i++)
            score += q[i] * k[p * step + i];
        weight[p] = exp(score / sqrt((double)dim));
        sum += weight[p];
    }
    for (size_t i = 0; i < dim; i++) {
        out[i] = 0;
        for (size_t p = from; p < to; p++)
            out[i] += weight[p] / sum * v[p * step + i];
    }
    kn_free(weight);
}

static inline double *reference_attend(const struct kn_decoder *d, const struct kn_block_weights *w,
                                       const double *a, size_t tokens)
{
    size_t dim = d->head_dim, group = d->heads / d->kv_heads;
    double *q = reference_multiply(&w->query, w->query_bias, a, tokens);
    double *k = reference_multiply(&w->key, w->key_bias, a, tokens);
    double *v = reference_multiply(&w->value, w->value_bias, a, tokens);
    double *o = kn_alloc(tokens * d->heads * dim * sizeof(double)), *out;

    reference_rope(d, q, d->heads, tokens);
    reference_rope(d, k, d->kv_heads, tokens);
    for (size_t t = 0; t < tokens; t++)
        for (size_t h = 0; h < d->heads; h++)
            reference_head(d, q + (t * d->heads + h) * dim, k + h / group * dim,
                           v + h / group * dim,
                           d->window > 0 && t >= d->window ? t + 1 - d->window : 0, t + 1,
                           o + (t * d->heads + h) * dim);
    out = reference_multiply(&w->output, w->output_bias, o, tokens);
    kn_free(q);
    kn_free(k);
    kn_free(v);
    kn_free(o);
    return out;
}

static inline double *reference_gated(const struct kn_feed_forward *f, const double *m,
                                      size_t tokens)
{
    double *g = reference_multiply(&f->gate, NULL, m, tokens);
    double *u = reference_multiply(&f->up, NULL, m, tokens), *out;

    for (size_t i = 0; i < tokens * f->gate.rows; i++)
        g[i] = g[i] / (1 + exp(-g[i])) * u[i];
    out = reference_multiply(&f->down, NULL, g, tokens);
    kn_free(g);
    kn_free(u);
    return out;
}

/* The best `experts_active` of one token, weighed by their share among themselves. */
static inline void reference_mix(const struct kn_decoder *d, const struct kn_block_weights *w,
                                 const double *m, double *out)
{
    double *logits = reference_multiply(&w->router, NULL, m, 1), sum = 0;
    bool chosen[REFERENCE_EXPERTS_MAX] = { false };

    for (uint32_t k = 0; k < d->experts_active; k++) {
        uint32_t best = UINT32_MAX;

        for (uint32_t e = 0; e < d->experts; e++)
            if (!chosen[e] && (best == UINT32_MAX || logits[e] > logits[best]))
                best = e;
        chosen[best] = true;
        sum += exp(logits[best]);
    }
    memset(out, 0, d->hidden * sizeof(*out));
    for (uint32_t e = 0; e < d->experts; e++) {
        double *part = chosen[e] ? reference_gated(&w->experts[e], m, 1) : NULL;

        for (size_t i = 0; chosen[e] && i < d->hidden; i++)
            out[i] += exp(logits[e]) / sum * part[i];
        kn_free(part);
    }
    kn_free(logits);
}

/* In place: tokens at the positions 0, 1, … through one block. */
static inline void reference_block(const struct kn_decoder *d, const struct kn_block_weights *w,
                                   double *x, size_t tokens)
{
    size_t n = tokens * d->hidden;
    double *a = reference_norm(d, w->attention_norm, x, tokens);
    double *y = reference_attend(d, w, a, tokens), *m, *f;

    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
    m = reference_norm(d, w->feed_forward_norm, x, tokens);
    if (d->experts == 0)
        f = reference_gated(&w->feed_forward, m, tokens);
    else
        f = kn_alloc(n * sizeof(double));
    for (size_t t = 0; d->experts > 0 && t < tokens; t++)
        reference_mix(d, w, m + t * d->hidden, f + t * d->hidden);
    for (size_t i = 0; i < n; i++)
        x[i] += f[i];
    kn_free(a);
    kn_free(y);
    kn_free(m);
    kn_free(f);
}

#endif
