#include "network/swarm/dht_service.h"

#include "lib/base/memory.h"
#include "network/swarm/unary.h"

/* A call of ours that is under way: what the engine knows as struct kn_dht_call. */
struct kn_dht_call {
    struct kn_unary_call *unary;
    kn_dht_reply_fn *done;
    void *arg;
};

/* A call that a peer made and that is not answered yet. */
struct served {
    struct kn_dht_service *service;
    struct served *next, **place;
    struct kn_unary_serving *unary;
    struct kn_dht_serving *serving;
    bool answered;
};

struct method {
    struct kn_dht_service *service;
    enum kn_dht_method method;
    struct kn_unary_handler handler;
};

struct kn_dht_service {
    struct kn_host *host;
    struct kn_dht *dht;
    struct kn_timer *timer;
    struct method methods[KN_DHT_METHOD_COUNT];
    struct served *served;
};

static void on_reply(void *arg, enum kn_code code, struct kn_span bytes, const struct kn_error *err)
{
    struct kn_dht_call *call = arg;
    kn_dht_reply_fn *done = call->done;
    void *done_arg = call->arg;

    (void)err;
    kn_free(call);
    done(done_arg, code, bytes);
}

static struct kn_dht_call *link_call(void *arg, const struct kn_peer_id *peer,
                                     enum kn_dht_method method, struct kn_span request,
                                     int timeout_ms, kn_dht_reply_fn *done, void *done_arg)
{
    struct kn_dht_service *service = arg;
    struct kn_dht_call *call = kn_try_alloc(sizeof(*call));

    if (call == NULL)
        return NULL;
    call->done = done;
    call->arg = done_arg;
    call->unary = kn_unary_start(service->host, peer, kn_dht_method_name(method), request,
                                 timeout_ms, on_reply, call);
    if (call->unary == NULL) {
        kn_free(call);
        return NULL;
    }
    return call;
}

static void link_cancel(void *arg, struct kn_dht_call *call)
{
    (void)arg;
    kn_unary_cancel(call->unary);
    kn_free(call);
}

static kn_time link_now(void *arg)
{
    struct kn_dht_service *service = arg;

    return kn_loop_now(kn_host_loop(service->host));
}

static double link_dht_time(void *arg)
{
    (void)arg;
    return kn_loop_unix_time();
}

static void link_wake_at(void *arg, kn_time when)
{
    struct kn_dht_service *service = arg;

    kn_timer_set(service->timer, when);
}

static void on_timer(void *arg)
{
    struct kn_dht_service *service = arg;

    kn_dht_fire(service->dht);
}

static void free_served(struct served *s)
{
    *s->place = s->next;
    if (s->next != NULL)
        s->next->place = s->place;
    kn_free(s);
}

static void on_answer(void *arg, const char *error, struct kn_span answer)
{
    struct served *s = arg;

    if (error != NULL)
        kn_unary_answer(s->unary, KN_E_REFUSED, kn_span_text(error));
    else
        kn_unary_answer(s->unary, KN_OK, answer);
    s->answered = true;
    if (s->serving != NULL)
        free_served(s); /* answered later than it was asked */
}

static void on_asked(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                     struct kn_unary_serving *unary)
{
    struct method *method = arg;
    struct kn_dht_service *service = method->service;
    struct served *s = kn_try_alloc(sizeof(*s));
    struct kn_peer_id caller = *peer;
    struct kn_dht_serving *serving = NULL;

    if (s == NULL) {
        kn_unary_answer(unary, KN_E_NO_MEMORY, kn_span_text("out of memory"));
        return;
    }
    s->service = service;
    s->unary = unary;
    s->next = service->served;
    s->place = &service->served;
    if (s->next != NULL)
        s->next->place = &s->next;
    service->served = s;
    kn_dht_serve(service->dht, &caller, method->method, request, on_answer, s, &serving);
    if (s->answered)
        free_served(s);
    else
        s->serving = serving;
}

static void on_given_up(void *arg, struct kn_unary_serving *unary)
{
    struct method *method = arg;
    struct served *s = method->service->served;

    while (s != NULL && s->unary != unary)
        s = s->next;
    if (s == NULL)
        return;
    if (s->serving != NULL)
        kn_dht_serving_cancel(s->serving);
    free_served(s);
}

static enum kn_code serve(struct kn_dht_service *service)
{
    enum kn_code rc = KN_OK;

    for (int i = 0; rc == KN_OK && i < KN_DHT_METHOD_COUNT; i++) {
        struct method *method = &service->methods[i];

        method->service = service;
        method->method = (enum kn_dht_method)i;
        method->handler = (struct kn_unary_handler){
            .name = kn_dht_method_name(method->method),
            .arg = method,
            .asked = on_asked,
            .given_up = on_given_up,
        };
        rc = kn_unary_serve(service->host, &method->handler);
    }
    return rc;
}

static struct kn_dht *new_dht(struct kn_dht_service *service,
                              const struct kn_dht_service_options *options)
{
    const struct kn_peer_id *self = kn_host_self(options->host);
    struct kn_dht_options dht;

    kn_dht_options_init(&dht);
    dht.peer = *self;
    kn_dht_id_of_bytes(kn_span(self->bytes, self->n), &dht.id);
    dht.client_mode = options->client_mode;
    dht.random = *kn_host_random(options->host);
    if (options->replicas > 0)
        dht.replicas = options->replicas;
    dht.link = (struct kn_dht_link){
        .arg = service,
        .call = link_call,
        .cancel = link_cancel,
        .now = link_now,
        .dht_time = link_dht_time,
        .wake_at = link_wake_at,
    };
    return kn_dht_new(&dht);
}

struct kn_dht_service *kn_dht_service_new(const struct kn_dht_service_options *options)
{
    struct kn_dht_service *service = kn_try_alloc(sizeof(*service));

    if (service == NULL)
        return NULL;
    service->host = options->host;
    service->timer = kn_timer_new(kn_host_loop(options->host), on_timer, service);
    if (service->timer != NULL)
        service->dht = new_dht(service, options);
    if (service->dht == NULL || (!options->client_mode && serve(service) != KN_OK)) {
        kn_dht_service_free(service);
        return NULL;
    }
    return service;
}

void kn_dht_service_free(struct kn_dht_service *service)
{
    if (service == NULL)
        return;
    kn_dht_free(service->dht);
    while (service->served != NULL) {
        kn_unary_answer(service->served->unary, KN_E_CLOSED, kn_span_text("shutting down"));
        free_served(service->served);
    }
    for (int i = 0; i < KN_DHT_METHOD_COUNT; i++)
        kn_host_forget(service->host, &service->methods[i].handler);
    kn_timer_free(service->timer);
    kn_free(service);
}

struct kn_dht *kn_dht_service_dht(const struct kn_dht_service *service)
{
    return service->dht;
}
