#include <float.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "network/petals/survey.h"
#include "network/petals/survey_parts.h"

/* A provider while some rows are counted. */
struct mark {
    uint32_t round; /* the last in which it was met */
    enum kn_server_state state;
    double throughput;
};

struct tally {
    struct mark *marks; /* one for every peer, by rank */
    uint32_t *met;      /* ranks, in the order of meeting */
    uint32_t met_n, round;
};

struct sums {
    uint32_t online, joining;
    double throughput;
};

struct ranked {
    const char *text;
    uint32_t peer;
};

static int compare_ranked(const void *a, const void *b)
{
    return strcmp(((const struct ranked *)a)->text, ((const struct ranked *)b)->text);
}

static enum kn_code rank_peers(struct kn_survey *survey)
{
    uint32_t n = survey->peers.n;
    struct ranked *sorted = kn_try_alloc((n + 1) * sizeof(*sorted));
    uint32_t *ranks = kn_try_alloc((n + 1) * sizeof(*ranks));
    enum kn_code rc = KN_E_NO_MEMORY;

    if (sorted == NULL || ranks == NULL)
        goto out;
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = (struct ranked){ survey->peers.texts[i], i };
    qsort(sorted, n, sizeof(*sorted), compare_ranked);
    for (uint32_t i = 0; i < n; i++)
        ranks[sorted[i].peer] = i;
    for (uint32_t i = 0; i < survey->records_n; i++)
        survey->records[i].rank = ranks[survey->records[i].peer];
    rc = KN_OK;
out:
    kn_free(sorted);
    kn_free(ranks);
    return rc;
}

static int order_of(double a, double b)
{
    return (a > b) - (a < b);
}

/* By block and provider; the record that counts first: the latest, else the one that says more. */
static int compare_records(const void *left, const void *right)
{
    const struct survey_record *a = left, *b = right;

    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->expiration != b->expiration)
        return order_of(b->expiration, a->expiration);
    if (a->state != b->state)
        return a->state > b->state ? -1 : 1;
    return order_of(b->throughput, a->throughput);
}

/* One record a provider and block; the others are forgotten. */
static void keep_latest(struct kn_survey *survey)
{
    struct survey_record *records = survey->records;
    uint32_t n = 0;

    if (survey->records_n == 0)
        return;
    qsort(records, survey->records_n, sizeof(*records), compare_records);
    for (uint32_t i = 0; i < survey->records_n; i++) {
        if (n == 0 || records[i].slot != records[n - 1].slot ||
            records[i].rank != records[n - 1].rank)
            records[n++] = records[i];
    }
    survey->records_n = n;
}

/* Claims of absurd throughputs must not add up to infinity, which no reader of JSON takes. */
static double sum_of(double a, double b)
{
    return a < DBL_MAX - b ? a + b : DBL_MAX;
}

static void count_record(struct kn_survey *survey, const struct survey_record *record)
{
    struct kn_survey_block *block = &survey->slots[record->slot].block;

    switch (record->state) {
    case KN_SERVER_OFFLINE:
        survey->totals.offline++;
        break;
    case KN_SERVER_JOINING:
        block->joining++;
        break;
    case KN_SERVER_ONLINE:
        block->online++;
        block->throughput = sum_of(block->throughput, record->throughput);
        break;
    }
}

static void count_blocks(struct kn_survey *survey)
{
    uint32_t at = 0;

    survey->totals.offline = 0;
    for (uint32_t slot = 0; slot < survey->slots_n; slot++) {
        survey->slots[slot].first_record = at;
        survey->slots[slot].block =
            (struct kn_survey_block){ .asked = !survey->slots[slot].unanswered };
        for (; at < survey->records_n && survey->records[at].slot == slot; at++)
            count_record(survey, &survey->records[at]);
    }
    if (survey->slots != NULL)
        survey->slots[survey->slots_n].first_record = at;
}

static void begin_round(struct tally *tally)
{
    tally->round++;
    tally->met_n = 0;
}

/* What a provider says differs from block to block only when somebody lies: the most counts. */
static void meet(struct tally *tally, const struct survey_record *record)
{
    struct mark *mark = &tally->marks[record->rank];

    if (record->state == KN_SERVER_OFFLINE)
        return;
    if (mark->round != tally->round) {
        *mark = (struct mark){ tally->round, record->state, 0 };
        tally->met[tally->met_n++] = record->rank;
    }
    if (record->state > mark->state)
        mark->state = record->state;
    if (record->state == KN_SERVER_ONLINE && record->throughput > mark->throughput)
        mark->throughput = record->throughput;
}

static void meet_row(const struct kn_survey *survey, const struct survey_row *row,
                     struct tally *tally)
{
    uint32_t end = survey->slots[row->first_slot + row->asked].first_record;

    for (uint32_t at = survey->slots[row->first_slot].first_record; at < end; at++)
        meet(tally, &survey->records[at]);
}

static struct sums sum_up(const struct tally *tally)
{
    struct sums sums = { 0 };

    for (uint32_t i = 0; i < tally->met_n; i++) {
        const struct mark *mark = &tally->marks[tally->met[i]];

        if (mark->state == KN_SERVER_ONLINE)
            sums.online++;
        else
            sums.joining++;
        sums.throughput = sum_of(sums.throughput, mark->throughput);
    }
    return sums;
}

static void count_covered(const struct kn_survey *survey, struct survey_row *row)
{
    row->model.covered = 0;
    for (uint32_t i = 0; i < row->asked; i++)
        row->model.covered += survey->slots[row->first_slot + i].block.online > 0 ? 1 : 0;
    row->model.complete = row->model.covered == row->model.num_blocks;
}

static void count_rows(struct kn_survey *survey, struct tally *tally)
{
    for (uint32_t i = 0; i < survey->rows_n; i++) {
        struct survey_row *row = &survey->rows[i];
        struct sums sums;

        begin_round(tally);
        meet_row(survey, row, tally);
        sums = sum_up(tally);
        row->model.own_online = sums.online;
        row->model.throughput = sums.throughput;
        row->listed = row->model.registered || tally->met_n > 0;
        count_covered(survey, row);
    }
}

static int compare_by_group(const void *a, const void *b)
{
    uint32_t ours = (*(const struct survey_row *const *)a)->group;
    uint32_t theirs = (*(const struct survey_row *const *)b)->group;

    return (ours > theirs) - (ours < theirs);
}

/* Spellings of one repository have the providers of all of them. */
static void count_groups(struct kn_survey *survey, struct tally *tally)
{
    struct survey_row *sorted[SURVEY_ROWS_MAX];
    uint32_t n = survey->rows_n;

    for (uint32_t i = 0; i < n; i++)
        sorted[i] = &survey->rows[i];
    qsort(sorted, n, sizeof(void *), compare_by_group);
    for (uint32_t i = 0, end; i < n; i = end) {
        struct sums sums;

        begin_round(tally);
        for (end = i; end < n && sorted[end]->group == sorted[i]->group; end++)
            meet_row(survey, sorted[end], tally);
        sums = sum_up(tally);
        for (uint32_t at = i; at < end; at++) {
            sorted[at]->model.online = sums.online;
            sorted[at]->model.joining = sums.joining;
        }
    }
}

static void count_everything(struct kn_survey *survey, struct tally *tally)
{
    struct sums sums;

    begin_round(tally);
    for (uint32_t i = 0; i < survey->records_n; i++)
        meet(tally, &survey->records[i]);
    sums = sum_up(tally);
    survey->totals.online = sums.online;
    survey->totals.joining = sums.joining;
}

/* Total: two rows have two prefixes. */
static int compare_rows(const void *left, const void *right)
{
    const struct survey_row *a = *(const struct survey_row *const *)left;
    const struct survey_row *b = *(const struct survey_row *const *)right;

    if (a->listed != b->listed)
        return a->listed ? -1 : 1;
    if (a->model.online != b->model.online)
        return a->model.online > b->model.online ? -1 : 1;
    if (a->model.complete != b->model.complete)
        return a->model.complete ? -1 : 1;
    if (a->model.throughput != b->model.throughput)
        return order_of(b->model.throughput, a->model.throughput);
    return strcmp(a->model.prefix, b->model.prefix);
}

static enum kn_code put_in_order(struct kn_survey *survey)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers. */
    const size_t size = (survey->rows_n + 1) * sizeof(*survey->order);
    const struct survey_row **order = kn_try_realloc(survey->order, size);

    if (order == NULL)
        return KN_E_NO_MEMORY;
    survey->order = order;
    survey->listed = 0;
    for (uint32_t i = 0; i < survey->rows_n; i++) {
        struct survey_row *row = &survey->rows[i];

        survey->order[i] = row;
        survey->listed += row->listed ? 1 : 0;
    }
    survey->ordered = survey->rows_n;
    qsort(survey->order, survey->rows_n, sizeof(void *), compare_rows);
    return KN_OK;
}

static enum kn_code count_providers(struct kn_survey *survey)
{
    struct tally tally = { 0 };
    enum kn_code rc = KN_E_NO_MEMORY;

    tally.marks = kn_try_alloc((survey->peers.n + 1) * sizeof(*tally.marks));
    tally.met = kn_try_alloc((survey->peers.n + 1) * sizeof(*tally.met));
    if (tally.marks == NULL || tally.met == NULL)
        goto out;
    count_rows(survey, &tally);
    count_groups(survey, &tally);
    count_everything(survey, &tally);
    rc = KN_OK;
out:
    kn_free(tally.marks);
    kn_free(tally.met);
    return rc;
}

enum kn_code kn_survey_evaluate(struct kn_survey *survey)
{
    enum kn_code rc;

    if (survey->failed)
        return KN_E_NO_MEMORY;
    if (!survey->planned)
        return KN_E_INVALID;
    rc = rank_peers(survey);
    if (rc != KN_OK)
        return rc;
    keep_latest(survey);
    count_blocks(survey);
    rc = count_providers(survey);
    return rc == KN_OK ? put_in_order(survey) : rc;
}
