#include "app/cli/tidy.h"

#include "app/cli/start.h"
#include "lib/base/memory.h"
#include "lib/os/heap.h"

static void on_calm(void *arg)
{
    struct kn_start *start = arg;

    kn_heap_give_back();
    kn_timer_set(start->tidy, kn_loop_now(start->loop) + KN_TIDY_AGAIN_MS);
}

void kn_tidy_begin(struct kn_start *start)
{
    start->tidy = kn_timer_new(start->loop, on_calm, start);
    if (start->tidy == NULL)
        kn_out_of_memory();
}

/* Rounds of announcements come for as long as the node lives; the others are those after which
 * much is free. */
void kn_tidy_take(struct kn_start *start, enum kn_node_event event)
{
    if (start->tidy != NULL && (event == KN_NODE_ANNOUNCED || event == KN_NODE_READ_BACK ||
                                event == KN_NODE_RELOADED || event == KN_NODE_BLOCKS))
        kn_timer_set(start->tidy, kn_loop_now(start->loop) + KN_TIDY_MS);
}

void kn_tidy_end(struct kn_start *start)
{
    kn_timer_free(start->tidy);
    start->tidy = NULL;
}
