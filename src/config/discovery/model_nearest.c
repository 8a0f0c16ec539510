/* Which names somebody may have meant who named a model that nobody knows. */
#include <stdio.h>
#include <string.h>

#include "config/discovery/model_table.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"

/* As people write them; the table names most models without. */
static const char *const tunings[] = { "-Instruct", "-chat", "-it" };

enum { NAMES_MAX = 3 };

struct search {
    struct kn_arena *arena;
    struct kn_nearest nearest;
    const char *found[NAMES_MAX];
    size_t n;
};

static void offer(struct search *search, const char *name)
{
    for (size_t i = 0; i < search->n; i++) {
        if (kn_model_same(search->found[i], name))
            return;
    }
    kn_nearest_offer(&search->nearest, name);
}

/* The name itself, and with the tuning that the word seems to end with. */
static void offer_tuned(struct search *search, const char *name)
{
    offer(search, name);
    if (strstr(name, "-v") != NULL)
        return; /* nothing stands behind a version */
    for (size_t i = 0; i < KN_COUNT(tunings); i++) {
        const char *tuned = kn_arena_printf(search->arena, "%s%s", name, tunings[i]);

        if (tuned != NULL && kn_model_find(tuned) != NULL)
            offer(search, tuned);
    }
}

static void offer_table(struct search *search)
{
    for (size_t i = 0; i < kn_model_row_count; i++) {
        offer_tuned(search, kn_model_short_name(kn_model_rows[i].repository));
        if (kn_model_rows[i].also != NULL)
            offer_tuned(search, kn_model_rows[i].also);
    }
}

static void ask(const struct search *search, char out[KN_MODEL_NEAREST_SIZE])
{
    const char *const *names = search->found;

    out[0] = '\0';
    if (search->n == 1)
        (void)snprintf(out, KN_MODEL_NEAREST_SIZE, "Did you mean %s?", names[0]);
    else if (search->n == 2)
        (void)snprintf(out, KN_MODEL_NEAREST_SIZE, "Did you mean %s or %s?", names[0], names[1]);
    else if (search->n == 3)
        (void)snprintf(out, KN_MODEL_NEAREST_SIZE, "Did you mean %s, %s or %s?", names[0], names[1],
                       names[2]);
}

void kn_model_nearest(const char *word, const char *const *others, size_t n, struct kn_arena *arena,
                      char out[KN_MODEL_NEAREST_SIZE])
{
    struct search search = { .arena = arena };
    size_t bound = SIZE_MAX;

    while (search.n < NAMES_MAX) {
        search.nearest = kn_nearest_to(kn_model_short_name(word));
        for (size_t i = 0; i < n; i++)
            offer(&search, kn_model_short_name(others[i]));
        offer_table(&search);
        if (search.nearest.best == NULL || search.nearest.distance > bound)
            break;
        if (search.n == 0)
            bound = search.nearest.distance + 1; /* hardly farther than the nearest */
        search.found[search.n++] = search.nearest.best;
    }
    ask(&search, out);
}
