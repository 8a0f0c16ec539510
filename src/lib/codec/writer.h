/*
 * writer — numbers as bytes, appended to a buffer.
 */
#ifndef KN_CODEC_WRITER_H
#define KN_CODEC_WRITER_H

#include "lib/base/buffer.h"

void kn_write_be16(struct kn_buffer *out, uint16_t number);
void kn_write_be32(struct kn_buffer *out, uint32_t number);
void kn_write_be64(struct kn_buffer *out, uint64_t number);
void kn_write_be_double(struct kn_buffer *out, double number);
void kn_write_le_double(struct kn_buffer *out, double number);

/* An unsigned LEB128 number, as short as it can be. */
void kn_write_varint(struct kn_buffer *out, uint64_t number);

/* How many bytes that takes. */
size_t kn_varint_size(uint64_t number);

/* The length as a varint, then the bytes. */
void kn_write_prefixed(struct kn_buffer *out, struct kn_span bytes);

#endif
