#include "network/petals/survey_view.h"

#include "network/petals/model_name.h"
#include "network/petals/survey_parts.h"

uint32_t kn_survey_models(const struct kn_survey *survey)
{
    return survey->ordered;
}

uint32_t kn_survey_listed(const struct kn_survey *survey)
{
    return survey->listed;
}

const struct kn_survey_model *kn_survey_model(const struct kn_survey *survey, uint32_t i)
{
    return &survey->order[i]->model;
}

const struct kn_survey_model *kn_survey_find(const struct kn_survey *survey, const char *word,
                                             struct kn_nearest *nearest)
{
    const struct kn_survey_model *found = NULL;
    enum kn_model_match best = KN_MODEL_NO;

    for (uint32_t i = 0; i < survey->ordered; i++) {
        const struct kn_survey_model *model = kn_survey_model(survey, i);
        enum kn_model_match match = kn_model_match(word, model->prefix, model->repository);

        if (match > best && (i < survey->listed || found == NULL)) {
            best = match;
            found = model;
        }
        if (nearest != NULL)
            kn_model_offer(nearest, model->prefix, model->repository);
    }
    return found;
}

struct kn_survey_block kn_survey_block(const struct kn_survey *survey,
                                       const struct kn_survey_model *model, uint32_t index)
{
    const struct survey_row *row = (const struct survey_row *)model;

    if (index >= row->asked)
        return (struct kn_survey_block){ 0 };
    return survey->slots[row->first_slot + index].block;
}

struct kn_survey_totals kn_survey_totals(const struct kn_survey *survey)
{
    return survey->totals;
}
