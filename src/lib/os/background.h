/*
 * background — another process that outlives this one and its terminal, and what it reports.
 *
 * It runs in a session of its own, reads nothing, and appends what it writes to a file. Its
 * reports come through a channel that it inherits; none of them waits, and none fails when nobody
 * listens any more.
 */
#ifndef KN_OS_BACKGROUND_H
#define KN_OS_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

enum {
    KN_CHANNEL_SIZE = 48, /* bytes of its name */
    KN_REPORT_MAX = 4096, /* bytes of one report */
    KN_BACKGROUND_LOG_MODE = 0600,
};

struct kn_background {
    int ours, theirs;
    int64_t pid;
    char channel[KN_CHANNEL_SIZE]; /* to be told to the process, which hands it to
                                    * kn_report_channel_take()
                                    */
};

/* Make the channel. KN_E_IO, KN_E_LIMIT. Release with kn_background_done(). */
KN_MUST_USE enum kn_code kn_background_prepare(struct kn_background *out, struct kn_error *err);

/*
 * Run `program` with these words and this environment (both end in NULL). It gets no descriptors
 * but the three standard ones and the channel, and the system's way with signals. `log` is made
 * with mode 0600 where it is missing. KN_E_NOT_FOUND, KN_E_DENIED, KN_E_IO, KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_background_start(struct kn_background *background, const char *program,
                                             const char *const *words,
                                             const char *const *environment, const char *log,
                                             struct kn_error *err);

/* Append the next report to `out`. KN_E_TIMEOUT; KN_E_CLOSED: none will come; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_background_await(const struct kn_background *background,
                                             int64_t timeout_ms, struct kn_text *out);

/* How a process ended. */
struct kn_ending {
    int status; /* that it returned; -1: a signal ended it */
    int signal;
    const char *signal_name; /* "killed"; lent by the system */
};

/* Wait until it has ended. False: it is not ours to wait for. */
KN_MUST_USE bool kn_background_ended(const struct kn_background *background, struct kn_ending *out);

void kn_background_done(struct kn_background *background);

/* -- the other side */

/* The channel of that name; -1: this process inherited none, or not this one. */
int kn_report_channel_take(const char *name);

/* Report. `n` up to KN_REPORT_MAX; what nobody takes is lost. -1 is fine. */
void kn_report_channel_tell(int channel, const char *bytes, size_t n);

void kn_report_channel_close(int channel);

#endif
