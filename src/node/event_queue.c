#include "node/event_queue.h"

#include <string.h>

#include "lib/base/harmless.h"
#include "lib/base/utf8.h"

static void drop_oldest(struct kn_event_queue *queue)
{
    queue->first = (queue->first + 1) % KWAAI_EVENTS_KEPT;
    queue->n--;
}

static void set_text(struct kwaai_event *event, const char *text)
{
    struct kn_text line = { 0 };
    size_t n;

    kn_text_add_harmless(&line, text);
    n = line.n < sizeof(event->text) ? line.n : sizeof(event->text) - 1;
    n = kn_utf8_cut(kn_text_get(&line), n);
    memcpy(event->text, kn_text_get(&line), n);
    event->text[n] = '\0';
    kn_text_done(&line);
}

void kn_event_queue_push(struct kn_event_queue *queue, enum kwaai_event_kind kind, int64_t at_ms,
                         const char *text)
{
    struct kwaai_event *event;

    if (queue->n == KWAAI_EVENTS_KEPT) {
        drop_oldest(queue);
        queue->lost += queue->lost < UINT32_MAX ? 1 : 0;
    }
    event = &queue->at[(queue->first + queue->n++) % KWAAI_EVENTS_KEPT];
    event->size = sizeof(*event);
    event->kind = kind;
    event->at_ms = at_ms;
    set_text(event, text);
}

bool kn_event_queue_pop(struct kn_event_queue *queue, struct kwaai_event *out)
{
    struct kwaai_event *event = &queue->at[queue->first];
    size_t size = out->size < sizeof(*event) ? out->size : sizeof(*event);

    if (queue->n == 0)
        return false;
    event->lost = queue->lost;
    event->size = out->size; /* stays what the caller said */
    queue->lost = 0;
    memcpy(out, event, size);
    drop_oldest(queue);
    return true;
}
