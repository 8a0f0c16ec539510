#include "network/yamux/outbox.h"

#include "lib/base/memory.h"

/* A small message and its length fit, and five hundred streams take two megabytes. */
enum { CHUNK_MIN = 4096 };

struct kn_outbox_chunk {
    struct kn_outbox_chunk *next;
    size_t start, end, room;
    uint8_t bytes[];
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One that is spare and has room for `n` without being far too large; else NULL. */
static struct kn_outbox_chunk *take_spare(struct kn_outbox_spare *spare, size_t n)
{
    struct kn_outbox_chunk **at = &spare->first, *chunk;

    while (*at != NULL && ((*at)->room < n || (*at)->room / 4 > n))
        at = &(*at)->next;
    chunk = *at;
    if (chunk == NULL)
        return NULL;
    *at = chunk->next;
    spare->n -= chunk->room;
    *chunk = (struct kn_outbox_chunk){ .room = chunk->room };
    return chunk;
}

static struct kn_outbox_chunk *new_chunk(struct kn_outbox_spare *spare, size_t n)
{
    size_t room = n < CHUNK_MIN ? CHUNK_MIN : n;
    struct kn_outbox_chunk *chunk = spare != NULL ? take_spare(spare, room) : NULL;

    if (chunk != NULL)
        return chunk;
    if (room > SIZE_MAX - sizeof(*chunk))
        return NULL;
    chunk = kn_try_realloc(NULL, sizeof(*chunk) + room); /* not zeroed: it may be megabytes */
    if (chunk != NULL)
        *chunk = (struct kn_outbox_chunk){ .room = room };
    return chunk;
}

static void free_chunk(struct kn_outbox_spare *spare, struct kn_outbox_chunk *chunk)
{
    if (spare == NULL || chunk->room > KN_OUTBOX_SPARE_MAX - spare->n) {
        kn_free(chunk);
        return;
    }
    chunk->next = spare->first;
    spare->first = chunk;
    spare->n += chunk->room;
}

static void count(struct kn_outbox_book *book, size_t more, size_t less)
{
    for (; book != NULL; book = book->above)
        book->n += more - less;
}

void kn_outbox_count_in(struct kn_outbox *outbox, struct kn_outbox_book *book)
{
    outbox->book = book;
    for (const struct kn_outbox_chunk *chunk = outbox->first; chunk != NULL; chunk = chunk->next)
        count(book, chunk->room, 0);
}

static void append(struct kn_outbox *outbox, struct kn_outbox_chunk *chunk)
{
    count(outbox->book, chunk->room, 0);
    if (outbox->last != NULL)
        outbox->last->next = chunk;
    else
        outbox->first = chunk;
    outbox->last = chunk;
}

static void fill(struct kn_outbox_chunk *chunk, const uint8_t *at, size_t n)
{
    if (n == 0)
        return;
    memcpy(chunk->bytes + chunk->end, at, n);
    chunk->end += n;
}

enum kn_code kn_outbox_add(struct kn_outbox *outbox, struct kn_span bytes)
{
    struct kn_outbox_chunk *last = outbox->last;
    size_t fits = last == NULL ? 0 : smaller(bytes.n, last->room - last->end);

    if (fits < bytes.n) {
        struct kn_outbox_chunk *chunk = new_chunk(outbox->spare, bytes.n - fits);

        if (chunk == NULL)
            return KN_E_NO_MEMORY;
        fill(chunk, bytes.at + fits, bytes.n - fits);
        append(outbox, chunk);
    }
    if (last != NULL)
        fill(last, bytes.at, fits);
    outbox->n += bytes.n;
    return KN_OK;
}

void kn_outbox_copy(const struct kn_outbox *outbox, size_t n, struct kn_buffer *out)
{
    const struct kn_outbox_chunk *chunk = outbox->first;

    for (; chunk != NULL && n > 0; chunk = chunk->next) {
        size_t part = smaller(n, chunk->end - chunk->start);

        kn_buffer_add(out, chunk->bytes + chunk->start, part);
        n -= part;
    }
}

static void drop_first(struct kn_outbox *outbox)
{
    struct kn_outbox_chunk *chunk = outbox->first;

    outbox->first = chunk->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    count(outbox->book, 0, chunk->room);
    free_chunk(outbox->spare, chunk);
}

void kn_outbox_take(struct kn_outbox *outbox, size_t n)
{
    while (outbox->first != NULL) {
        struct kn_outbox_chunk *chunk = outbox->first;
        size_t part = smaller(n, chunk->end - chunk->start);

        chunk->start += part;
        outbox->n -= part;
        n -= part;
        if (chunk->start < chunk->end)
            return;
        drop_first(outbox);
    }
}

void kn_outbox_done(struct kn_outbox *outbox)
{
    while (outbox->first != NULL)
        drop_first(outbox);
    outbox->n = 0;
}

void kn_outbox_spare_done(struct kn_outbox_spare *spare)
{
    while (spare->first != NULL) {
        struct kn_outbox_chunk *chunk = spare->first;

        spare->first = chunk->next;
        kn_free(chunk);
    }
    spare->n = 0;
}
