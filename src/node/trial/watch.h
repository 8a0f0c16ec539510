/*
 * watch — how much memory may still be taken, looked at again and again while it is taken.
 *
 * The least of what the system has available, what control groups and ulimits leave, and what the
 * settings permit. File pages that were touched are ours too: the system counts them as free, and
 * would drop them, but a session needs them.
 */
#ifndef KN_TRIAL_WATCH_H
#define KN_TRIAL_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/error.h"

enum {
    KN_WATCH_PIECE = 16 << 20,  /* bytes that are touched between two looks */
    KN_WATCH_MARGIN = 24 << 20, /* bytes that are left to the process itself */
};

struct kn_watch {
    const char *root;             /* stands before /proc and /sys; "" is the machine's own */
    int64_t most;                 /* of the settings; below 0: no limit */
    const atomic_bool *cancelled; /* NULL: nobody can */
    int64_t begin;                /* what was left before anything was taken */
    int64_t own, mapped;          /* bytes that were taken since: memory, and pages of files */
};

/* Look for the first time. KN_E_NO_MEMORY; KN_E_UNKNOWN: the system does not tell. */
KN_MUST_USE enum kn_code kn_watch_begin(struct kn_watch *watch, struct kn_error *err);

/* Bytes that are left, the margin among them. */
int64_t kn_watch_left(const struct kn_watch *watch);

/* May so many more be touched? KN_E_LIMIT: then less than the margin would be left; KN_E_CANCELLED.
 * Nothing is counted as taken. */
KN_MUST_USE enum kn_code kn_watch_ask(const struct kn_watch *watch, int64_t bytes);

/* Write zeros, or whatever makes pages be there, into memory of our own, piece by piece; with
 * `pattern`, copies of it. Codes of kn_watch_ask(), and the bytes written are counted as taken. */
KN_MUST_USE enum kn_code kn_watch_fill(struct kn_watch *watch, void *at, size_t n,
                                       const void *pattern, size_t pattern_n);

/* Read from each page of a file that is mapped. */
KN_MUST_USE enum kn_code kn_watch_read(struct kn_watch *watch, const void *at, size_t n);

#endif
