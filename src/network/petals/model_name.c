#include "network/petals/model_name.h"

#include <stdbool.h>

#include "network/petals/prefix.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Names are written with dots in repositories and with dashes in prefixes. */
static char folded(uint8_t c)
{
    return c == '.' ? '-' : lower((char)c);
}

static bool are_same_name(struct kn_span a, struct kn_span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (folded(a.at[i]) != folded(b.at[i]))
            return false;
    }
    return true;
}

static bool are_same_text(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash != NULL ? slash + 1 : name;
}

const char *kn_repository_name(const char *repository)
{
    static const char hub[] = KN_HUB_ADDRESS;
    size_t n = 0;

    while (hub[n] != '\0' && lower(repository[n]) == hub[n])
        n++;
    return hub[n] == '\0' ? repository + n : repository;
}

/* "Llama-3.1-8B" names "Llama-3-1-8B-hf"; with an owner only what has that owner, or none. */
static bool is_name(const char *word, const char *prefix, const char *repository)
{
    const char *name = last_part(word);

    if (*name == '\0' || (name != word && repository != NULL))
        return false;
    if (repository != NULL && are_same_text(name, last_part(repository)))
        return true;
    return are_same_name(kn_prefix_stem(name), kn_prefix_stem(prefix));
}

enum kn_model_match kn_model_match(const char *word, const char *prefix, const char *repository)
{
    if (are_same_text(word, prefix))
        return KN_MODEL_PREFIX;
    word = kn_repository_name(word);
    if (repository != NULL && are_same_text(word, kn_repository_name(repository)))
        return KN_MODEL_REPOSITORY;
    return is_name(word, prefix, repository) ? KN_MODEL_NAME : KN_MODEL_NO;
}

void kn_model_offer(struct kn_nearest *nearest, const char *prefix, const char *repository)
{
    kn_nearest_offer(nearest, prefix);
    if (repository == NULL)
        return;
    kn_nearest_offer(nearest, kn_repository_name(repository));
    kn_nearest_offer(nearest, last_part(repository));
}
