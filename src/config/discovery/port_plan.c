#include "config/discovery/port_plan.h"

#include <stdio.h>

enum { BUSY_TEXT_SIZE = 64 };

struct kn_port_plan kn_port_plan(uint16_t given, uint16_t cached)
{
    struct kn_port_plan plan = { .is_given = given != 0 };

    if (given != 0) {
        plan.ports[plan.count++] = given;
        return plan;
    }
    if (cached != 0)
        plan.ports[plan.count++] = cached;
    for (int port = KN_PORT_FIRST; port <= KN_PORT_LAST; port++) {
        if (port != cached)
            plan.ports[plan.count++] = (uint16_t)port;
    }
    return plan;
}

static void sort(uint16_t *ports, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint16_t port = ports[i];
        size_t at = i;

        for (; at > 0 && ports[at - 1] > port; at--)
            ports[at] = ports[at - 1];
        ports[at] = port;
    }
}

/* "8080", "8080-8082", "8080-8082 and 9000": the plan has at most one port outside its range. */
static void list_ports(const uint16_t *ports, size_t n, char out[BUSY_TEXT_SIZE])
{
    size_t used = 0;

    for (size_t i = 0, last; i < n && used < BUSY_TEXT_SIZE; i = last + 1) {
        const char *between = i > 0 ? " and " : "";
        int wrote;

        for (last = i; last + 1 < n && ports[last + 1] == ports[last] + 1; last++)
            continue;
        if (last > i)
            wrote = snprintf(out + used, BUSY_TEXT_SIZE - used, "%s%u-%u", between,
                             (unsigned)ports[i], (unsigned)ports[last]);
        else
            wrote =
                snprintf(out + used, BUSY_TEXT_SIZE - used, "%s%u", between, (unsigned)ports[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

/* spec: REQ-0.3.5 */
void kn_port_plan_using(const struct kn_port_plan *plan, size_t index, char out[KN_PORT_TEXT_SIZE])
{
    uint16_t busy[KN_PORT_TRIES_MAX];
    char text[BUSY_TEXT_SIZE] = "";

    if (index == 0) {
        (void)snprintf(out, KN_PORT_TEXT_SIZE, "Using port %u", (unsigned)plan->ports[0]);
        return;
    }
    for (size_t i = 0; i < index; i++)
        busy[i] = plan->ports[i];
    sort(busy, index);
    list_ports(busy, index, text);
    (void)snprintf(out, KN_PORT_TEXT_SIZE, "Using port %u (%s %s in use)",
                   (unsigned)plan->ports[index], text, index == 1 ? "was" : "were");
}

/* spec: REQ-0.3.4, REQ-0.3.7 */
enum kn_code kn_port_plan_exhausted(const struct kn_port_plan *plan, const char *holder,
                                    struct kn_error *err)
{
    enum kn_code rc;

    if (plan->is_given) {
        rc = kn_fail(err, KN_E_BUSY, "port %u is in use%s%s", (unsigned)plan->ports[0],
                     holder != NULL ? " by " : "", holder != NULL ? holder : "");
        kn_hint(err,
                "Stop what uses it, choose another with --port N, or leave node.port automatic: "
                "then the first free one of %d to %d is taken.",
                KN_PORT_FIRST, KN_PORT_LAST);
        return rc;
    }
    rc = kn_fail(err, KN_E_BUSY, "Could not find available port in range %d-%d", KN_PORT_FIRST,
                 KN_PORT_LAST);
    kn_hint(err, "Stop what uses one of them, or choose another with --port N.");
    return rc;
}
