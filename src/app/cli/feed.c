#include "app/cli/feed.h"

#include <string.h>

#include "lib/os/output.h"

static void drop(struct kn_feed *feed, const char *text, size_t n)
{
    for (const char *at = text; (at = memchr(at, '\n', n - (size_t)(at - text))) != NULL; at++)
        feed->dropped++;
}

void kn_feed_push(struct kn_feed *feed)
{
    struct kn_error ignored = { 0 };
    size_t written = 0, n = feed->waiting.n;

    if (n == 0)
        return;
    if (kn_output_offer(KN_OUTPUT_OUT, feed->waiting.at, n, &written, &ignored) != KN_OK) {
        feed->is_gone = true;
        drop(feed, feed->waiting.at, n);
        kn_text_cut(&feed->waiting, 0);
        return;
    }
    memmove(feed->waiting.at, feed->waiting.at + written, n - written);
    kn_text_cut(&feed->waiting, n - written);
}

void kn_feed_add(struct kn_feed *feed, const char *text, size_t n)
{
    if (feed->is_gone || feed->waiting.n + n > KN_FEED_MAX)
        drop(feed, text, n);
    else
        kn_text_add_n(&feed->waiting, text, n);
    kn_feed_push(feed);
}

bool kn_feed_is_empty(const struct kn_feed *feed)
{
    return feed->waiting.n == 0;
}

void kn_feed_done(struct kn_feed *feed)
{
    kn_text_done(&feed->waiting);
}
