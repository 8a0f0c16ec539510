#include "node/presence/rivals.h"

#include <string.h>

#include "lib/base/memory.h"

/* A peer and its blocks as one number; two that share it would only be taken for each other. */
static uint64_t mark_of(const struct kn_survey_server *server)
{
    const uint64_t parts[] = { kn_placement_seed(kn_span_text(server->peer)), server->start,
                               server->end };

    return kn_placement_seed(kn_span(parts, sizeof(parts)));
}

static bool was_joining(const struct kn_rivals *rivals, const struct kn_survey_server *server)
{
    uint64_t mark = mark_of(server);

    for (size_t i = 0; i < rivals->before_count; i++) {
        if (rivals->before[i] == mark)
            return true;
    }
    return false;
}

/* Those who are JOINING now are what the next look remembers. */
static enum kn_code remember(struct kn_rivals *rivals, const struct kn_survey_server *servers,
                             size_t n)
{
    uint64_t *marks = kn_try_alloc(KN_RIVALS_JOINING_MAX * sizeof(*marks));

    if (marks == NULL)
        return KN_E_NO_MEMORY;
    kn_free(rivals->before);
    rivals->before = rivals->seen;
    rivals->before_count = rivals->seen_count;
    rivals->seen = marks;
    rivals->seen_count = 0;
    for (size_t i = 0; i < n && rivals->seen_count < KN_RIVALS_JOINING_MAX; i++) {
        if (!servers[i].online)
            marks[rivals->seen_count++] = mark_of(&servers[i]);
    }
    return KN_OK;
}

static void count(struct kn_rivals *rivals, const struct kn_survey_server *all, size_t n,
                  struct kn_placement_server *servers)
{
    kn_free(rivals->servers);
    rivals->servers = servers;
    rivals->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (all[i].online || !was_joining(rivals, &all[i]))
            servers[rivals->n++] = (struct kn_placement_server){ all[i].start, all[i].end,
                                                                 all[i].throughput, all[i].online };
    }
}

enum kn_code kn_rivals_take(struct kn_rivals *rivals, const struct kn_survey *survey,
                            const struct kn_survey_model *model, const char *own, bool is_next)
{
    struct kn_survey_server *all;
    struct kn_placement_server *servers;
    size_t n;
    enum kn_code rc = kn_survey_servers(survey, model, own, &all, &n);

    if (rc != KN_OK)
        return rc;
    servers = kn_try_alloc((n + 1) * sizeof(*servers));
    if (servers == NULL || (is_next && remember(rivals, all, n) != KN_OK)) {
        kn_free(servers);
        kn_free(all);
        return KN_E_NO_MEMORY;
    }
    count(rivals, all, n, servers);
    kn_free(all);
    return KN_OK;
}

void kn_rivals_done(struct kn_rivals *rivals)
{
    kn_free(rivals->servers);
    kn_free(rivals->before);
    kn_free(rivals->seen);
    *rivals = (struct kn_rivals){ 0 };
}
