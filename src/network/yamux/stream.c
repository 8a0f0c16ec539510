#include "network/yamux/stream.h"

#include "lib/base/memory.h"

enum { FIRST_ROWS = 8 };

/* Where the row of `id` stands, or would stand. */
static size_t place_of(const struct kn_yamux_table *table, uint32_t id)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->rows[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct kn_yamux_stream *kn_yamux_table_find(const struct kn_yamux_table *table, uint32_t id)
{
    size_t place = place_of(table, id);

    if (place == table->n || table->rows[place].id != id)
        return NULL;
    return table->rows[place].stream;
}

static bool make_room(struct kn_yamux_table *table)
{
    size_t room = table->room == 0 ? FIRST_ROWS : table->room * 2;
    struct kn_yamux_table_row *rows;

    if (table->n < table->room)
        return true;
    rows = kn_try_realloc(table->rows, room * sizeof(*rows));
    if (rows == NULL)
        return false;
    table->rows = rows;
    table->room = room;
    return true;
}

enum kn_code kn_yamux_table_add(struct kn_yamux_table *table, struct kn_yamux_stream *stream)
{
    size_t place = place_of(table, stream->id);
    struct kn_yamux_table_row *at;

    if (!make_room(table))
        return KN_E_NO_MEMORY;
    at = table->rows + place;
    memmove(at + 1, at, (table->n - place) * sizeof(*at));
    *at = (struct kn_yamux_table_row){ stream->id, stream };
    table->n++;
    return KN_OK;
}

void kn_yamux_table_remove(struct kn_yamux_table *table, uint32_t id)
{
    size_t place = place_of(table, id);
    struct kn_yamux_table_row *at = table->rows + place;

    if (place == table->n || at->id != id)
        return;
    table->n--;
    memmove(at, at + 1, (table->n - place) * sizeof(*at));
}

void kn_yamux_queue_add(struct kn_yamux_queue *queue, struct kn_yamux_stream *stream)
{
    if (stream->queued)
        return;
    stream->queued = true;
    stream->before = queue->last;
    stream->after = NULL;
    if (queue->last != NULL)
        queue->last->after = stream;
    else
        queue->first = stream;
    queue->last = stream;
}

void kn_yamux_queue_remove(struct kn_yamux_queue *queue, struct kn_yamux_stream *stream)
{
    if (!stream->queued)
        return;
    stream->queued = false;
    if (stream->before != NULL)
        stream->before->after = stream->after;
    else
        queue->first = stream->after;
    if (stream->after != NULL)
        stream->after->before = stream->before;
    else
        queue->last = stream->before;
}
