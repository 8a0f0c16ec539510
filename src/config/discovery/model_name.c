/* Which words name one model. */
#include <string.h>

#include "config/discovery/model_table.h"
#include "lib/base/attributes.h"

const char *kn_model_short_name(const char *repository)
{
    const char *slash = strrchr(repository, '/');

    return slash != NULL ? slash + 1 : repository;
}

/* A prefix has no dots, and people write names in any case. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '.' || c == '_' ? '-' : c;
}

static bool same_n(const char *a, size_t na, const char *b, size_t nb)
{
    if (na != nb)
        return false;
    for (size_t i = 0; i < na; i++) {
        if (fold(a[i]) != fold(b[i]))
            return false;
    }
    return true;
}

/* The words that Petals adds to prefixes, and those of tuning, which changes neither number nor
 * size of the blocks. */
static const char *const endings[] = { "-hf", "-petals", "-instruct", "-chat", "-it", "-base" };
enum { SPELLINGS = 2, ALL_ENDINGS = KN_COUNT(endings) };

/* How much of a name is left without the first `count` of the endings. */
static size_t stem_length(const char *name, size_t count)
{
    size_t n = strlen(name), before;

    do {
        before = n;
        for (size_t i = 0; i < count; i++) {
            size_t m = strlen(endings[i]);

            if (n > m && same_n(name + n - m, m, endings[i], m))
                n -= m;
        }
    } while (n < before);
    return n;
}

bool kn_model_same(const char *a, const char *b)
{
    const char *x = kn_model_short_name(a), *y = kn_model_short_name(b);

    return same_n(x, stem_length(x, SPELLINGS), y, stem_length(y, SPELLINGS));
}

static bool same_stem(const char *word, const char *name)
{
    return same_n(word, stem_length(word, ALL_ENDINGS), name, stem_length(name, ALL_ENDINGS));
}

const struct kn_model_row *kn_model_find(const char *word)
{
    const char *name = kn_model_short_name(word);

    for (size_t i = 0; i < kn_model_row_count; i++) {
        const struct kn_model_row *row = &kn_model_rows[i];

        if (same_stem(name, kn_model_short_name(row->repository)) ||
            (row->also != NULL && same_stem(name, row->also)))
            return row;
    }
    return NULL;
}
