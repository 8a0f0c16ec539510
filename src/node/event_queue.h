/*
 * event_queue — what happened and nobody has asked for yet: the last few, in fixed room.
 *
 * Not locked: its owner is.
 */
#ifndef KN_NODE_EVENT_QUEUE_H
#define KN_NODE_EVENT_QUEUE_H

#include "kwaainet/node.h"

/* Begins with { 0 }. */
struct kn_event_queue {
    struct kwaai_event at[KWAAI_EVENTS_KEPT];
    size_t first, n;
    uint32_t lost; /* dropped and not told yet */
};

/* Add one, made harmless and cut to its room; the oldest goes where there is none. */
void kn_event_queue_push(struct kn_event_queue *queue, enum kwaai_event_kind kind, int64_t at_ms,
                         const char *text);

/* Take the oldest into `out`, of which no more than `out->size` bytes are written. False: none. */
bool kn_event_queue_pop(struct kn_event_queue *queue, struct kwaai_event *out);

#endif
