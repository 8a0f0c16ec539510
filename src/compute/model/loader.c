#include "compute/model/loader.h"

#include <math.h>

#include "compute/kernels/kernels.h"
#include "compute/kernels/quantise.h"
#include "lib/base/memory.h"
#include "lib/os/file_map.h"
#include "lib/os/pages.h"

enum {
    ALIGNMENT = 64,
    SLACK = 256,        /* bytes that a kernel may read behind the last weight */
    PIECE = 128 * 1024, /* weights that are converted at once */
};
#define F16_MAX 65520.0F /* from here on, rounding gives infinity */

struct kn_loader_memory {
    struct kn_loader_memory *next;
    size_t pages; /* bytes of them; 0: of the heap */
};

/* Bytes `at` to `end` of a file. */
struct kn_loader_mapped {
    struct kn_loader_mapped *next;
    struct kn_file_map *file;
    uint64_t at, end;
};

/* Aligned, and freed with the loader; NULL when memory is short. Of a size that large pages are
 * for, in such. */
static void *own(struct kn_loader *loader, uint64_t bytes)
{
    const size_t beside = sizeof(struct kn_loader_memory) + ALIGNMENT + SLACK;
    bool large = bytes >= KN_LARGE_PAGE;
    struct kn_loader_memory *memory;
    uintptr_t at;

    if (bytes > SIZE_MAX - beside)
        return NULL;
    memory =
        large ? kn_pages_new_large((size_t)bytes + beside) : kn_try_alloc((size_t)bytes + beside);
    if (memory == NULL)
        return NULL;
    *memory = (struct kn_loader_memory){ loader->owned, large ? (size_t)bytes + beside : 0 };
    loader->owned = memory;
    at = (uintptr_t)(memory + 1);
    return (char *)(memory + 1) + (ALIGNMENT - at % ALIGNMENT) % ALIGNMENT;
}

void kn_loader_done(struct kn_loader *loader)
{
    while (loader->owned != NULL) {
        struct kn_loader_memory *next = loader->owned->next;

        if (loader->owned->pages > 0)
            kn_pages_free(loader->owned, loader->owned->pages);
        else
            kn_free(loader->owned);
        loader->owned = next;
    }
    kn_shards_close(&loader->shards);
}

/* A tensor and where it lies. */
struct source {
    const struct kn_shard *shard;
    const struct kn_tensor *tensor;
    enum kn_weight_type type;
};

static enum kn_code type_of(const struct kn_tensor *tensor, enum kn_weight_type *out,
                            struct kn_error *err)
{
    if (tensor->type == KN_TENSOR_F32)
        *out = KN_WEIGHT_F32;
    else if (tensor->type == KN_TENSOR_BF16)
        *out = KN_WEIGHT_BF16;
    else if (tensor->type == KN_TENSOR_F16)
        *out = KN_WEIGHT_F16;
    else
        return kn_fail(err, KN_E_UNSUPPORTED,
                       "weights of type %s are not computed with; F32, BF16 and F16 are",
                       kn_tensor_type_word(tensor->type));
    return KN_OK;
}

static enum kn_code check_shape(const struct kn_tensor *tensor, const uint64_t *shape,
                                unsigned rank, struct kn_error *err)
{
    char got[KN_SAFETENSORS_SHAPE_SIZE], want[KN_SAFETENSORS_SHAPE_SIZE];
    bool same = tensor->rank == rank;

    for (unsigned i = 0; same && i < rank; i++)
        same = tensor->shape[i] == shape[i];
    if (same)
        return KN_OK;
    kn_shape_print(tensor->shape, tensor->rank, got);
    kn_shape_print(shape, rank, want);
    return kn_fail(err, KN_E_INVALID, "its shape is %s, config.json makes it %s", got, want);
}

static enum kn_code find(struct kn_loader *loader, const char *name, const uint64_t *shape,
                         unsigned rank, struct source *out, struct kn_error *err)
{
    struct kn_shard *shard = NULL;
    enum kn_code rc = kn_shards_take(&loader->shards, name, &shard, &out->tensor, err);

    if (rc != KN_OK)
        return rc;
    out->shard = shard;
    rc = type_of(out->tensor, &out->type, err);
    if (rc == KN_OK)
        rc = check_shape(out->tensor, shape, rank, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s: tensor \"%s\"", shard->path, name);
    return rc;
}

static enum kn_code read_bytes(const struct source *source, uint64_t from, void *to, size_t n,
                               struct kn_error *err)
{
    enum kn_code rc = kn_file_map_read(source->shard->file, source->tensor->at + from, to, n, err);

    if (rc != KN_OK)
        kn_wrap(err, "%s", source->shard->path);
    return rc;
}

/* Room for so many weights of one tensor on their way. */
struct scratch {
    float *floats;
    uint16_t *halves;
};

static enum kn_code scratch_new(size_t n, struct scratch *out, struct kn_error *err)
{
    *out = (struct scratch){ kn_try_alloc(n * sizeof(*out->floats)),
                             kn_try_alloc(n * sizeof(*out->halves)) };
    return out->floats != NULL && out->halves != NULL ? KN_OK : kn_fail_no_memory(err);
}

static void scratch_done(struct scratch *scratch)
{
    kn_free(scratch->floats);
    kn_free(scratch->halves);
}

/* Weights `from` to `from + n` as float32 in `to`. */
static enum kn_code read_floats(const struct source *source, uint64_t from, size_t n,
                                const struct scratch *scratch, float *to, struct kn_error *err)
{
    enum kn_code rc;

    if (source->type == KN_WEIGHT_F32)
        return read_bytes(source, from * sizeof(*to), to, n * sizeof(*to), err);
    rc = read_bytes(source, from * sizeof(*scratch->halves), scratch->halves,
                    n * sizeof(*scratch->halves), err);
    if (rc == KN_OK && source->type == KN_WEIGHT_BF16)
        kn_widen_bf16(scratch->halves, n, to);
    else if (rc == KN_OK)
        kn_widen_f16(scratch->halves, n, to);
    return rc;
}

/* Those that fill no large page are not worth one. */
static enum kn_code settle_later(struct kn_loader *loader, const struct source *source,
                                 struct kn_error *err)
{
    struct kn_loader_mapped *mapped;

    loader->mapped += (int64_t)source->tensor->bytes;
    if (source->tensor->bytes < KN_LARGE_PAGE)
        return KN_OK;
    mapped = own(loader, sizeof(*mapped));
    if (mapped == NULL)
        return kn_fail_no_memory(err);
    *mapped = (struct kn_loader_mapped){ loader->unsettled, source->shard->file, source->tensor->at,
                                         source->tensor->at + source->tensor->bytes };
    loader->unsettled = mapped;
    return KN_OK;
}

bool kn_loader_settle(struct kn_loader *loader)
{
    struct kn_loader_mapped *now = loader->unsettled;

    if (now == NULL)
        return false;
    if (!kn_file_map_copy(now->file, &now->at)) {
        loader->unsettled = NULL;
        return false;
    }
    if (now->at >= now->end)
        loader->unsettled = now->next;
    return true;
}

/* The weights as they are: in the file, or copied where that cannot be helped. */
static enum kn_code keep(struct kn_loader *loader, const struct source *source, const void **out,
                         struct kn_error *err)
{
    const struct kn_tensor *tensor = source->tensor;
    unsigned size = kn_tensor_type_bits(tensor->type) / 8;
    const uint8_t *file;
    void *copy;

    /* A file begins at a page: what is aligned in it is aligned in memory. */
    if (tensor->at % size == 0) {
        enum kn_code rc = kn_file_map_bytes(source->shard->file, &file, err);

        if (rc == KN_OK) {
            kn_file_map_expect(source->shard->file, tensor->at, tensor->bytes);
            *out = file + tensor->at;
            return settle_later(loader, source, err);
        }
        if (rc != KN_E_UNSUPPORTED)
            return rc;
    }
    copy = own(loader, tensor->bytes);
    if (copy == NULL)
        return kn_fail_no_memory(err);
    *out = copy;
    return read_bytes(source, 0, copy, (size_t)tensor->bytes, err);
}

static bool fits_f16(const float *at, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(at[i]));
    return most < F16_MAX;
}

static enum kn_code too_large(const struct source *source, struct kn_error *err)
{
    (void)kn_fail(err, KN_E_RANGE, "%s: tensor \"%s\" has weights beyond what float16 holds",
                  source->shard->path, source->tensor->name);
    kn_hint(err, "Set model.dtype to bfloat16 or float32.");
    return KN_E_RANGE;
}

/* float32 to 16 bits, a piece at a time. */
static enum kn_code narrow(struct kn_loader *loader, const struct source *source,
                           enum kn_weight_type type, const void **out, struct kn_error *err)
{
    uint64_t n = source->tensor->bytes / sizeof(float);
    uint16_t *to = own(loader, n * sizeof(*to));
    struct scratch scratch;
    enum kn_code rc;

    if (to == NULL)
        return kn_fail_no_memory(err);
    rc = scratch_new(PIECE, &scratch, err);
    for (uint64_t at = 0; rc == KN_OK && at < n; at += PIECE) {
        size_t piece = n - at < PIECE ? (size_t)(n - at) : PIECE;

        rc = read_floats(source, at, piece, &scratch, scratch.floats, err);
        if (rc == KN_OK && type == KN_WEIGHT_BF16)
            kn_narrow_bf16(scratch.floats, piece, to + at);
        else if (rc == KN_OK && fits_f16(scratch.floats, piece))
            kn_narrow_f16(scratch.floats, piece, to + at);
        else if (rc == KN_OK)
            rc = too_large(source, err);
    }
    scratch_done(&scratch);
    *out = to;
    return rc;
}

static enum kn_code not_representable(const struct source *source, struct kn_error *err)
{
    (void)kn_fail(err, KN_E_RANGE, "%s: tensor \"%s\" has weights that cannot be quantised",
                  source->shard->path, source->tensor->name);
    kn_hint(err, "Set model.quant_type to none.");
    return KN_E_RANGE;
}

/* To a format with scales, a row at a time. */
static enum kn_code quantise(struct kn_loader *loader, const struct source *source,
                             struct kn_matrix *matrix, struct kn_error *err)
{
    size_t row_bytes = kn_matrix_bytes(matrix->type, 1, matrix->columns);
    size_t row_scales = kn_matrix_scale_bytes(matrix->type, 1, matrix->columns);
    char *to = own(loader, (uint64_t)row_bytes * matrix->rows);
    char *scales = own(loader, (uint64_t)row_scales * matrix->rows);
    struct scratch scratch;
    enum kn_code rc;

    if (to == NULL || scales == NULL)
        return kn_fail_no_memory(err);
    matrix->at = to;
    matrix->scale = scales;
    rc = scratch_new(matrix->columns, &scratch, err);
    for (uint32_t row = 0; rc == KN_OK && row < matrix->rows; row++) {
        bool done;

        rc = read_floats(source, (uint64_t)row * matrix->columns, matrix->columns, &scratch,
                         scratch.floats, err);
        if (rc != KN_OK)
            break;
        if (matrix->type == KN_WEIGHT_INT8)
            done =
                kn_quantise_int8(scratch.floats, matrix->columns, (int8_t *)(to + row * row_bytes),
                                 (float *)(void *)(scales + row * row_scales));
        else
            done =
                kn_quantise_nf4(scratch.floats, matrix->columns, (uint8_t *)(to + row * row_bytes),
                                (uint16_t *)(void *)(scales + row * row_scales));
        if (!done)
            rc = not_representable(source, err);
    }
    scratch_done(&scratch);
    return rc;
}

/* What a tensor becomes; quantising is not for those of 16 bits alone. */
static enum kn_weight_type target(enum kn_weight_type type, enum kn_weights_as as)
{
    switch (as) {
    case KN_WEIGHTS_EXACT:
        return type;
    case KN_WEIGHTS_BF16:
        return type == KN_WEIGHT_F32 ? KN_WEIGHT_BF16 : type;
    case KN_WEIGHTS_F16:
        return type == KN_WEIGHT_F32 ? KN_WEIGHT_F16 : type;
    case KN_WEIGHTS_INT8:
        return KN_WEIGHT_INT8;
    case KN_WEIGHTS_NF4:
        return KN_WEIGHT_NF4;
    }
    return type;
}

enum kn_code kn_loader_matrix(struct kn_loader *loader, const char *name, uint32_t rows,
                              uint32_t columns, enum kn_weights_as as, struct kn_matrix *out,
                              struct kn_error *err)
{
    const uint64_t shape[] = { rows, columns };
    struct kn_matrix matrix = { .rows = rows, .columns = columns };
    struct source source;
    enum kn_code rc = find(loader, name, shape, KN_COUNT(shape), &source, err);

    if (rc != KN_OK)
        return rc;
    matrix.type = target(source.type, as);
    if (matrix.type == source.type)
        rc = keep(loader, &source, &matrix.at, err);
    else if (matrix.type == KN_WEIGHT_INT8 || matrix.type == KN_WEIGHT_NF4)
        rc = quantise(loader, &source, &matrix, err);
    else
        rc = narrow(loader, &source, matrix.type, &matrix.at, err);
    if (rc != KN_OK)
        return rc;
    loader->bytes += (int64_t)kn_matrix_bytes(matrix.type, rows, columns) +
                     (int64_t)kn_matrix_scale_bytes(matrix.type, rows, columns);
    *out = matrix;
    return KN_OK;
}

enum kn_code kn_loader_vector(struct kn_loader *loader, const char *name, uint32_t n,
                              const float **out, struct kn_error *err)
{
    const uint64_t shape[] = { n };
    struct source source;
    struct scratch scratch;
    enum kn_code rc = find(loader, name, shape, KN_COUNT(shape), &source, err);
    float *to;

    if (rc != KN_OK)
        return rc;
    to = own(loader, n * sizeof(*to));
    if (to == NULL)
        return kn_fail_no_memory(err);
    rc = scratch_new(n, &scratch, err);
    if (rc == KN_OK)
        rc = read_floats(&source, 0, n, &scratch, to, err);
    scratch_done(&scratch);
    if (rc == KN_OK && !kn_all_finite(to, n))
        rc = kn_fail(err, KN_E_INVALID, "%s: tensor \"%s\" has a number that is not finite",
                     source.shard->path, name);
    if (rc != KN_OK)
        return rc;
    loader->bytes += (int64_t)n * (int64_t)sizeof(*to);
    *out = to;
    return KN_OK;
}
