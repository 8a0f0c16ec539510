#include "lib/base/memory.h"
#include "network/dht/record_parts.h"

enum { FIRST_ROOM = 64 };

bool kn_record_heap_reserve(struct kn_record_heap *heap)
{
    size_t room = heap->room == 0 ? FIRST_ROOM : heap->room * 2;
    struct kn_held **at;

    if (heap->n < heap->room)
        return true;
    if (heap->room > SIZE_MAX / 2 / sizeof(struct kn_held *))
        return false;
    at = kn_try_realloc(heap->at, room * sizeof(struct kn_held *));
    if (at == NULL)
        return false;
    heap->at = at;
    heap->room = room;
    return true;
}

static void put(struct kn_record_heap *heap, size_t at, struct kn_held *held)
{
    heap->at[at] = held;
    held->heap_at = at;
}

static void raise(struct kn_record_heap *heap, size_t at)
{
    struct kn_held *held = heap->at[at];

    while (at > 0 && held->expiration < heap->at[(at - 1) / 2]->expiration) {
        put(heap, at, heap->at[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, at, held);
}

static void sink(struct kn_record_heap *heap, size_t at)
{
    struct kn_held *held = heap->at[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= heap->n)
            break;
        if (child + 1 < heap->n && heap->at[child + 1]->expiration < heap->at[child]->expiration)
            child++;
        if (held->expiration <= heap->at[child]->expiration)
            break;
        put(heap, at, heap->at[child]);
        at = child;
    }
    put(heap, at, held);
}

void kn_record_heap_add(struct kn_record_heap *heap, struct kn_held *held)
{
    put(heap, heap->n++, held);
    raise(heap, held->heap_at);
}

void kn_record_heap_moved(struct kn_record_heap *heap, const struct kn_held *held)
{
    raise(heap, held->heap_at);
    sink(heap, held->heap_at);
}

void kn_record_heap_remove(struct kn_record_heap *heap, const struct kn_held *held)
{
    struct kn_held *last = heap->at[--heap->n];

    if (last == held)
        return;
    put(heap, held->heap_at, last);
    kn_record_heap_moved(heap, last);
}
