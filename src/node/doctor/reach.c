/* The way out and the way in: the port, the addresses, names, bootstraps, and their clocks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/multiaddr_bytes.h"
#include "lib/io/interfaces.h"
#include "lib/io/resolve.h"
#include "lib/os/port_holder.h"
#include "node/doctor/visit.h"
#include "node/presence/listen.h"

enum { CLOCK_MOST_S = 3, NUMBER_SIZE = 32, PORTS_MOST = 65535 };

/* -- in */

static bool is_free(struct kn_visit *visit, uint16_t port)
{
    struct kn_endpoint ip4 = { .port = port }, ip6 = { .is_ip6 = true, .port = port };
    struct kn_listener *first = NULL, *second = NULL;
    struct kn_loop *loop = kn_visitor_loop(visit->visitor);
    enum kn_code rc = kn_listen(loop, &ip4, NULL, NULL, &first, NULL);

    if (rc == KN_OK)
        rc = kn_listen(loop, &ip6, NULL, NULL, &second, NULL);
    kn_listener_free(first);
    kn_listener_free(second);
    return rc != KN_E_BUSY && first != NULL;
}

/* A free one: from those that are tried anyway on. */
static uint16_t find_free(struct kn_visit *visit, unsigned from)
{
    for (unsigned port = from; port < from + 1000 && port <= PORTS_MOST; port++) {
        if (is_free(visit, (uint16_t)port))
            return (uint16_t)port;
    }
    return 0;
}

static void add_holder(struct kn_diagnosis *d, uint16_t port)
{
    struct kn_port_holder holder;

    if (kn_port_holder(port, &holder) == KN_OK && holder.name[0] != '\0')
        kn_text_addf(&d->result->text, ": %s (process %lld) has it", holder.name,
                     (long long)holder.pid);
}

static void diagnose_given(struct kn_diagnosis *d, uint16_t port)
{
    struct kn_port_holder holder = { 0 };

    if (is_free(d->visit, port)) {
        kn_says(d, KN_DOCTOR_OK, "port %u is free", port);
        return;
    }
    (void)!kn_port_holder(port, &holder);
    if (d->visit->running.runs && holder.pid != 0 && holder.pid == d->visit->running.pid) {
        kn_says(d, KN_DOCTOR_OK, "the node that runs has port %u", port);
        return;
    }
    kn_says(d, KN_DOCTOR_PROBLEM, "port %u is taken or may not be bound", port);
    add_holder(d, port);
    kn_fix_setting(d, "node.port", "auto");
}

/* Addresses that are bound exactly: as the start does. */
static void diagnose_listen(struct kn_diagnosis *d, const struct kn_texts *addresses)
{
    struct kn_error err = { 0 };

    for (size_t i = 0; i < addresses->n; i++) {
        enum kn_code rc =
            kn_network_listen(kn_visitor_network(d->visit->visitor), addresses->at[i], &err);

        if (rc == KN_OK || (rc == KN_E_BUSY && d->visit->running.runs))
            continue;
        kn_says(d, KN_DOCTOR_PROBLEM, "network.listen_addrs: %s: %s", addresses->at[i], err.text);
        kn_fix_setting(d, "network.listen_addrs", NULL);
        return;
    }
    kn_says(d, KN_DOCTOR_OK, "network.listen_addrs can be listened on");
}

void kn_diagnose_port(struct kn_diagnosis *d)
{
    const struct kn_texts *addresses = &d->visit->config->network.listen_addrs.texts;
    const struct kn_int *port = &d->visit->config->node.port;
    bool cached = kn_snapshot_is_from(d->visit->order->snapshot, "node.port", KN_LAYER_CACHE);
    char number[NUMBER_SIZE];
    uint16_t found;

    if (addresses->n > 0) {
        diagnose_listen(d, addresses);
        return;
    }
    if (port->is == KN_GIVEN && !cached) {
        diagnose_given(d, (uint16_t)port->value);
        return;
    }
    found = find_free(d->visit, KN_PORT_FIRST);
    if (found != 0 && found <= KN_PORT_LAST) {
        kn_says(d, KN_DOCTOR_OK, "port %u is free%s", found,
                d->visit->running.runs ? ", and a node runs with another one" : "");
        return;
    }
    if (d->visit->running.runs) {
        kn_says(d, KN_DOCTOR_OK, "the node that runs has one");
        return;
    }
    kn_says(d, KN_DOCTOR_PROBLEM, "no port of %d-%d is free", KN_PORT_FIRST, KN_PORT_LAST);
    if (found != 0) {
        (void)snprintf(number, sizeof(number), "%u", found);
        kn_fix_setting(d, "node.port", number);
    }
}

static bool is_private(const struct kn_endpoint *at)
{
    const uint8_t *ip = at->ip;

    if (at->is_ip6)
        return (ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80);
    return ip[0] == 10 || ip[0] == 127 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
           (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
           (ip[0] == 100 && (ip[1] & 0xc0) == 64);
}

static bool is_loopback(const struct kn_endpoint *at)
{
    static const uint8_t one[16] = { [15] = 1 };

    return at->is_ip6 ? memcmp(at->ip, one, sizeof(one)) == 0 : at->ip[0] == 127;
}

static bool is_ours(const struct kn_endpoint *at, const struct kn_endpoint *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].is_ip6 == at->is_ip6 && memcmp(all[i].ip, at->ip, at->is_ip6 ? 16 : 4) == 0)
            return true;
    }
    return false;
}

static bool take_ip(const struct kn_multiaddr_route *route, struct kn_endpoint *out)
{
    *out = (struct kn_endpoint){ .is_ip6 = route->host == KN_PROTO_IP6, .port = route->port };
    if ((route->host != KN_PROTO_IP4 && !out->is_ip6) || route->is_relayed ||
        route->host_value.n > sizeof(out->ip))
        return false;
    memcpy(out->ip, route->host_value.at, route->host_value.n);
    return true;
}

/* The IP address that somebody wants announced. False: none, or it is a name. */
static bool wanted(const struct kn_node_config *config, struct kn_endpoint *out, const char **key)
{
    const struct kn_texts *all = &config->network.announce_addrs.texts;
    struct kn_text address = { 0 };
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    bool found = false;

    *key =
        config->network.public_ip.is == KN_GIVEN ? "network.public_ip" : "network.announce_addrs";
    if (config->network.public_ip.is == KN_GIVEN)
        kn_text_addf(&address, "/%s/%s/tcp/1",
                     strchr(config->network.public_ip.text, ':') != NULL ? "ip6" : "ip4",
                     config->network.public_ip.text);
    else if (all->n > 0)
        kn_text_add(&address, all->at[0]);
    if (address.n > 0 && !address.failed &&
        kn_multiaddr_to_bytes(kn_span_text(address.at), &bytes, NULL) == KN_OK &&
        kn_multiaddr_route(kn_buffer_get(&bytes), &route) == KN_OK)
        found = take_ip(&route, out);
    kn_buffer_done(&bytes);
    kn_text_done(&address);
    return found;
}

void kn_diagnose_address(struct kn_diagnosis *d)
{
    struct kn_endpoint all[KN_INTERFACES_MAX], told = { 0 };
    size_t n = kn_interfaces(all), outside = 0, open = 0;
    const char *key;
    char text[KN_ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; i < n; i++) {
        outside += !is_loopback(&all[i]);
        open += !is_private(&all[i]) && !is_loopback(&all[i]);
    }
    if (wanted(d->visit->config, &told, &key)) {
        kn_endpoint_print(&told, text);
        if (is_private(&told) && !is_ours(&told, all, n)) {
            kn_says(d, KN_DOCTOR_PROBLEM,
                    "%s tells others %s: a private address that is none of "
                    "this machine's",
                    key, text);
            kn_fix_setting(d, key, NULL);
        } else {
            kn_says(d, is_private(&told) ? KN_DOCTOR_WARNING : KN_DOCTOR_OK, "%s tells others %s%s",
                    key, text,
                    is_private(&told) ? ": a private address, of use in its own network only" : "");
        }
        return;
    }
    if (outside == 0)
        kn_says(d, KN_DOCTOR_WARNING, "this machine has no address but loopback's");
    else
        kn_says(d, KN_DOCTOR_OK, "%zu address%s besides loopback's, %zu of them public%s", outside,
                outside == 1 ? "" : "es", open,
                open == 0 ? "; others come in through the router or a relay" : "");
}

/* -- out */

void kn_diagnose_names(struct kn_diagnosis *d)
{
    const struct kn_visit *visit = d->visit;
    const struct kn_visit_name *bad = NULL;
    size_t found = 0;

    for (size_t i = 0; i < visit->name_count; i++) {
        if (visit->names[i].is_settled && visit->names[i].code == KN_OK)
            found++;
        else if (bad == NULL)
            bad = &visit->names[i];
    }
    if (visit->name_count == 0) {
        kn_says(d, KN_DOCTOR_OK, "no bootstrap is called by a name");
    } else if (bad == NULL) {
        kn_says(d, KN_DOCTOR_OK, "%zu of %zu names of bootstraps are found", found,
                visit->name_count);
    } else {
        kn_says(d, found > 0 ? KN_DOCTOR_WARNING : KN_DOCTOR_PROBLEM,
                "the resolver %s %s: see /etc/resolv.conf and the network",
                bad->code == KN_E_NOT_FOUND ? "knows no" : "does not answer for", bad->name);
    }
}

static size_t count_answers(const struct kn_join *join, const struct kn_bootstrap **silent)
{
    size_t answered = 0;

    for (size_t i = 0; i < kn_join_count(join); i++) {
        const struct kn_bootstrap *told = kn_join_get(join, i);

        if (told->settled && told->code == KN_OK)
            answered++;
        else if (*silent == NULL)
            *silent = told;
    }
    return answered;
}

/* The list without those that do not answer. */
static void keep_those_that_answer(struct kn_diagnosis *d, const struct kn_join *join)
{
    struct kn_text list = { 0 };

    for (size_t i = 0; i < kn_join_count(join); i++) {
        const struct kn_bootstrap *told = kn_join_get(join, i);

        if (told->settled && told->code == KN_OK)
            kn_text_addf(&list, "%s%s", list.n > 0 ? "," : "", told->address);
    }
    d->result->fix.failed = d->result->fix.failed || list.failed;
    kn_fix_setting(d, "network.bootstrap_peers", kn_text_get(&list));
    kn_text_done(&list);
}

/* Loopback and every other way may be switched off: then nobody is reached. */
static bool has_address(void)
{
    struct kn_endpoint all[KN_INTERFACES_MAX];

    return kn_interfaces(all) > 0;
}

void kn_diagnose_bootstraps(struct kn_diagnosis *d)
{
    const struct kn_visit *visit = d->visit;
    const struct kn_bootstrap *silent = NULL;
    bool typed =
        !kn_snapshot_is_from(visit->order->snapshot, "network.bootstrap_peers", KN_LAYER_FALLBACK);
    size_t n, answered;

    if (visit->join == NULL) {
        kn_says(d, visit->not_asked.code != KN_OK ? KN_DOCTOR_PROBLEM : KN_DOCTOR_OK, "%s",
                visit->not_asked.code != KN_OK ? visit->not_asked.text
                                               : "this node begins a swarm of its own");
        return;
    }
    n = kn_join_count(visit->join);
    answered = count_answers(visit->join, &silent);
    if (answered == n) {
        kn_says(d, KN_DOCTOR_OK, "%zu of %zu answer%s", n, n, n == 1 ? "s" : "");
        return;
    }
    kn_says(d, answered > 0 && !typed ? KN_DOCTOR_WARNING : KN_DOCTOR_PROBLEM,
            "%zu of %zu answer%s; %s: %s", answered, n, answered == 1 ? "s" : "", silent->address,
            silent->settled ? silent->error.text : "no answer in time");
    if (answered > 0 && typed)
        keep_those_that_answer(d, visit->join);
    else if (answered == 0 && !has_address())
        kn_fix(d, "sudo ip link set lo up");
    else if (answered == 0 && typed)
        kn_fix_setting(d, "network.bootstrap_peers", NULL);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void kn_diagnose_clock(struct kn_diagnosis *d)
{
    double ahead[KN_NETWORK_BOOTSTRAPS_MAX], off;
    size_t n = 0;

    for (size_t i = 0; d->visit->join != NULL && i < kn_join_count(d->visit->join); i++) {
        const struct kn_bootstrap *told = kn_join_get(d->visit->join, i);

        if (told->settled && told->code == KN_OK && told->tells_time)
            ahead[n++] = told->ahead_s;
    }
    if (n == 0) {
        kn_says(d, KN_DOCTOR_WARNING, "no bootstrap told the time");
        return;
    }
    qsort(ahead, n, sizeof(ahead[0]), by_size);
    off = ahead[n / 2];
    if (off <= CLOCK_MOST_S && off >= -CLOCK_MOST_S) {
        kn_says(d, KN_DOCTOR_OK, "it agrees with the bootstraps'");
        return;
    }
    kn_says(d, KN_DOCTOR_PROBLEM,
            "it is %.0f s %s the bootstraps': peers refuse what this node "
            "tells them",
            off < 0 ? -off : off, off > 0 ? "behind" : "ahead of");
    kn_fix(d, "sudo timedatectl set-ntp true");
}
