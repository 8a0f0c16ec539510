/*
 * start_live — what goes on at this moment.
 */
#ifndef KN_CLI_START_LIVE_H
#define KN_CLI_START_LIVE_H

#include "app/cli/start.h"

/* Append what stands on the last line of a terminal of that width; nothing when there is nothing
 * to say. */
void kn_start_live(const struct kn_start *start, size_t columns, struct kn_text *out);

/* Append a line about what takes longer than a second, for those who have no last line: at most
 * one a second. */
void kn_start_progress(struct kn_start *start);

/* Is there something to tell of by that for long? */
bool kn_start_is_fetching(const struct kn_start *start);

#endif
