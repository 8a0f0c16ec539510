/* survey_servers: the providers one by one, for who looks for a place among them. */
#include "lib/base/memory.h"
#include "network/petals/survey_parts.h"

static uint32_t number_of(const struct kn_survey *survey, const char *own)
{
    return own != NULL ? kn_names_find(&survey->peers, kn_span_text(own)) : KN_NAMES_NONE;
}

/* Does the span go on with this record, in the next block? */
static bool goes_on(const struct kn_survey_server *span, const struct survey_record *record,
                    uint32_t index)
{
    return span->end == index && span->online == (record->state == KN_SERVER_ONLINE) &&
           !(span->throughput < record->throughput) && !(span->throughput > record->throughput);
}

static void take(const struct kn_survey *survey, const struct survey_record *record,
                 struct kn_survey_server *spans, uint32_t *last, size_t *n)
{
    uint32_t index = survey->slots[record->slot].index;
    struct kn_survey_server *span =
        last[record->peer] != KN_NAMES_NONE ? &spans[last[record->peer]] : NULL;

    if (span != NULL && goes_on(span, record, index)) {
        span->end = index + 1;
        return;
    }
    last[record->peer] = (uint32_t)*n;
    spans[(*n)++] = (struct kn_survey_server){
        .peer = survey->peers.texts[record->peer],
        .start = index,
        .end = index + 1,
        .throughput = record->throughput,
        .online = record->state == KN_SERVER_ONLINE,
    };
}

enum kn_code kn_survey_servers(const struct kn_survey *survey, const struct kn_survey_model *model,
                               const char *own, struct kn_survey_server **out, size_t *n)
{
    const struct survey_row *row = (const struct survey_row *)model;
    uint32_t us = number_of(survey, own), *last;
    uint32_t at = row->asked > 0 ? survey->slots[row->first_slot].first_record : 0;
    uint32_t end = row->asked > 0 ? survey->slots[row->first_slot + row->asked].first_record : 0;

    *n = 0;
    *out = kn_try_alloc((end - at + 1) * sizeof(**out));
    last = kn_try_alloc((survey->peers.n + 1) * sizeof(*last));
    if (*out == NULL || last == NULL) {
        kn_free(*out);
        kn_free(last);
        return KN_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < survey->peers.n; i++)
        last[i] = KN_NAMES_NONE;
    for (; at < end; at++) {
        const struct survey_record *record = &survey->records[at];

        if (record->state != KN_SERVER_OFFLINE && record->peer != us)
            take(survey, record, *out, last, n);
    }
    kn_free(last);
    return KN_OK;
}

enum kn_code kn_survey_public_names(const struct kn_survey *survey, const char *own,
                                    const char ***out, size_t *n)
{
    uint32_t us = number_of(survey, own);

    *n = 0;
    *out = kn_try_alloc((survey->peers.n + 1) * sizeof(**out));
    if (*out == NULL)
        return KN_E_NO_MEMORY;
    for (uint32_t i = 0; i < survey->peers.n && i < survey->name_of_room; i++) {
        if (i != us && survey->name_of[i] != KN_NAMES_NONE)
            (*out)[(*n)++] = survey->public_names.texts[survey->name_of[i]];
    }
    return KN_OK;
}
