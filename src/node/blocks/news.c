#include "node/blocks/news.h"

static const double much = 1.5;

bool kn_news_of_room(int64_t whole, int64_t told, int64_t now)
{
    int64_t change = now > told ? now - told : told - now;

    return change > whole / 4;
}

void kn_speed_news_start(struct kn_speed_news *news, const struct kn_speed_measured *first,
                         kn_time now)
{
    *news = (struct kn_speed_news){ .first = *first, .told = *first, .seen_at = now };
}

static bool take(double *told, double now)
{
    if (!(now > 0) || (now <= *told * much && now * much >= *told))
        return false;
    *told = now;
    return true;
}

static bool forget(struct kn_speed_news *news, kn_time now)
{
    struct kn_speed_measured *told = &news->told;
    bool is_first = told->decode_tokens_per_s == news->first.decode_tokens_per_s &&
                    told->forward_tokens_per_s == news->first.forward_tokens_per_s;

    if (is_first || now - news->seen_at < KN_NEWS_FORGET_MS)
        return false;
    *told = news->first;
    return true;
}

bool kn_news_of_speed(struct kn_speed_news *news, const struct kn_compute_state *state, kn_time now)
{
    bool decode, forward;

    if (!(state->decode_tokens_per_s > 0) && !(state->forward_tokens_per_s > 0))
        return forget(news, now);
    news->seen_at = now;
    decode = take(&news->told.decode_tokens_per_s, state->decode_tokens_per_s);
    forward = take(&news->told.forward_tokens_per_s, state->forward_tokens_per_s);
    return decode || forward;
}
