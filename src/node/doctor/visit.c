#include "node/doctor/visit.h"

#include <string.h>

#include "lib/io/resolve.h"
#include "lib/os/process.h"

static struct kn_loop *loop_of(const struct kn_visit *visit)
{
    return kn_visitor_loop(visit->visitor);
}

static void end_if_all(struct kn_visit *visit)
{
    bool all = visit->has_joined;

    for (size_t i = 0; i < visit->name_count; i++)
        all = all && visit->names[i].is_settled;
    if (all)
        kn_timer_set(visit->end, kn_loop_now(loop_of(visit)));
}

static void on_end(void *arg)
{
    kn_loop_stop(loop_of(arg));
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    (void)arg;
    (void)told;
}

static void on_joined(void *arg, size_t answered)
{
    struct kn_visit *visit = arg;

    (void)answered;
    visit->has_joined = true;
    end_if_all(visit);
}

static void on_found(void *arg, enum kn_code code, const struct kn_endpoint *found, size_t n)
{
    struct kn_visit_name *name = arg;

    (void)found;
    name->resolve = NULL;
    name->is_settled = true;
    name->code = code == KN_OK && n == 0 ? KN_E_NOT_FOUND : code;
    end_if_all(name->visit);
}

static bool is_known(const struct kn_visit *visit, const char *name, size_t n)
{
    for (size_t i = 0; i < visit->name_count; i++) {
        if (strlen(visit->names[i].name) == n && memcmp(visit->names[i].name, name, n) == 0)
            return true;
    }
    return false;
}

/* "/dns4/bootstrap-1.kwaai.ai/tcp/8000/p2p/…": the name, once. */
static void ask_name(struct kn_visit *visit, const char *address)
{
    const char *at = strncmp(address, "/dns", 4) == 0 ? strchr(address + 1, '/') : NULL;
    size_t n = at != NULL ? strcspn(at + 1, "/") : 0;
    struct kn_visit_name *name = &visit->names[visit->name_count];

    if (n == 0 || n >= sizeof(name->name) || visit->name_count == KN_VISIT_NAMES_MAX ||
        strncmp(address, "/dnsaddr/", 9) == 0 || is_known(visit, at + 1, n))
        return;
    memcpy(name->name, at + 1, n);
    name->visit = visit;
    visit->name_count++;
    name->is_settled = kn_resolve_start(loop_of(visit), name->name, KN_RESOLVE_ANY, KN_DOCTOR_MS,
                                        on_found, name, &name->resolve) != KN_OK;
    if (name->is_settled)
        name->code = KN_E_IO;
}

enum kn_code kn_visit_network(struct kn_visit *visit, struct kn_error *err)
{
    const struct kn_texts *bootstraps = &visit->config->network.bootstrap_peers.texts;
    const struct kn_join_events events = { visit, NULL, on_settled, on_joined };
    enum kn_code rc;

    kn_os_hurry_lookups();
    rc = kn_visitor_new(&visit->visitor, err);
    if (rc != KN_OK)
        return rc;
    visit->end = kn_timer_new(loop_of(visit), on_end, visit);
    if (visit->end == NULL)
        return kn_fail_no_memory(err);
    visit->has_joined =
        visit->config->network.new_swarm.value || bootstraps->n == 0 ||
        kn_join_start(kn_visitor_network(visit->visitor), bootstraps->at, bootstraps->n,
                      KN_DOCTOR_MS, &events, &visit->join, &visit->not_asked) != KN_OK;
    for (size_t i = 0; visit->join != NULL && i < bootstraps->n; i++)
        ask_name(visit, bootstraps->at[i]);
    kn_timer_set(visit->end, kn_loop_now(loop_of(visit)) + KN_DOCTOR_MS);
    end_if_all(visit);
    kn_loop_run(loop_of(visit));
    return KN_OK;
}
