/*
 * control — talking to the node that runs: one line of JSON asks, one line answers.
 *
 *   {"v":1,"do":"status"}  ->  {"v":1,"ok":true,"answer":{…}}
 *   {"v":1,"do":"dance"}   ->  {"v":1,"ok":false,"error":"…","hint":"…"}
 *
 * The socket is HOME/run/node.sock; nobody but the user that runs the node gets through. A request
 * may have other members, which are its arguments; unknown ones are ignored.
 */
#ifndef KN_NODE_CONTROL_H
#define KN_NODE_CONTROL_H

#include "lib/base/attributes.h"
#include "lib/base/error.h"
#include "lib/io/loop.h"
#include "node/control/run_folder.h"

enum {
    KN_CONTROL_VERSION = 1,
    KN_CONTROL_REQUEST_MAX = 4096,       /* bytes of a line that asks */
    KN_CONTROL_ANSWER_MAX = 1024 * 1024, /* bytes of a line that answers */
    KN_CONTROL_CLIENTS_MAX = 16,         /* at once; of more the longest idle one has to go */
    KN_CONTROL_IDLE_MS = 10000,          /* a client that neither asks nor reads for so long goes */
};

#define KN_CONTROL_NAME "node.sock"

struct kn_json;

/*
 * What the node can be asked. `answer` puts a document into `*out`, which is NULL before and may
 * stay so for null, and hands it over. A failure is told to the client with its text and hint. It
 * runs on the loop thread and must not free the control.
 */
struct kn_control_handler {
    const char *name; /* of "do" */
    enum kn_code (*answer)(void *arg, const struct kn_json *request, struct kn_json **out,
                           struct kn_error *err);
};

struct kn_control;

/*
 * Listen. `handlers` ends with a NULL name and stays the caller's, as `folder` does; both outlive
 * the control. KN_E_BUSY, KN_E_IO, KN_E_DENIED, KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_control_new(struct kn_loop *loop, const struct kn_run_folder *folder,
                                        const struct kn_control_handler *handlers, void *arg,
                                        struct kn_control **out, struct kn_error *err);

/* Let `asked` know of every request that was read, and what became of it. `what` is lent. */
void kn_control_on_asked(struct kn_control *control,
                         void (*asked)(void *arg, const char *what, enum kn_code code), void *arg);

/* Close every connection; the socket's name goes. NULL is fine. */
void kn_control_free(struct kn_control *control);

/*
 * The other side, for commands; blocks up to `timeout_ms`. Ask the node that runs with `home` to do
 * `what`; release its answer, `*out`, with kn_json_free(). KN_E_NOT_FOUND: none runs. KN_E_REFUSED:
 * it said no; text and hint are its own. KN_E_DENIED: it is another user's. KN_E_TIMEOUT,
 * KN_E_CLOSED: it does not answer. KN_E_PROTOCOL: not an answer of this version.
 */
KN_MUST_USE enum kn_code kn_control_ask(const char *home, const char *what, int timeout_ms,
                                        struct kn_json **out, struct kn_error *err);

/* The same with arguments: an object whose members stand beside "v" and "do", or NULL. */
KN_MUST_USE enum kn_code kn_control_ask_with(const char *home, const char *what,
                                             KN_TAKES struct kn_json *arguments, int timeout_ms,
                                             struct kn_json **out, struct kn_error *err);

#endif
