#include "node/retry.h"

#include "node/course.h"

enum { MS_PER_S = 1000 };

int kn_retry_wait_ms(int before_ms)
{
    if (before_ms == 0)
        return KN_RETRY_FIRST_MS;
    return before_ms < KN_RETRY_LAST_MS / 2 ? 2 * before_ms : KN_RETRY_LAST_MS;
}

static void wait(struct kn_retry *retry, kn_time at)
{
    retry->at = at;
    kn_timer_set(retry->timer, at > 0 ? at : KN_NEVER);
}

void kn_retry_blocks_changed(struct kn_node *node)
{
    struct kn_retry *retry = &node->retry;
    struct kn_blocks_report report;

    kn_blocks_report(node->blocks, &report);
    if (report.stage == KN_BLOCKS_FAILED) {
        retry->wait_ms = kn_retry_wait_ms(retry->wait_ms);
        wait(retry, kn_loop_now(node->loop) + retry->wait_ms);
        return;
    }
    if (report.stage == KN_BLOCKS_SERVING)
        retry->wait_ms = 0;
    wait(retry, 0);
}

void kn_retry_now(struct kn_node *node)
{
    kn_blocks_try_again(node->blocks);
    kn_course_serve(node);
}

static void on_timer(void *arg)
{
    struct kn_node *node = arg;

    if (kn_move_holds_blocks(node->move)) /* it goes elsewhere, or comes back, by itself */
        wait(&node->retry, kn_loop_now(node->loop) + node->retry.wait_ms);
    else
        kn_retry_now(node);
}

int64_t kn_retry_in_s(const struct kn_node *node)
{
    int64_t left = node->retry.at - kn_loop_now(node->loop);

    if (node->retry.at == 0)
        return -1;
    return left > 0 ? (left + MS_PER_S - 1) / MS_PER_S : 0;
}

bool kn_retry_make(struct kn_node *node)
{
    node->retry.timer = kn_timer_new(node->loop, on_timer, node);
    return node->retry.timer != NULL;
}

void kn_retry_end(struct kn_node *node)
{
    kn_timer_free(node->retry.timer);
    node->retry.timer = NULL;
}
