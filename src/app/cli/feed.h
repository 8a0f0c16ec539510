/*
 * feed — lines for a reader who may be slow, or gone: whoever writes never waits.
 *
 * What is not taken at once waits here, up to a limit; lines beyond it are dropped and counted.
 */
#ifndef KN_CLI_FEED_H
#define KN_CLI_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/text.h"

enum { KN_FEED_MAX = 256 * 1024 }; /* bytes that wait */

struct kn_feed {
    struct kn_text waiting;
    uint64_t dropped; /* lines */
    bool is_gone;     /* nobody reads any more */
};

/* Hand in whole lines, and let the reader have what it takes. */
void kn_feed_add(struct kn_feed *feed, const char *text, size_t n);

/* Let the reader have more of what waits. */
void kn_feed_push(struct kn_feed *feed);

/* Does the reader have everything? */
bool kn_feed_is_empty(const struct kn_feed *feed);

void kn_feed_done(struct kn_feed *feed);

#endif
