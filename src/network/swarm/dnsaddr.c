#include "network/swarm/dnsaddr.h"

#include <stdio.h>

#include "lib/base/memory.h"

struct name {
    char text[KN_DNSADDR_NAME_MAX + 1];
    unsigned depth;
};

struct kn_dnsaddr {
    struct kn_loop *loop;
    struct kn_peer_id peer;
    struct kn_dnsaddr_events events;
    struct kn_resolve *resolve;
    struct name names[KN_DNSADDR_STEPS_MAX]; /* each once */
    size_t n, at;
    size_t found;
    enum kn_code why; /* nothing was found */
};

bool kn_dnsaddr_is(const struct kn_multiaddr_route *route)
{
    struct kn_span rest = route->transport;
    struct kn_multiaddr_part part;
    bool failed = false;

    return kn_multiaddr_next(&rest, &part, &failed) && part.code == KN_PROTO_DNSADDR &&
           rest.n == 0 && part.value.n > 0;
}

/* Names beyond the limits, and those that were met before, are passed over. */
static void add_name(struct kn_dnsaddr *d, struct kn_span name, unsigned depth)
{
    struct name *slot;

    if (d->n == KN_DNSADDR_STEPS_MAX || depth > KN_DNSADDR_DEPTH_MAX ||
        name.n > KN_DNSADDR_NAME_MAX || memchr(name.at, '\0', name.n) != NULL)
        return;
    for (size_t i = 0; i < d->n; i++) {
        if (kn_span_equal(kn_span_text(d->names[i].text), name))
            return;
    }
    slot = &d->names[d->n++];
    memcpy(slot->text, name.at, name.n);
    slot->text[name.n] = '\0';
    slot->depth = depth;
}

/* spec: DNSADDR; a record is "dnsaddr=" and an address, and only those of the wanted peer count. */
static void take_text(struct kn_dnsaddr *d, const char *text, unsigned depth)
{
    static const char head[] = "dnsaddr=";
    struct kn_buffer address = { 0 };
    struct kn_multiaddr_route route;

    if (strncmp(text, head, sizeof(head) - 1) != 0)
        return;
    if (kn_multiaddr_to_bytes(kn_span_text(text + sizeof(head) - 1), &address, NULL) == KN_OK &&
        kn_multiaddr_route(kn_buffer_get(&address), &route) == KN_OK && route.has_peer &&
        kn_peer_id_equal(&route.peer, &d->peer)) {
        if (kn_dnsaddr_is(&route)) {
            add_name(d, route.host_value, depth + 1);
        } else {
            d->found++;
            d->events.found(d->events.arg, kn_buffer_get(&address));
        }
    }
    kn_buffer_done(&address);
}

static void settle(struct kn_dnsaddr *d)
{
    struct kn_dnsaddr_events events = d->events;
    enum kn_code code = d->found > 0 ? KN_OK : d->why;

    kn_free(d);
    events.done(events.arg, code);
}

static enum kn_code look_up(struct kn_dnsaddr *d);

/* What one name did not say, another may. */
static void go_on(struct kn_dnsaddr *d)
{
    for (d->at++; d->at < d->n; d->at++) {
        enum kn_code rc = look_up(d);

        if (rc == KN_OK)
            return;
        d->why = rc;
    }
    settle(d);
}

static void on_texts(void *arg, enum kn_code code, const char *const *texts, size_t n)
{
    struct kn_dnsaddr *d = arg;

    d->resolve = NULL;
    if (code != KN_OK)
        d->why = code;
    for (size_t i = 0; code == KN_OK && i < n; i++)
        take_text(d, texts[i], d->names[d->at].depth);
    go_on(d);
}

static enum kn_code look_up(struct kn_dnsaddr *d)
{
    char name[sizeof("_dnsaddr.") + KN_DNSADDR_NAME_MAX];

    (void)snprintf(name, sizeof(name), "_dnsaddr.%s", d->names[d->at].text);
    return kn_resolve_txt_start(d->loop, name, KN_DNSADDR_MS, on_texts, d, &d->resolve);
}

enum kn_code kn_dnsaddr_start(struct kn_loop *loop, struct kn_span name,
                              const struct kn_peer_id *peer, const struct kn_dnsaddr_events *events,
                              struct kn_dnsaddr **out)
{
    struct kn_dnsaddr *d = kn_try_alloc(sizeof(*d));
    enum kn_code rc;

    if (d == NULL)
        return KN_E_NO_MEMORY;
    d->loop = loop;
    d->peer = *peer;
    d->events = *events;
    d->why = KN_E_NOT_FOUND;
    add_name(d, name, 0);
    rc = d->n == 1 ? look_up(d) : KN_E_LIMIT;
    if (rc != KN_OK) {
        kn_free(d);
        return rc;
    }
    *out = d;
    return KN_OK;
}

void kn_dnsaddr_cancel(struct kn_dnsaddr *dnsaddr)
{
    if (dnsaddr == NULL)
        return;
    kn_resolve_cancel(dnsaddr->resolve);
    kn_free(dnsaddr);
}
