/*
 * buffer — bytes in a row: added at the end, taken from the front.
 *
 * Every encoder appends to one, every engine leaves what it wants sent in one. Once an allocation
 * failed, or more than `max` bytes would have been held, the buffer stays failed and empty and
 * every later call does nothing, so a writer asks once at its end. Start from { 0 }; release with
 * kn_buffer_done().
 */
#ifndef KN_BASE_BUFFER_H
#define KN_BASE_BUFFER_H

#include "lib/base/span.h"

struct kn_buffer {
    uint8_t *memory;
    size_t start, n, room;
    size_t max; /* bytes held at once; 0: no limit but memory */
    bool failed;
};

void kn_buffer_add(struct kn_buffer *buffer, const void *bytes, size_t n);
void kn_buffer_add_span(struct kn_buffer *buffer, struct kn_span bytes);
void kn_buffer_add_byte(struct kn_buffer *buffer, uint8_t byte);

/* Make `n` more bytes, zeroed, at the end. NULL when failed. Valid until the next change. */
uint8_t *kn_buffer_extend(struct kn_buffer *buffer, size_t n);

/* Put `bytes` before the byte at `at`, counted from the front. */
void kn_buffer_insert(struct kn_buffer *buffer, size_t at, const void *bytes, size_t n);

/* What is held. Valid until the next change. */
struct kn_span kn_buffer_get(const struct kn_buffer *buffer);

/* Drop `n` bytes from the front; at most all. */
void kn_buffer_take(struct kn_buffer *buffer, size_t n);

/* Cut back to the first `n` bytes. */
void kn_buffer_cut(struct kn_buffer *buffer, size_t n);

/* Forget the bytes and keep the memory; a failed buffer works again. */
void kn_buffer_clear(struct kn_buffer *buffer);

/* Fail because what should be added cannot be written. */
void kn_buffer_fail(struct kn_buffer *buffer);

void kn_buffer_done(struct kn_buffer *buffer);

#endif
