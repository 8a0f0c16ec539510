/*
 * repeats — an event that comes again and again fills no disk: beyond so many a minute it is
 * counted, and the count is told when the minute is over.
 *
 * Pure: the time is handed in. Of KN_LOG_REPEATS_KINDS events at once each is counted by itself;
 * what is beyond that goes through.
 */
#ifndef KN_NODE_LOG_REPEATS_H
#define KN_NODE_LOG_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/schema/words.h"
#include "lib/base/time.h"

enum {
    KN_LOG_REPEATS_KINDS = 64,
    KN_LOG_REPEATS_MS = 60000,
    KN_LOG_REPEATS_MANY = 20,         /* of an event that is told always, in that time */
    KN_LOG_REPEATS_MANY_DEBUG = 1000, /* of one that somebody asked for */
};

struct kn_log_repeat {
    enum kn_level level;
    enum kn_log_module module;
    const char *event; /* kept as it is: a text of the program; NULL: a free place */
    kn_time since;     /* the first of its minute */
    uint32_t told, held_back;
};

struct kn_log_repeats {
    struct kn_log_repeat at[KN_LOG_REPEATS_KINDS];
};

/* Is this one told? Ask kn_log_repeats_due() before. */
bool kn_log_repeats_take(struct kn_log_repeats *repeats, enum kn_level level,
                         enum kn_log_module module, const char *event, kn_time now);

/* An event some of which were held back in a minute that is over, or `all`: it is forgotten with
 * that. False: there is none. */
bool kn_log_repeats_due(struct kn_log_repeats *repeats, kn_time now, bool all,
                        struct kn_log_repeat *out);

/* When to ask that next; KN_NEVER: nothing is held back. */
kn_time kn_log_repeats_deadline(const struct kn_log_repeats *repeats);

#endif
