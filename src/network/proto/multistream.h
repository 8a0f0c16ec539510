/*
 * multistream — two sides agree on a protocol by its name.
 *
 * Does no I/O. One negotiation on one stream, or on a bare connection. Bytes behind the agreed
 * name belong to that protocol: input() says how many it used. Lazy peers send them in one flight.
 * spec: multistream-select 1.0.0.
 */
#ifndef KN_MULTISTREAM_H
#define KN_MULTISTREAM_H

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/role.h"

enum {
    KN_MULTISTREAM_MESSAGE_MAX = 1024, /* with its line feed */
    KN_MULTISTREAM_REFUSALS_MAX = 64,  /* names that a dialer may try on one stream */
};

/* Does the listener speak this protocol? Gives the name as the listener keeps it, or NULL. */
typedef const char *kn_protocol_find_fn(void *arg, struct kn_span name);

struct kn_multistream {
    enum kn_role role;
    const char *const *wanted; /* a dialer's names, most wanted first; NULL at the end; kept */
    kn_protocol_find_fn *find; /* a listener's */
    void *arg;
    bool header_seen, header_sent;
    unsigned refusals;
    const char *agreed; /* the name, once there is one */
    struct kn_buffer partial;
};

/* A dialer sends the header and its first name, there is at least one, at once. */
void kn_multistream_dial(struct kn_multistream *m, const char *const *wanted,
                         struct kn_buffer *wire);
void kn_multistream_listen(struct kn_multistream *m, kn_protocol_find_fn *find, void *arg);
void kn_multistream_done(struct kn_multistream *m);

/*
 * Take bytes; a listener that is given none says its header. `*used` is how many belong to the
 * negotiation; once m->agreed is set the rest is the protocol's. KN_E_REFUSED: the listener speaks
 * none of our names, or the dialer proposed too many; KN_E_PROTOCOL: wrong header, length or line
 * end; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_multistream_input(struct kn_multistream *m, struct kn_span bytes,
                                              size_t *used, struct kn_buffer *wire,
                                              struct kn_error *err);

#endif
