/*
 * Property: every command line (words end in NUL) is taken apart without going past its words; a
 * flag uses one or two of them, its value lies in the last one, and what is refused has a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/sources/flags.h"
#include "lib/base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 64 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static const char *lookup(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") == 0 ? "/home/u" : NULL;
}

static size_t split(char *text, size_t size, const char **words)
{
    size_t n = 0;

    for (size_t i = 0; i < size && n < WORDS_MAX; i += strlen(text + i) + 1)
        words[n++] = text + i;
    return n;
}

static void check(const struct kn_flag *flag, const char *const *words, size_t n,
                  const struct kn_error *err)
{
    const char *last;

    if (flag->kind == KN_FLAG_UNKNOWN || flag->kind == KN_FLAG_WRONG) {
        require(err->code != KN_OK && err->text[0] != '\0');
        require(flag->used <= n);
        return;
    }
    require(flag->used >= 1 && flag->used <= 2 && flag->used <= n);
    last = words[flag->used - 1];
    require(flag->value >= last && flag->value <= last + strlen(last) && flag->value[0] != '\0');
    require((flag->setting != NULL) == (flag->kind == KN_FLAG_SETTING));
    require(flag->name != NULL && err->code == KN_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_problems problems;
    struct kn_layers layers = { .arena = kn_arena_new(), .problems = &problems };
    struct kn_source source = { .layers = &layers, .base = "/base", .lookup = lookup };
    const char *words[WORDS_MAX];
    char *text;
    size_t n, taken = 0;

    require(layers.arena != NULL);
    problems = kn_problems_new(layers.arena, KN_KEEP);
    text = kn_arena_dup_n(layers.arena, (const char *)data, size);
    require(text != NULL);
    n = split(text, size, words);
    for (size_t i = 0; i < n;) {
        struct kn_error err = { 0 };
        struct kn_flag flag = kn_flag_match(layers.arena, words + i, n - i, &err);

        check(&flag, words + i, n - i, &err);
        if (flag.kind == KN_FLAG_SETTING) {
            kn_flag_take(&source, &flag);
            taken++;
        }
        i += flag.used > 0 ? flag.used : 1;
    }
    require(layers.by_kind[KN_LAYER_CLI].n <= taken);
    for (size_t i = 0; i < problems.n; i++)
        require(problems.at[i].origin.layer == KN_LAYER_CLI && problems.at[i].message != NULL);
    kn_arena_free(layers.arena);
    return 0;
}
