#include "lib/base/buffer.h"

#include "lib/base/memory.h"

enum { FIRST_ROOM = 256 }; /* a question of the DHT's fits */

void kn_buffer_fail(struct kn_buffer *buffer)
{
    kn_buffer_done(buffer);
    buffer->failed = true;
}

static void slide(struct kn_buffer *buffer)
{
    if (buffer->start > 0 && buffer->n > 0)
        memmove(buffer->memory, buffer->memory + buffer->start, buffer->n);
    buffer->start = 0;
}

static bool grow(struct kn_buffer *buffer, size_t needed)
{
    size_t room = buffer->room < FIRST_ROOM ? FIRST_ROOM : buffer->room;
    uint8_t *memory;

    while (room < needed) {
        if (room > SIZE_MAX / 2)
            return false;
        room *= 2;
    }
    memory = kn_try_realloc(buffer->memory, room);
    if (memory == NULL)
        return false;
    buffer->memory = memory;
    buffer->room = room;
    return true;
}

/* Sliding costs what is held, so it waits until at least as much room is won in front. */
static bool make_room(struct kn_buffer *buffer, size_t more)
{
    size_t max = buffer->max == 0 ? SIZE_MAX : buffer->max;

    if (buffer->failed)
        return false;
    if (more > max || buffer->n > max - more) {
        kn_buffer_fail(buffer);
        return false;
    }
    if (buffer->start + buffer->n + more <= buffer->room)
        return true;
    if (buffer->start >= buffer->n)
        slide(buffer);
    if (buffer->start + buffer->n + more <= buffer->room)
        return true;
    if (buffer->start > SIZE_MAX / 2 - buffer->n - more ||
        !grow(buffer, buffer->start + buffer->n + more)) {
        kn_buffer_fail(buffer);
        return false;
    }
    return true;
}

uint8_t *kn_buffer_extend(struct kn_buffer *buffer, size_t n)
{
    uint8_t *end;

    if (!make_room(buffer, n) || buffer->memory == NULL)
        return NULL;
    end = buffer->memory + buffer->start + buffer->n;
    memset(end, 0, n);
    buffer->n += n;
    return end;
}

void kn_buffer_add(struct kn_buffer *buffer, const void *bytes, size_t n)
{
    if (n == 0 || !make_room(buffer, n))
        return;
    memcpy(buffer->memory + buffer->start + buffer->n, bytes, n);
    buffer->n += n;
}

void kn_buffer_add_span(struct kn_buffer *buffer, struct kn_span bytes)
{
    kn_buffer_add(buffer, bytes.at, bytes.n);
}

void kn_buffer_add_byte(struct kn_buffer *buffer, uint8_t byte)
{
    kn_buffer_add(buffer, &byte, 1);
}

void kn_buffer_insert(struct kn_buffer *buffer, size_t at, const void *bytes, size_t n)
{
    uint8_t *place;

    if (n == 0 || at > buffer->n || !make_room(buffer, n))
        return;
    place = buffer->memory + buffer->start + at;
    memmove(place + n, place, buffer->n - at);
    memcpy(place, bytes, n);
    buffer->n += n;
}

struct kn_span kn_buffer_get(const struct kn_buffer *buffer)
{
    if (buffer->n == 0)
        return (struct kn_span){ NULL, 0 };
    return (struct kn_span){ buffer->memory + buffer->start, buffer->n };
}

void kn_buffer_take(struct kn_buffer *buffer, size_t n)
{
    if (n >= buffer->n) {
        buffer->start = 0;
        buffer->n = 0;
        return;
    }
    buffer->start += n;
    buffer->n -= n;
}

void kn_buffer_cut(struct kn_buffer *buffer, size_t n)
{
    if (n < buffer->n)
        buffer->n = n;
}

void kn_buffer_clear(struct kn_buffer *buffer)
{
    buffer->start = 0;
    buffer->n = 0;
    buffer->failed = false;
}

void kn_buffer_done(struct kn_buffer *buffer)
{
    size_t max = buffer->max;

    kn_free(buffer->memory);
    *buffer = (struct kn_buffer){ .max = max };
}
