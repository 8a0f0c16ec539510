/*
 * lines — what a person types at a terminal, line by line, without waiting for it.
 *
 * The terminal stays as it is: it edits the line, and gives it when Enter is pressed. It is opened
 * anew for this, so that reading it without waiting is nobody else's surprise. Belongs to the loop
 * thread.
 */
#ifndef KN_IO_LINES_H
#define KN_IO_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attributes.h"
#include "lib/base/error.h"

struct kn_loop;
struct kn_lines;

enum { KN_LINE_MAX = 256 }; /* bytes without the line feed */

struct kn_lines_events {
    void *arg;
    /* A line without its end, and a NUL behind it; any bytes. One that is too long comes as "" with
     * `too_long`, once, when it ends. May free the reader. */
    void (*line)(void *arg, const char *text, bool too_long);
    /* Nothing will come any more: once. What stands on an unfinished line is dropped. */
    void (*end)(void *arg);
};

/* Read descriptor `fd`, which is a terminal and stays open. Keeps the loop running. KN_E_NO_MEMORY;
 * KN_E_UNSUPPORTED: it is none, or cannot be read. */
KN_MUST_USE enum kn_code kn_lines_start(struct kn_loop *loop, int fd,
                                        const struct kn_lines_events *events, struct kn_lines **out,
                                        struct kn_error *err);

/* Stop; nothing comes afterwards. */
void kn_lines_free(struct kn_lines *lines);

#endif
