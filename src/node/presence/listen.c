#include "node/presence/listen.h"

#include <stdio.h>

#include "lib/os/port_holder.h"

static enum kn_code listen_on(struct kn_network *network, uint16_t port, struct kn_error *err)
{
    struct kn_host *host = kn_network_host(network);
    struct kn_endpoint ip4 = { .port = port }, ip6 = { .is_ip6 = true, .port = port };
    enum kn_code rc = kn_host_listen(host, &ip4, err);

    if (rc != KN_OK)
        return rc;
    /* A machine without IPv6 is no reason not to start; a port taken there is. */
    rc = kn_host_listen(host, &ip6, err);
    if (rc == KN_E_BUSY)
        kn_host_unlisten(host);
    return rc == KN_E_BUSY ? rc : KN_OK;
}

/* Who has the port that was asked for, where the system tells. */
static enum kn_code no_port(const struct kn_port_plan *plan, struct kn_error *err)
{
    struct kn_port_holder holder;
    char text[KN_PROCESS_NAME_SIZE + 32];

    if (!plan->is_given || kn_port_holder(plan->ports[0], &holder) != KN_OK ||
        holder.name[0] == '\0')
        return kn_port_plan_exhausted(plan, NULL, err);
    (void)snprintf(text, sizeof(text), "%s (process %lld)", holder.name, (long long)holder.pid);
    return kn_port_plan_exhausted(plan, text, err);
}

static enum kn_code listen_somewhere(struct kn_network *network, const struct kn_snapshot *snapshot,
                                     struct kn_listening *out, struct kn_error *err)
{
    const struct kn_int *value = &kn_snapshot_config(snapshot)->node.port;
    uint16_t number = value->is == KN_GIVEN ? (uint16_t)value->value : 0;
    bool cached = number != 0 && kn_snapshot_is_from(snapshot, "node.port", KN_LAYER_CACHE);
    struct kn_port_plan plan = kn_port_plan(cached ? 0 : number, cached ? number : 0);

    for (size_t i = 0; i < plan.count; i++) {
        enum kn_code rc = listen_on(network, plan.ports[i], err);

        if (rc == KN_OK) {
            out->port = plan.ports[i];
            kn_port_plan_using(&plan, i, out->text);
            return KN_OK;
        }
        if (rc != KN_E_BUSY)
            return rc;
    }
    return no_port(&plan, err);
}

static enum kn_code listen_as_told(struct kn_network *network, const struct kn_texts *addresses,
                                   struct kn_listening *out, struct kn_error *err)
{
    struct kn_endpoint first;

    for (size_t i = 0; i < addresses->n; i++) {
        enum kn_code rc = kn_network_listen(network, addresses->at[i], err);

        if (rc != KN_OK)
            return rc;
    }
    if (kn_host_listeners(kn_network_host(network)) == 0)
        return KN_OK;
    kn_host_listener(kn_network_host(network), 0, &first);
    out->port = first.port;
    (void)snprintf(out->text, sizeof(out->text), "Using port %u", first.port);
    return KN_OK;
}

enum kn_code kn_listen_as(struct kn_network *network, const struct kn_snapshot *snapshot,
                          struct kn_listening *out, struct kn_error *err)
{
    const struct kn_texts *addresses = &kn_snapshot_config(snapshot)->network.listen_addrs.texts;

    *out = (struct kn_listening){ 0 };
    return addresses->n > 0 ? listen_as_told(network, addresses, out, err)
                            : listen_somewhere(network, snapshot, out, err);
}
