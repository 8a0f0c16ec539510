/*
 * outbox — bytes of one stream that wait for credit: added at the end, sent from the front.
 *
 * Held in chunks, so that a call that finds no memory changes nothing, megabytes are not copied
 * again while more come, and what was sent is given back. Start from { 0 }, with `spare` set to
 * keep chunks for the next bytes: memory that goes back to the system costs more than the bytes.
 */
#ifndef KN_YAMUX_OUTBOX_H
#define KN_YAMUX_OUTBOX_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/code.h"

enum { KN_OUTBOX_SPARE_MAX = 1 << 20 }; /* bytes that wait in chunks for use */

struct kn_outbox_chunk;

/* Chunks for all outboxes of one thread. Start from { 0 }. */
struct kn_outbox_spare {
    struct kn_outbox_chunk *first;
    size_t n; /* bytes of room in them */
};

/* How much memory the outboxes take that are counted here, and in books below. Start from { 0 }. */
struct kn_outbox_book {
    size_t n; /* bytes of whole chunks: one that waits for its last byte is still there */
    struct kn_outbox_book *above;
};

struct kn_outbox {
    struct kn_outbox_spare *spare; /* lent; NULL: none */
    struct kn_outbox_book *book;   /* kn_outbox_count_in() */
    struct kn_outbox_chunk *first, *last;
    size_t n; /* bytes held */
};

/* KN_E_NO_MEMORY: nothing was added. */
KN_MUST_USE enum kn_code kn_outbox_add(struct kn_outbox *outbox, struct kn_span bytes);

/* Count what it holds, now and later, in `book`, which is kept until it is done. Once. */
void kn_outbox_count_in(struct kn_outbox *outbox, struct kn_outbox_book *book);

/* Append the first `n` bytes, which must be there, to `out`. They stay. */
void kn_outbox_copy(const struct kn_outbox *outbox, size_t n, struct kn_buffer *out);

/* Drop `n` bytes from the front; at most all. */
void kn_outbox_take(struct kn_outbox *outbox, size_t n);

void kn_outbox_done(struct kn_outbox *outbox);

void kn_outbox_spare_done(struct kn_outbox_spare *spare);

#endif
