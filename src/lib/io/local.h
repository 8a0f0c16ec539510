/*
 * local — lines between two processes of one user, through a socket that has a name in a folder.
 *
 * A folder's path may be as long as the system permits, though an address holds 107 bytes of it.
 * Only processes of the user that this process runs as get through, in both directions: the system
 * tells whose process the other side is. Lines end with a line feed.
 */
#ifndef KN_IO_LOCAL_H
#define KN_IO_LOCAL_H

#include "lib/base/span.h"
#include "lib/base/text.h"
#include "lib/io/loop.h"

enum { KN_LOCAL_NAME_MAX = 64 }; /* bytes of a socket's name */

struct kn_local; /* a connection */

struct kn_local_events {
    void *arg;
    void (*line)(void *arg, struct kn_span line); /* without its line feed; lent for the call */
    void (*sent)(void *arg);                      /* all that was written has left */
    /* KN_E_CLOSED, KN_E_IO, KN_E_LIMIT (a line is too long), KN_E_NO_MEMORY; the last event. */
    void (*ended)(void *arg, enum kn_code code);
};

/* A callback may free the connection. After free none comes. */
struct kn_local_listener;
typedef void kn_local_accept_fn(void *arg, struct kn_local *connection);

/*
 * Listen as `name`, with mode 0600, in the folder `folder`. A socket that has the name and that
 * nobody answers is replaced. KN_E_BUSY: somebody answers. KN_E_IO: something that is no socket has
 * the name. KN_E_NOT_FOUND, KN_E_DENIED, KN_E_NO_SPACE, KN_E_NO_MEMORY. `accepted` gets each
 * connection, its to free, without events yet; others' are closed unseen.
 */
KN_MUST_USE enum kn_code kn_local_listen(struct kn_loop *loop, const char *folder, const char *name,
                                         kn_local_accept_fn *accepted, void *arg,
                                         struct kn_local_listener **out, struct kn_error *err);

/* Also removes the name, if it is still this socket's. */
void kn_local_listener_free(struct kn_local_listener *listener);

/* Begin to read lines of at most `line_max` bytes. `events` is copied. */
void kn_local_begin(struct kn_local *connection, size_t line_max,
                    const struct kn_local_events *events);

/* Send. Bytes are copied. KN_E_CLOSED after the end; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_local_write(struct kn_local *connection, struct kn_span bytes);

/* Stop or go on reading; a line in the middle of a call to `line` is the last until it goes on. */
void kn_local_pause(struct kn_local *connection, bool paused);

/* Close at once. */
void kn_local_free(struct kn_local *connection);

/*
 * Without a loop, for commands: connect, send `line`, which has its line feed, and append the first
 * line of the answer to `out`, all within `timeout_ms`. KN_E_NOT_FOUND: there is no such socket, or
 * nobody listens. KN_E_DENIED: it is another user's. KN_E_TIMEOUT; KN_E_CLOSED: it ended without a
 * whole line; KN_E_LIMIT: the answer is longer than `max`; KN_E_IO, KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_local_ask(const char *folder, const char *name, const char *line,
                                      size_t max, int timeout_ms, struct kn_text *out,
                                      struct kn_error *err);

#endif
