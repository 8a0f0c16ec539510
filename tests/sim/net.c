#include "net.h"

#include "evil.h"
#include "lib/base/memory.h"

#define EPOCH 1700000000.0

/* One call. Lives as long as an event speaks of it. */
struct kn_dht_call {
    struct net_node *from;
    struct kn_peer_id to;
    enum kn_dht_method method;
    kn_dht_reply_fn *done; /* NULL: cancelled, or answered */
    void *arg;
    unsigned refs;
};

enum kind { REQUEST, REPLY, TIMEOUT, WAKE, TASK };

struct event {
    kn_time when;
    uint64_t order;
    enum kind kind;
    struct kn_dht_call *call;
    struct net_node *node;
    unsigned wake;
    enum kn_code code;
    uint8_t *bytes;
    size_t n;
    net_task_fn *task;
    void *arg;
};

/* A request that a node has not answered yet. */
struct net_answering {
    struct net_node *node;
    struct kn_dht_call *call;
    struct net_answering *next, *before;
    struct kn_dht_serving *serving;
};

struct net {
    struct net_options options;
    uint64_t state;
    struct kn_random random;
    kn_time now;
    uint64_t order;
    struct event *heap;
    size_t n, room;
    struct net_node **nodes;
    size_t node_count, node_room;
};

/* ---- events ---- */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void push(struct net *net, struct event event)
{
    size_t i = net->n++;

    if (net->n > net->room) {
        net->room = net->room == 0 ? 1024 : 2 * net->room;
        net->heap = kn_try_realloc(net->heap, net->room * sizeof(*net->heap));
        if (net->heap == NULL)
            kn_out_of_memory();
    }
    event.order = net->order++;
    for (; i > 0 && is_before(&event, &net->heap[(i - 1) / 2]); i = (i - 1) / 2)
        net->heap[i] = net->heap[(i - 1) / 2];
    net->heap[i] = event;
}

static struct event pop(struct net *net)
{
    struct event first = net->heap[0], last = net->heap[--net->n];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < net->n) {
        if (child + 1 < net->n && is_before(&net->heap[child + 1], &net->heap[child]))
            child++;
        if (!is_before(&net->heap[child], &last))
            break;
        net->heap[i] = net->heap[child];
        i = child;
    }
    net->heap[i] = last;
    return first;
}

static void release(struct kn_dht_call *call)
{
    if (call != NULL && --call->refs == 0)
        kn_free(call);
}

static kn_time arrival(struct net *net)
{
    uint64_t spread = (uint64_t)(net->options.delay_max_ms - net->options.delay_min_ms) + 1;

    return net->now + net->options.delay_min_ms + (kn_time)kn_random_below(&net->random, spread);
}

static bool is_lost(struct net *net)
{
    return (double)kn_random_below(&net->random, 1 << 20) < net->options.loss * (1 << 20);
}

static uint8_t *copy(struct kn_span bytes)
{
    uint8_t *copied = kn_alloc(bytes.n > 0 ? bytes.n : 1);

    if (bytes.n > 0)
        memcpy(copied, bytes.at, bytes.n);
    return copied;
}

/* ---- what a node is handed ---- */

static struct kn_dht_call *start_call(void *arg, const struct kn_peer_id *peer,
                                      enum kn_dht_method method, struct kn_span request,
                                      int timeout_ms, kn_dht_reply_fn *done, void *done_arg)
{
    struct net_node *node = arg;
    struct net *net = node->net;
    struct kn_dht_call *call = kn_alloc(sizeof(*call));

    *call = (struct kn_dht_call){ node, *peer, method, done, done_arg, 1 };
    push(net, (struct event){ .when = net->now + timeout_ms, .kind = TIMEOUT, .call = call });
    if (!is_lost(net)) {
        call->refs++;
        push(net, (struct event){ .when = arrival(net),
                                  .kind = REQUEST,
                                  .call = call,
                                  .bytes = copy(request),
                                  .n = request.n });
    }
    return call;
}

static void cancel_call(void *arg, struct kn_dht_call *call)
{
    (void)arg;
    call->done = NULL;
}

static kn_time now_of(void *arg)
{
    const struct net_node *node = arg;

    return node->net->now;
}

static double time_of(void *arg)
{
    const struct net_node *node = arg;

    return net_true_time(node->net) + node->skew_s;
}

static void wake_node(void *arg, kn_time when)
{
    struct net_node *node = arg;

    node->wake++;
    if (when != KN_NEVER)
        push(node->net, (struct event){ .when = when > node->net->now ? when : node->net->now,
                                        .kind = WAKE,
                                        .node = node,
                                        .wake = node->wake });
}

/* ---- requests and answers ---- */

static void forget(struct net_answering *answering)
{
    if (answering->before != NULL)
        answering->before->next = answering->next;
    else
        answering->node->answerings = answering->next;
    if (answering->next != NULL)
        answering->next->before = answering->before;
    release(answering->call);
    kn_free(answering);
}

static void reply(struct net *net, struct kn_dht_call *call, enum kn_code code,
                  struct kn_span bytes)
{
    if (is_lost(net))
        return;
    call->refs++;
    push(net, (struct event){ .when = arrival(net),
                              .kind = REPLY,
                              .call = call,
                              .code = code,
                              .bytes = copy(bytes),
                              .n = bytes.n });
}

static void on_answer(void *arg, const char *error, struct kn_span answer)
{
    struct net_answering *answering = arg;

    if (error != NULL)
        reply(answering->node->net, answering->call, KN_E_REFUSED, kn_span_text(error));
    else
        reply(answering->node->net, answering->call, KN_OK, answer);
    forget(answering);
}

static struct net_node *find_node(struct net *net, const struct kn_peer_id *peer)
{
    uint32_t number;

    memcpy(&number, peer->bytes + 2, sizeof(number));
    if (number >= net->node_count || !kn_peer_id_equal(&net->nodes[number]->who.peer, peer))
        return NULL;
    return net->nodes[number];
}

static void serve_evil(struct net_node *node, struct event *event)
{
    struct kn_buffer out = { 0 };

    if (evil_answer(node, event->call->method, kn_span(event->bytes, event->n), &out))
        reply(node->net, event->call, KN_OK, kn_buffer_get(&out));
    kn_buffer_done(&out);
}

static void deliver(struct net *net, struct event *event)
{
    struct net_node *node = find_node(net, &event->call->to);
    struct net_answering *answering;
    struct kn_dht_serving *serving;

    if (node == NULL || node->dht == NULL)
        return; /* silence: the hardest way to be absent */
    node->asked[event->call->method]++;
    if (node->manner == NET_BUSY && event->call->method == KN_DHT_STORE)
        return;
    if (node->manner != NET_HONEST && node->manner != NET_BUSY) {
        serve_evil(node, event);
        return;
    }
    answering = kn_alloc(sizeof(*answering));
    *answering = (struct net_answering){ node, event->call, node->answerings, NULL, NULL };
    if (node->answerings != NULL)
        node->answerings->before = answering;
    node->answerings = answering;
    event->call->refs++;
    kn_dht_serve(node->dht, &event->call->from->who.peer, event->call->method,
                 kn_span(event->bytes, event->n), on_answer, answering, &serving);
}

static void end_call(struct kn_dht_call *call, enum kn_code code, struct kn_span bytes)
{
    kn_dht_reply_fn *done = call->done;

    call->done = NULL;
    if (done != NULL)
        done(call->arg, code, bytes);
}

bool net_step(struct net *net)
{
    struct event event;

    if (net->n == 0)
        return false;
    event = pop(net);
    net->now = event.when;
    switch (event.kind) {
    case REQUEST:
        deliver(net, &event);
        break;
    case REPLY:
        end_call(event.call, event.code, kn_span(event.bytes, event.n));
        break;
    case TIMEOUT:
        end_call(event.call, KN_E_TIMEOUT, kn_span(NULL, 0));
        break;
    case WAKE:
        if (event.node->dht != NULL && event.node->wake == event.wake)
            kn_dht_fire(event.node->dht);
        break;
    case TASK:
        event.task(event.arg);
        break;
    }
    release(event.call);
    kn_free(event.bytes);
    return true;
}

void net_run_until(struct net *net, kn_time when)
{
    while (net->n > 0 && net->heap[0].when <= when)
        (void)net_step(net);
    net->now = when;
}

void net_at_time(struct net *net, kn_time when, net_task_fn *task, void *arg)
{
    push(net, (struct event){ .when = when, .kind = TASK, .task = task, .arg = arg });
}

/* ---- nodes ---- */

struct net *net_new(const struct net_options *options)
{
    struct net *net = kn_alloc(sizeof(*net));

    net->options = *options;
    net->state = options->seed;
    net->random = kn_random_seeded(&net->state);
    return net;
}

static void name_node(struct net *net, struct net_node *node)
{
    uint32_t number = (uint32_t)node->number;

    node->who.peer = (struct kn_peer_id){ .kind = KN_PEER_ID_HASHED, .n = 34 };
    kn_random_fill(&net->random, node->who.peer.bytes, 34);
    node->who.peer.bytes[0] = 0x12;
    node->who.peer.bytes[1] = 0x20;
    memcpy(node->who.peer.bytes + 2, &number, sizeof(number));
    kn_dht_id_random(&net->random, &node->who.id);
}

static void start(struct net_node *node, net_adjust_fn *adjust)
{
    struct kn_dht_options options;

    kn_dht_options_init(&options);
    options.peer = node->who.peer;
    options.id = node->who.id;
    options.random = node->net->random;
    options.link =
        (struct kn_dht_link){ node, start_call, cancel_call, now_of, time_of, wake_node };
    if (adjust != NULL)
        adjust(&options);
    node->dht = kn_dht_new(&options);
    if (node->dht == NULL)
        kn_out_of_memory();
}

struct net_node *net_add(struct net *net, enum net_manner manner, net_adjust_fn *adjust)
{
    struct net_node *node = kn_alloc(sizeof(*node));
    double part = (double)kn_random_below(&net->random, 2001) / 1000 - 1;

    if (net->node_count == net->node_room) {
        net->node_room = net->node_room == 0 ? 64 : 2 * net->node_room;
        net->nodes = kn_try_realloc(net->nodes, net->node_room * sizeof(struct net_node *));
        if (net->nodes == NULL)
            kn_out_of_memory();
    }
    node->net = net;
    node->number = net->node_count;
    node->manner = manner;
    node->skew_s = part * net->options.skew_s;
    name_node(net, node);
    net->nodes[net->node_count++] = node;
    start(node, adjust);
    return node;
}

void net_remove(struct net_node *node)
{
    kn_dht_free(node->dht);
    node->dht = NULL;
    while (node->answerings != NULL)
        forget(node->answerings);
}

void net_free(struct net *net)
{
    for (size_t i = 0; i < net->node_count; i++)
        net_remove(net->nodes[i]);
    for (size_t i = 0; i < net->n; i++) {
        release(net->heap[i].call);
        kn_free(net->heap[i].bytes);
    }
    for (size_t i = 0; i < net->node_count; i++)
        kn_free(net->nodes[i]);
    kn_free(net->nodes);
    kn_free(net->heap);
    kn_free(net);
}

struct net_node *net_at(struct net *net, size_t number)
{
    return net->nodes[number];
}

size_t net_count(const struct net *net)
{
    return net->node_count;
}

kn_time net_now(const struct net *net)
{
    return net->now;
}

double net_true_time(const struct net *net)
{
    return EPOCH + (double)net->now / 1000;
}

struct kn_random *net_random(struct net *net)
{
    return &net->random;
}
