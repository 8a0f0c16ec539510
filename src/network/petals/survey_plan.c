#include <stdlib.h>

#include "lib/base/memory.h"
#include "network/petals/model_name.h"
#include "network/petals/survey.h"
#include "network/petals/survey_parts.h"

/* Every prefix in its other spelling too, as long as the swarm has no word on that itself. */
static enum kn_code add_other_spellings(struct kn_survey *survey)
{
    uint32_t n = survey->rows_n;

    for (uint32_t i = 0; i < n; i++) {
        const struct survey_row *row = &survey->rows[i];
        const char *repository = row->model.repository;
        struct kn_prefix other;
        struct survey_claim claim = {
            .num_blocks = row->model.num_blocks,
            .expiration = row->expiration,
        };
        enum kn_code rc;

        if (!kn_prefix_other_spelling(row->model.prefix, repository, &other))
            continue;
        claim.prefix = kn_span_text(other.text);
        if (repository != NULL)
            claim.repository = kn_span_text(repository);
        rc = kn_survey_claim(survey, &claim, SURVEY_ROWS_MAX);
        if (rc != KN_OK)
            return rc;
    }
    return KN_OK;
}

static int compare_spans(struct kn_span a, struct kn_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.at, b.at, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_origins(const struct survey_row *a, const struct survey_row *b)
{
    int order = compare_spans(kn_prefix_stem(a->model.prefix), kn_prefix_stem(b->model.prefix));
    const char *ours = a->model.repository, *theirs = b->model.repository;

    if (order != 0)
        return order;
    if (ours == NULL || theirs == NULL)
        return (ours != NULL) - (theirs != NULL);
    return strcmp(kn_repository_name(ours), kn_repository_name(theirs));
}

static int compare_by_origin(const void *a, const void *b)
{
    return compare_origins(*(const struct survey_row *const *)a,
                           *(const struct survey_row *const *)b);
}

/* Who says that it comes from a popular repository must also be spelled like it, else it would
 * share what it does not own. */
static void group_spellings(struct kn_survey *survey)
{
    struct survey_row *sorted[SURVEY_ROWS_MAX];
    uint32_t group = 0;

    for (uint32_t i = 0; i < survey->rows_n; i++)
        sorted[i] = &survey->rows[i];
    qsort(sorted, survey->rows_n, sizeof(void *), compare_by_origin);
    for (uint32_t i = 0; i < survey->rows_n; i++) {
        if (i > 0 && compare_origins(sorted[i - 1], sorted[i]) != 0)
            group++;
        sorted[i]->group = group;
    }
}

static enum kn_model_match match_row(const struct survey_row *row, const char *word)
{
    return kn_model_match(word, row->model.prefix, row->model.repository);
}

/* What the word names best, in all spellings. */
static bool want_named(struct kn_survey *survey, const char *word, struct kn_nearest *nearest)
{
    enum kn_model_match best = KN_MODEL_NO;
    bool groups[SURVEY_ROWS_MAX] = { false };

    for (uint32_t i = 0; i < survey->rows_n; i++) {
        enum kn_model_match match = match_row(&survey->rows[i], word);

        best = match > best ? match : best;
        if (nearest != NULL)
            kn_model_offer(nearest, survey->rows[i].model.prefix, survey->rows[i].model.repository);
    }
    if (best == KN_MODEL_NO)
        return false;
    for (uint32_t i = 0; i < survey->rows_n; i++) {
        if (match_row(&survey->rows[i], word) == best)
            groups[survey->rows[i].group] = true;
    }
    for (uint32_t i = 0; i < survey->rows_n; i++)
        survey->rows[i].wanted = groups[survey->rows[i].group];
    return true;
}

/* Keys when of each model that matters (or that does not) at most the first `each` blocks are asked
 * for. */
static uint64_t keys_of(const struct kn_survey *survey, bool preferred, uint32_t each)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < survey->rows_n; i++) {
        uint32_t blocks = survey->rows[i].model.num_blocks;

        if (survey->rows[i].wanted && survey->rows[i].preferred == preferred)
            sum += blocks < each ? blocks : each;
    }
    return sum;
}

/* The largest number of blocks with which these models stay within that limit. */
static uint32_t fair_share(const struct kn_survey *survey, bool preferred, uint64_t limit)
{
    uint32_t fits = 0, too_many = KN_BLOCKS_MAX + 1;

    while (too_many - fits > 1) {
        uint32_t middle = fits + (too_many - fits) / 2;

        if (keys_of(survey, preferred, middle) <= limit)
            fits = middle;
        else
            too_many = middle;
    }
    return fits;
}

static enum kn_code lay_out(struct kn_survey *survey)
{
    uint32_t first = fair_share(survey, true, KN_SURVEY_KEYS_MAX), rest, n = 0;
    uint64_t keys = keys_of(survey, true, first);

    rest = fair_share(survey, false, KN_SURVEY_KEYS_MAX - keys);
    keys += keys_of(survey, false, rest);
    survey->slots = kn_try_alloc(((size_t)keys + 1) * sizeof(*survey->slots));
    if (survey->slots == NULL)
        return KN_E_NO_MEMORY;
    for (uint32_t i = 0; i < survey->rows_n; i++) {
        struct survey_row *row = &survey->rows[i];
        uint32_t blocks = row->model.num_blocks, share = row->preferred ? first : rest;

        row->first_slot = n;
        if (row->wanted)
            row->asked = blocks < share ? blocks : share;
        for (uint32_t index = 0; index < row->asked; index++, n++) {
            survey->slots[n].row = i;
            survey->slots[n].index = index;
            survey->slots[n].block.asked = true;
        }
    }
    survey->slots_n = n;
    survey->totals.keys_left_out =
        keys_of(survey, true, KN_BLOCKS_MAX) + keys_of(survey, false, KN_BLOCKS_MAX) - keys;
    return KN_OK;
}

enum kn_code kn_survey_plan(struct kn_survey *survey, const char *word, struct kn_nearest *nearest)
{
    enum kn_code rc;

    if (survey->planned)
        return KN_E_INVALID;
    rc = add_other_spellings(survey);
    if (rc != KN_OK)
        return rc;
    group_spellings(survey);
    for (uint32_t i = 0; i < survey->rows_n; i++) {
        const struct kn_survey_model *model = &survey->rows[i].model;
        const char *repository = model->repository != NULL ? model->repository : "";

        survey->rows[i].wanted = word == NULL;
        survey->rows[i].preferred =
            kn_survey_prefers(survey, kn_span_text(model->prefix), kn_span_text(repository));
    }
    if (word != NULL && !want_named(survey, word, nearest))
        return KN_E_NOT_FOUND;
    rc = lay_out(survey);
    survey->planned = rc == KN_OK;
    return rc;
}

uint32_t kn_survey_keys(const struct kn_survey *survey)
{
    return survey->slots_n;
}

struct kn_survey_key kn_survey_key(const struct kn_survey *survey, uint32_t slot)
{
    const struct survey_slot *at = &survey->slots[slot];

    return (struct kn_survey_key){ survey->rows[at->row].model.prefix, at->index, slot };
}
