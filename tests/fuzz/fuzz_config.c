/*
 * Property: a whole file gives the same problems every time, each with a place inside the file; a
 * valid one gives settings that print, and that read back as themselves from the command line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct kn_snapshot *load(const struct kn_bytes *bytes, const struct kn_flag *flags, size_t n)
{
    static const char *const environment[] = { "HOME=/home/u", NULL };
    struct kn_config_request request = { .home = "/nonexistent",
                                         .flags = flags,
                                         .flag_count = n,
                                         .environment = environment,
                                         .working = "/nonexistent" };
    struct kn_snapshot *snapshot = NULL;
    struct kn_error err = { 0 };

    require(kn_config_load_bytes(&request, "f", bytes, &snapshot, &err) == KN_OK);
    return snapshot;
}

static size_t count_lines(const struct kn_bytes *bytes)
{
    size_t n = 1;

    for (size_t i = 0; i < bytes->n; i++)
        n += bytes->at[i] == '\n' || bytes->at[i] == '\r';
    return n;
}

static void check_problem(const struct kn_problem *problem, const struct kn_bytes *bytes)
{
    require(problem->message != NULL && problem->message[0] != '\0');
    require(problem->origin.line <= count_lines(bytes));
    require((problem->origin.line == 0) == (problem->origin.column == 0));
    require(problem->origin.column <= bytes->n + 1);
    if (problem->excerpt != NULL) {
        require(strlen(problem->excerpt) <= KN_EXCERPT_MAX);
        require(problem->caret <= KN_EXCERPT_MAX && problem->caret_width >= 1);
    }
}

static void check_same(const struct kn_problems *a, const struct kn_problems *b)
{
    require(a->n == b->n && a->errors == b->errors && a->warnings == b->warnings);
    for (size_t i = 0; i < a->n; i++) {
        require(a->at[i].kind == b->at[i].kind);
        require(a->at[i].origin.line == b->at[i].origin.line);
        require(a->at[i].origin.column == b->at[i].origin.column);
        require(strcmp(a->at[i].message, b->at[i].message) == 0);
    }
}

/* Every value as its word on the command line: nothing differs. */
static void check_words(const struct kn_snapshot *snapshot)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_flag *flags = kn_arena_alloc(arena, kn_setting_count * sizeof(*flags));
    struct kn_bytes nothing = { 0 };
    struct kn_snapshot *again;
    size_t at = 0;

    require(flags != NULL);
    for (size_t i = 0; i < kn_setting_count; i++) {
        struct kn_text text = { 0 };

        kn_value_print(&kn_settings[i], &kn_snapshot_get(snapshot, &kn_settings[i])->value, &text);
        flags[i] = (struct kn_flag){ .kind = KN_FLAG_SETTING,
                                     .setting = &kn_settings[i],
                                     .name = "--set",
                                     .value = kn_arena_dup(arena, kn_text_get(&text)) };
        require(flags[i].value != NULL && flags[i].value[0] != '\0');
        kn_text_done(&text);
    }
    again = load(&nothing, flags, kn_setting_count);
    require(kn_snapshot_is_valid(again));
    require(kn_snapshot_diff(snapshot, again, &at) == NULL);
    kn_snapshot_unref(again);
    kn_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_bytes bytes = { malloc(size + 1), size };
    struct kn_snapshot *first, *second;
    const struct kn_problems *problems;
    size_t at = 0;

    require(bytes.at != NULL);
    if (size > 0)
        memcpy(bytes.at, data, size);
    bytes.at[size] = '\0';
    first = load(&bytes, NULL, 0);
    second = load(&bytes, NULL, 0);
    problems = kn_snapshot_problems(first);
    require(kn_snapshot_is_valid(first) == (problems->errors == 0));
    for (size_t i = 0; i < problems->n; i++)
        check_problem(&problems->at[i], &bytes);
    check_same(problems, kn_snapshot_problems(second));
    require(kn_snapshot_diff(first, second, &at) == NULL);
    if (kn_snapshot_is_valid(first))
        check_words(first);
    kn_snapshot_unref(first);
    kn_snapshot_unref(second);
    free(bytes.at);
    return 0;
}
