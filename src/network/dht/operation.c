/* operation — the place of an operation in its node: beginning, timer, end. */
#include "network/dht/node.h"

enum kn_code kn_dht_op_admit(const struct kn_dht *dht)
{
    return dht->op_count < KN_DHT_OPERATIONS_MAX ? KN_OK : KN_E_LIMIT;
}

void kn_dht_op_start(struct kn_dht *dht, struct kn_dht_op *op, kn_time deadline)
{
    op->dht = dht;
    op->deadline = deadline;
    op->wake = kn_dht_now(dht);
    op->next = dht->ops;
    if (dht->ops != NULL)
        dht->ops->before = op;
    dht->ops = op;
    dht->op_count++;
    kn_dht_retime(dht);
}

static void destroy(struct kn_dht_op *op)
{
    struct kn_dht *dht = op->dht;

    if (op->before != NULL)
        op->before->next = op->next;
    else
        dht->ops = op->next;
    if (op->next != NULL)
        op->next->before = op->before;
    dht->op_count--;
    op->destroy(op);
}

void kn_dht_op_enter(struct kn_dht_op *op)
{
    op->busy++;
}

void kn_dht_op_leave(struct kn_dht_op *op)
{
    struct kn_dht *dht = op->dht;

    if (--op->busy == 0 && op->over)
        destroy(op);
    kn_dht_retime(dht);
}

void kn_dht_cancel(struct kn_dht_op *op)
{
    if (op == NULL)
        return;
    kn_dht_op_enter(op);
    op->over = true;
    kn_dht_op_leave(op);
}
