#include "serving/work.h"

#include "lib/base/memory.h"
#include "serving/serving_parts.h"

enum { HIDDEN = 0, PROMPTS = 1, HYPO = 2 };
enum { INFINITE = 0x7f800000 }; /* as bits of a float */

enum kn_code kn_work_shape(const struct kn_serving *serving, const struct kn_tensor *hidden,
                           uint32_t *batch, uint32_t *tokens, struct kn_error *err)
{
    if (hidden->rank != 3)
        return kn_fail(err, KN_E_INVALID, "hidden states have 3 dimensions, got %u",
                       (unsigned)hidden->rank);
    if (hidden->dtype == KN_TENSOR_I64)
        return kn_fail(err, KN_E_INVALID, "hidden states are no whole numbers");
    if (hidden->size[2] != serving->options.hidden)
        return kn_fail(err, KN_E_INVALID, "hidden states of %u numbers, this model has %u",
                       (unsigned)hidden->size[2], (unsigned)serving->options.hidden);
    if (hidden->size[0] == 0 || hidden->size[0] > KN_CACHE_BATCH_MAX)
        return kn_fail(err, KN_E_LIMIT, "a batch of %u, which is outside 1..%d",
                       (unsigned)hidden->size[0], KN_CACHE_BATCH_MAX);
    *batch = hidden->size[0];
    *tokens = hidden->size[1];
    return KN_OK;
}

static enum kn_code check_prompts(const struct kn_serving *serving, const struct kn_tensor *prompts,
                                  const struct kn_work_wish *wish, struct kn_work *shape,
                                  struct kn_error *err)
{
    if (prompts->numbers == 0)
        return KN_OK;
    if (prompts->rank != 4 || prompts->size[3] != serving->options.hidden)
        return kn_fail(err, KN_E_INVALID, "prompts are [blocks, batch, tokens, %u]",
                       (unsigned)serving->options.hidden);
    if (prompts->size[0] != wish->blocks)
        return kn_fail(err, KN_E_INVALID, "Received %u prompts for %u backends",
                       (unsigned)prompts->size[0], (unsigned)wish->blocks);
    if (prompts->size[1] != 1 && prompts->size[1] != shape->batch)
        return kn_fail(err, KN_E_INVALID, "prompts for a batch of %u, the hidden states have %u",
                       (unsigned)prompts->size[1], (unsigned)shape->batch);
    if (prompts->size[2] > shape->tokens)
        return kn_fail(err, KN_E_INVALID, "prompts of %u tokens for %u tokens",
                       (unsigned)prompts->size[2], (unsigned)shape->tokens);
    shape->prompt_batch = prompts->size[1];
    shape->prompt_tokens = prompts->size[2];
    return KN_OK;
}

/* In Petals' words. */
static enum kn_code check_hypo(const struct kn_tensor *hypo, uint32_t batch, struct kn_error *err)
{
    if (hypo->dtype != KN_TENSOR_I64)
        return kn_fail(err, KN_E_INVALID, "hypo ids must be int64, got torch.%s",
                       kn_tensor_dtype_word(hypo->dtype));
    if (hypo->numbers != 0 && (hypo->rank != 1 || hypo->numbers != batch))
        return kn_fail(err, KN_E_INVALID, "%zu hypo ids for a batch of %u", hypo->numbers,
                       (unsigned)batch);
    return KN_OK;
}

static enum kn_code check(const struct kn_serving *serving, const struct kn_tensor *tensors,
                          size_t n, const struct kn_work_wish *wish, struct kn_work *shape,
                          struct kn_error *err)
{
    size_t most = wish->takes_hypo ? HYPO + 1 : PROMPTS + 1;
    enum kn_code rc;

    if (n == 0 || n > most)
        return kn_fail(err, KN_E_INVALID, "%zu tensors, which is outside 1..%zu", n, most);
    rc = kn_work_shape(serving, &tensors[HIDDEN], &shape->batch, &shape->tokens, err);
    if (rc == KN_OK && wish->batch != 0 && shape->batch != wish->batch)
        rc = kn_fail(err, KN_E_INVALID, "a batch of %u, the session has %u", (unsigned)shape->batch,
                     (unsigned)wish->batch);
    if (rc == KN_OK && n > PROMPTS)
        rc = check_prompts(serving, &tensors[PROMPTS], wish, shape, err);
    if (rc == KN_OK && n > HYPO)
        rc = check_hypo(&tensors[HYPO], shape->batch, err);
    return rc;
}

/* Is one that large, infinite or no number? Bits without the sign are in the order of the numbers;
 * quick where it counts: nothing of it depends on the number before. */
static bool any_from(const float *numbers, size_t n, uint32_t first)
{
    uint32_t bad = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &numbers[i], sizeof(bits));
        bad |= (bits & 0x7fffffff) >= first;
    }
    return bad != 0;
}

static enum kn_code fill(const struct kn_tensor *tensor, float *out, const char *what,
                         struct kn_error *err)
{
    enum kn_code rc = kn_tensor_floats(tensor, out);

    if (rc != KN_OK)
        return kn_fail(err, rc, "%s cannot be read from %s", what,
                       kn_tensor_compression_word(tensor->compression));
    if (any_from(out, tensor->numbers, INFINITE))
        return kn_fail(err, KN_E_INVALID, "%s hold a number that is not finite", what);
    return KN_OK;
}

static enum kn_code fill_hypo(const struct kn_tensor *tensor, struct kn_work *work,
                              struct kn_error *err)
{
    enum kn_code rc = kn_tensor_integers(tensor, work->hypo);

    for (size_t i = 0; rc == KN_OK && i < tensor->numbers; i++) {
        if (work->hypo[i] < 0 || work->hypo[i] >= (int64_t)work->batch)
            rc = kn_fail(err, KN_E_RANGE, "hypo id %lld is outside 0..%u", (long long)work->hypo[i],
                         (unsigned)(work->batch - 1));
    }
    return rc;
}

static enum kn_code fill_all(const struct kn_tensor *tensors, struct kn_work *work,
                             struct kn_error *err)
{
    enum kn_code rc = fill(&tensors[HIDDEN], work->hidden, "hidden states", err);

    if (rc == KN_OK && work->prompts != NULL)
        rc = fill(&tensors[PROMPTS], work->prompts, "prompts", err);
    if (rc == KN_OK && work->hypo != NULL)
        rc = fill_hypo(&tensors[HYPO], work, err);
    return rc;
}

static void link_work(struct kn_work *work)
{
    work->next = work->serving->works;
    work->place = &work->serving->works;
    if (work->next != NULL)
        work->next->place = &work->next;
    work->serving->works = work;
}

static void unlink_work(struct kn_work *work)
{
    if (work->serving == NULL)
        return;
    *work->place = work->next;
    if (work->next != NULL)
        work->next->place = work->place;
    work->serving->held -= work->bytes;
    work->serving = NULL;
}

/* All in one piece: what is largest aligned comes first. */
static struct kn_work *make(struct kn_serving *serving, const struct kn_work *shape,
                            const struct kn_tensor *tensors, size_t n, struct kn_error *err)
{
    size_t hypo = n > HYPO ? tensors[HYPO].numbers : 0;
    size_t prompts = shape->prompt_tokens > 0 ? tensors[PROMPTS].numbers : 0;
    size_t bytes = hypo * sizeof(int64_t) + (tensors[HIDDEN].numbers + prompts) * sizeof(float);
    struct kn_work *work;

    if (!kn_serving_hold(serving, bytes)) {
        (void)kn_fail(err, KN_E_LIMIT, "this server has no memory for a request of %zu numbers now",
                      tensors[HIDDEN].numbers);
        return NULL;
    }
    work = kn_try_alloc(sizeof(*work) + bytes);
    if (work == NULL) {
        serving->held -= bytes;
        (void)kn_fail_no_memory(err);
        return NULL;
    }
    *work = *shape;
    work->serving = serving;
    link_work(work);
    work->owners = 1;
    work->bytes = bytes;
    work->hypo = hypo > 0 ? (int64_t *)(work + 1) : NULL;
    work->hidden = (float *)((int64_t *)(work + 1) + hypo);
    work->prompts = prompts > 0 ? work->hidden + tensors[HIDDEN].numbers : NULL;
    return work;
}

enum kn_code kn_work_new(struct kn_serving *serving, const struct kn_tensor *tensors, size_t n,
                         const struct kn_work_wish *wish, struct kn_work **out,
                         struct kn_error *err)
{
    struct kn_work shape = { .batch = 0 }, *work;
    enum kn_code rc = check(serving, tensors, n, wish, &shape, err);

    if (rc != KN_OK)
        return rc;
    work = make(serving, &shape, tensors, n, err);
    if (work == NULL)
        return err->code;
    rc = fill_all(tensors, work, err);
    if (rc == KN_OK)
        *out = work;
    else
        kn_work_drop(work);
    return rc;
}

void kn_work_drop(struct kn_work *work)
{
    if (work == NULL || --work->owners > 0)
        return;
    if (work->serving != NULL)
        unlink_work(work);
    kn_free(work);
}

void kn_works_leave(struct kn_serving *serving)
{
    while (serving->works != NULL)
        unlink_work(serving->works);
}

static void on_release(void *owner)
{
    kn_work_drop(owner);
}

void kn_work_step(struct kn_work *work, struct kn_step *step)
{
    work->owners++;
    *step = (struct kn_step){
        .tokens = work->tokens,
        .hidden = work->hidden,
        .hypo = work->hypo,
        .prompts = work->prompts,
        .prompt_batch = work->prompt_batch,
        .prompt_tokens = work->prompt_tokens,
        .release = on_release,
        .owner = work,
    };
}

/* From here on a number rounds to infinity. */
static uint32_t first_infinite(enum kn_tensor_dtype dtype)
{
    switch (dtype) {
    case KN_TENSOR_F16:
        return 0x477ff000; /* 65520 */
    case KN_TENSOR_BF16:
        return 0x7f7f8000;
    case KN_TENSOR_F32:
    case KN_TENSOR_I64:
    case KN_TENSOR_DTYPE_COUNT:
        break;
    }
    return INFINITE;
}

enum kn_code kn_work_reply(const struct kn_work *work, enum kn_tensor_compression compression,
                           struct kn_tensor *out, struct kn_error *err)
{
    const struct kn_serving_options *options = &work->serving->options;

    *out = (struct kn_tensor){
        .dtype = options->dtype,
        .compression = compression,
        .rank = 3,
        .size = { work->batch, work->tokens, options->hidden },
        .numbers = (size_t)work->batch * work->tokens * options->hidden,
    };
    if (compression == KN_TENSOR_NONE &&
        any_from(work->hidden, out->numbers, first_infinite(out->dtype)))
        return kn_fail(err, KN_E_RANGE, "these blocks gave a number that %s does not hold",
                       kn_tensor_dtype_word(out->dtype));
    return KN_OK;
}
