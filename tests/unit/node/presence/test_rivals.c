/* Who counts of those that a look found; the survey is handed in. */
#include "node/presence/rivals.h"

#include <string.h>

#include "lib/base/memory.h"
#include "support/check.h"
#include "support/fuse.h"

enum { SERVERS = 4 };

static struct {
    const struct kn_survey_server *at;
    size_t n;
} found;

enum kn_code kn_survey_servers(const struct kn_survey *survey, const struct kn_survey_model *model,
                               const char *own, struct kn_survey_server **out, size_t *n)
{
    (void)survey;
    (void)model;
    CHECK_STR("without ourselves", own, "me");
    *out = kn_try_alloc((found.n + 1) * sizeof(**out));
    if (*out == NULL)
        return KN_E_NO_MEMORY;
    memcpy(*out, found.at, found.n * sizeof(**out));
    *n = found.n;
    return KN_OK;
}

#define ON(peer, start, end)      \
    {                             \
        peer, start, end, 5, true \
    }
#define JOINING(peer, start, end)  \
    {                              \
        peer, start, end, 0, false \
    }

static const struct {
    const char *name;
    bool is_next;
    struct kn_survey_server servers[SERVERS];
    size_t n;
    const char *counted; /* the starts of those that count */
} looks[] = {
    { "two are new", true, { ON("a", 0, 2), JOINING("b", 2, 4), JOINING("c", 4, 6) }, 3, "0 2 4 " },
    { "a look right after it counts them too",
      false,
      { ON("a", 0, 2), JOINING("b", 2, 4), JOINING("d", 6, 8) },
      3,
      "0 2 6 " },
    { "the next time who has not come does not count; who goes elsewhere does",
      true,
      { ON("a", 0, 2), JOINING("b", 2, 4), JOINING("c", 5, 7), ON("d", 6, 8) },
      4,
      "0 5 6 " },
    { "nor right after it", false, { JOINING("b", 2, 4), JOINING("c", 5, 7) }, 2, "5 " },
    { "nor ever", true, { JOINING("b", 2, 4), JOINING("c", 5, 7) }, 2, "" },
    { "unless it serves", true, { ON("b", 2, 4), JOINING("c", 5, 7) }, 2, "2 " },
    { "nobody", true, { { 0 } }, 0, "" },
    { "and is joining again after that", true, { JOINING("c", 5, 7) }, 1, "5 " },
};

static void print(const struct kn_rivals *rivals, char out[64])
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < rivals->n; i++)
        at += (size_t)snprintf(out + at, 64 - at, "%u ", rivals->servers[i].start);
}

static void whoever_was_joining_before_and_still_is_does_not_count(void **state)
{
    struct kn_rivals rivals = { 0 };
    char counted[64];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(looks); i++) {
        found.at = looks[i].servers;
        found.n = looks[i].n;
        CHECK_EQ(looks[i].name, kn_rivals_take(&rivals, NULL, NULL, "me", looks[i].is_next), KN_OK);
        print(&rivals, counted);
        CHECK_STR(looks[i].name, counted, looks[i].counted);
    }
    kn_rivals_done(&rivals);
}

static void what_was_found_before_stays_when_memory_is_short(void **state)
{
    struct kn_rivals rivals = { 0 };
    char counted[64];
    enum kn_code rc = KN_E_NO_MEMORY;

    (void)state;
    found.at = looks[0].servers;
    found.n = looks[0].n;
    CHECK_EQ("first", kn_rivals_take(&rivals, NULL, NULL, "me", true), KN_OK);
    for (long n = 0; rc != KN_OK; n++) {
        kn_fuse = n;
        rc = kn_rivals_take(&rivals, NULL, NULL, "me", true);
        kn_fuse = -1;
        print(&rivals, counted);
        CHECK_STR("as before, or found anew", counted, rc == KN_OK ? "0 " : "0 2 4 ");
    }
    kn_rivals_done(&rivals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_was_joining_before_and_still_is_does_not_count),
        cmocka_unit_test(what_was_found_before_stays_when_memory_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
