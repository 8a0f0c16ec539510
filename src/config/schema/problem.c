#include "config/schema/problem.h"

#include <string.h>

#include "config/schema/secret_place.h"
#include "lib/base/arena.h"
#include "lib/base/utf8.h"
#include "lib/yaml/yaml.h"

static const struct kn_problem_info infos[] = {
#define X(name, word, error_kind, severity, meaning, remedy) \
    [name] = { word, error_kind, severity, meaning, remedy },
    KN_PROBLEM_KINDS(X)
#undef X
};

const struct kn_problem_info *kn_problem_info(enum kn_problem_kind kind)
{
    return &infos[kind];
}

const char *kn_severity_word(enum kn_severity severity)
{
    return severity == KN_ERROR ? "error" : "warning";
}

const char *kn_error_kind_word(enum kn_error_kind kind)
{
    static const char *const words[] = { "FileNotFound", "ParseError", "ValidationError",
                                         "MergeError" };

    return words[kind];
}

const char *kn_layer_word(enum kn_layer_kind layer)
{
    static const char *const words[KN_LAYER_COUNT] = { "cli",   "env",       "file",
                                                       "cache", "discovery", "fallback" };

    return words[layer];
}

struct kn_problems kn_problems_new(struct kn_arena *arena, enum kn_keeping keeping)
{
    return (struct kn_problems){ .arena = arena, .full = keeping == KN_COUNT_ONLY };
}

bool kn_problems_full(const struct kn_problems *problems)
{
    return problems->full;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/*
 * A copy that no terminal obeys: tabs as spaces; other control characters, and bytes that are no
 * UTF-8, as '?'. Takes as many columns as the original.
 */
static char *printable(struct kn_arena *arena, const char *text, size_t n)
{
    char *copy = kn_arena_alloc(arena, n + 1), *to = copy;
    uint32_t code = 0;

    if (copy == NULL)
        return NULL;
    for (size_t i = 0, length; i < n; i += length) {
        length = kn_utf8_decode(text + i, n - i, &code);
        if (length == 1 && !is_control(code)) {
            *to++ = text[i];
        } else if (length == 0 || is_control(code)) {
            *to++ = text[i] == '\t' ? ' ' : '?';
            length += length == 0;
        } else {
            memcpy(to, text + i, length);
            to += length;
        }
    }
    return copy;
}

static const char *printable_text(struct kn_arena *arena, const char *text)
{
    return text != NULL ? printable(arena, text, strlen(text)) : NULL;
}

/* A value of any length, cut for a person to read. */
static const char *copy_value(struct kn_arena *arena, const char *value)
{
    size_t n = value != NULL ? strlen(value) : 0;

    if (n <= KN_PROBLEM_VALUE_MAX)
        return kn_arena_dup(arena, value);
    return kn_arena_printf(arena, "%.*s…", (int)kn_utf8_cut(value, KN_PROBLEM_VALUE_MAX), value);
}

/* Room for one more, NULL when memory is short. */
static struct kn_problem *next(struct kn_problems *problems)
{
    if (problems->n == problems->room) {
        size_t room = problems->room > 0 ? KN_PROBLEMS_MAX : 8;
        struct kn_problem *at = kn_arena_alloc(problems->arena, room * sizeof(*at));

        if (at == NULL)
            return NULL;
        if (problems->n > 0)
            memcpy(at, problems->at, problems->n * sizeof(*at));
        problems->at = at;
        problems->room = room;
    }
    problems->full = problems->n + 1 == KN_PROBLEMS_MAX;
    return &problems->at[problems->n++];
}

/* Count a problem; the place to keep it, or NULL when the list is full. */
static struct kn_problem *count(struct kn_problems *problems, const struct kn_problem *problem)
{
    struct kn_problem *kept;

    if (kn_problem_info(problem->kind)->severity == KN_ERROR)
        problems->errors++;
    else
        problems->warnings++;
    if (kn_problems_full(problems))
        return NULL;
    kept = next(problems);
    if (kept != NULL)
        *kept = *problem;
    return kept;
}

void kn_problems_add_static(struct kn_problems *problems, const struct kn_problem *problem)
{
    (void)count(problems, problem);
}

void kn_problems_add(struct kn_problems *problems, const struct kn_problem *problem)
{
    struct kn_arena *arena = problems->arena;
    struct kn_problem *kept = count(problems, problem);

    if (kept == NULL)
        return;
    kept->origin.name = kn_arena_dup(arena, problem->origin.name);
    kept->key = copy_value(arena, problem->key);
    kept->value = copy_value(arena, problem->value);
    kept->message = printable_text(arena, problem->message);
    kept->hint = problem->hint != NULL && problem->hint[0] != '\0'
                     ? printable_text(arena, problem->hint)
                     : NULL;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The part of line [from, to) around `at` that fits, both ends at characters. */
static void window(const char *bytes, size_t at, size_t *from, size_t *to)
{
    size_t before = at - *from;

    if (*to - *from <= KN_EXCERPT_MAX)
        return;
    if (before > KN_EXCERPT_MAX / 2) {
        *from = at - KN_EXCERPT_MAX / 2;
        while (*from < at && ((unsigned char)bytes[*from] & 0xc0) == 0x80)
            (*from)++;
    }
    *to = *from + kn_utf8_cut(bytes + *from, min_size(*to - *from, KN_EXCERPT_MAX));
}

void kn_problem_locate(struct kn_problem *problem, struct kn_arena *arena,
                       const struct kn_yaml_document *doc, size_t start, size_t end)
{
    struct kn_yaml_position position = kn_yaml_locate(doc, start);
    size_t from = position.line_start, to = position.line_end;
    static const char bom[] = "\xef\xbb\xbf"; /* is no column */
    const char *line;
    size_t shown;

    if (from == 0 && to >= sizeof(bom) - 1 && memcmp(doc->bytes, bom, sizeof(bom) - 1) == 0)
        from = sizeof(bom) - 1;
    problem->origin.line = position.line;
    problem->origin.column = position.column;
    start = min_size(start, to);
    start = start > from ? start : from;
    /* What follows a secret's key is not shown; the line is cut to size after that. */
    shown = kn_secret_begin(doc, from, to, start);
    if (shown == from && from < to)
        return;
    to = shown;
    start = min_size(start, to);
    window(doc->bytes, start, &from, &to);
    end = end < start ? start : min_size(end, to);
    line = doc->bytes + from;
    problem->excerpt = printable(arena, line, to - from);
    problem->caret = (uint32_t)kn_utf8_width(line, start - from);
    problem->caret_width = (uint32_t)kn_utf8_width(doc->bytes + start, end - start);
    if (problem->caret_width == 0)
        problem->caret_width = 1;
}

void kn_problem_hide(struct kn_problems *problems, struct kn_problem *problem)
{
    if (kn_problem_info(problem->kind)->severity == KN_ERROR) {
        problems->errors--;
        problems->warnings++;
    }
    problem->kind = KN_P_HIDDEN;
}

static int by_place(const struct kn_problem *a, const struct kn_problem *b)
{
    if (a->origin.layer != b->origin.layer)
        return a->origin.layer < b->origin.layer ? -1 : 1;
    if (a->origin.line != b->origin.line)
        return a->origin.line < b->origin.line ? -1 : 1;
    if (a->origin.column != b->origin.column)
        return a->origin.column < b->origin.column ? -1 : 1;
    return a->kind < b->kind ? -1 : a->kind > b->kind;
}

/* Insertion sort: at most KN_PROBLEMS_MAX, nearly sorted, and problems of one place keep their
 * order. */
void kn_problems_sort(struct kn_problems *problems)
{
    for (size_t i = 1; i < problems->n; i++) {
        struct kn_problem moving = problems->at[i];
        size_t j = i;

        for (; j > 0 && by_place(&problems->at[j - 1], &moving) > 0; j--)
            problems->at[j] = problems->at[j - 1];
        problems->at[j] = moving;
    }
}
