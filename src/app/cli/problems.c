#include "app/cli/problems.h"

#include <string.h>

#include "app/cli/tree.h"
#include "app/cli/values.h"
#include "app/term/fold.h"
#include "app/term/notice.h"
#include "app/term/term.h"
#include "config/report/report.h"
#include "config/schema/check.h"
#include "lib/base/text.h"

static bool is_error(const struct kn_problem *problem)
{
    return kn_problem_info(problem->kind)->severity == KN_ERROR;
}

/* Is the file unread, from some place on or as a whole? Then it may say something of every key. */
static bool is_of_file(const struct kn_problem *problem)
{
    enum kn_error_kind kind = kn_problem_info(problem->kind)->error_kind;

    return is_error(problem) && (kind == KN_FILE_NOT_FOUND || kind == KN_PARSE_ERROR);
}

/* A contradiction is about every setting of its rule, whichever is blamed. */
static bool is_about_key(const struct kn_problem *problem, const char *key)
{
    const struct kn_check *check = problem->check;

    for (size_t i = 0; check != NULL && i < KN_CHECK_KEYS_MAX && check->keys[i] != NULL; i++) {
        if (strcmp(check->keys[i], key) == 0)
            return true;
    }
    return problem->key != NULL && strcmp(problem->key, key) == 0;
}

static bool is_about(const struct kn_problem *problem, const struct kn_problems_view *view)
{
    for (size_t i = 0; i < view->key_count; i++) {
        if (is_about_key(problem, view->keys[i]))
            return true;
    }
    return false;
}

static bool is_seen(const struct kn_problem *problem, const struct kn_problems_view *view)
{
    if (view->errors_only && !is_error(problem))
        return false;
    if (view->without_no_effect && problem->kind == KN_P_NO_EFFECT)
        return false;
    return view->key_count == 0 || is_of_file(problem) || is_about(problem, view);
}

size_t kn_problems_seen(const struct kn_problems *problems, const struct kn_problems_view *view)
{
    size_t n = 0;

    for (size_t i = 0; i < problems->n; i++)
        n += is_seen(&problems->at[i], view);
    return n;
}

/* "--port 70000", "KWAAINET_PORT=70000", "node_config.yaml:14:10" */
static void add_place(const struct kn_problem *problem, struct kn_text *out)
{
    const struct kn_origin *origin = &problem->origin;
    const char *name = origin->name != NULL ? origin->name : "";

    kn_origin_place(origin, out);
    if (problem->value == NULL)
        return;
    if (origin->layer == KN_LAYER_ENV || strncmp(name, "--set ", 6) == 0)
        kn_text_addf(out, "=%s", problem->value);
    else if (origin->layer == KN_LAYER_CLI)
        kn_text_addf(out, " %s", problem->value);
}

/* The strongest weaker word about the setting: "node_config.yaml:3:9 says 8080". */
static void add_weaker(const struct kn_problem *problem, const struct kn_snapshot *snapshot,
                       struct kn_text *out)
{
    const struct kn_setting *setting = problem->key != NULL ? kn_setting_find(problem->key) : NULL;
    const struct kn_assignment *at;

    if (snapshot == NULL || setting == NULL)
        return;
    at = kn_snapshot_get(snapshot, setting)->assignments;
    while (at != NULL && (at->origin.layer <= problem->origin.layer || !at->valid))
        at = at->weaker;
    if (at == NULL || at->origin.layer == KN_LAYER_FALLBACK)
        return;
    kn_text_add(out, "; ");
    kn_origin_place(&at->origin, out);
    kn_text_add(out, " says ");
    kn_value_show(setting, &at->value, out);
}

static void add_source(const struct kn_problem *problem, const struct kn_snapshot *snapshot,
                       struct kn_text *out)
{
    if (problem->key == NULL)
        return;
    if (problem->origin.layer == KN_LAYER_CLI)
        kn_text_add(out, "given on the command line");
    else if (problem->origin.layer == KN_LAYER_ENV)
        kn_text_add(out, "given in the environment");
    else
        return;
    add_weaker(problem, snapshot, out);
}

static void show_one(const struct kn_term *term, const struct kn_problem *problem,
                     const struct kn_snapshot *snapshot, struct kn_text *out)
{
    struct kn_text place = { 0 }, message = { 0 }, source = { 0 };
    struct kn_notice notice = { .excerpt = problem->excerpt,
                                .line = problem->origin.line,
                                .caret = problem->caret,
                                .caret_width = problem->caret_width,
                                .is_warning = !is_error(problem) };

    add_place(problem, &place);
    if (problem->key != NULL)
        kn_text_addf(&message, "%s: ", problem->key);
    kn_text_add(&message, problem->message);
    add_source(problem, snapshot, &source);
    notice.place = kn_text_get(&place);
    notice.message = kn_text_get(&message);
    notice.hints[0] = problem->hint;
    notice.hints[1] = source.n > 0 ? kn_text_get(&source) : NULL;
    kn_notice_add(term, &notice, out);
    kn_text_done(&place);
    kn_text_done(&message);
    kn_text_done(&source);
}

enum { NO_EFFECT_NAMED = 16 }; /* a longer list is read by nobody */

/* "accepted, have no effect yet: a, b, c" */
static void show_no_effect(const struct kn_term *term, const struct kn_problems *problems,
                           const struct kn_problems_view *view, struct kn_text *out)
{
    struct kn_text keys = { 0 }; /* a blank in front of each */
    size_t n = 0;

    for (size_t i = 0; i < problems->n; i++) {
        const struct kn_problem *problem = &problems->at[i];

        if (problem->kind != KN_P_NO_EFFECT || !is_seen(problem, view) || n++ >= NO_EFFECT_NAMED)
            continue;
        kn_text_add(&keys, n > 1 ? ", " : " ");
        kn_text_add(&keys, problem->key);
    }
    if (n > NO_EFFECT_NAMED)
        kn_text_addf(&keys, " and %zu more, which --json names", n - NO_EFFECT_NAMED);
    if (n > 0) {
        struct kn_fold fold = { .columns = term->columns, .at = 2, .hang = 6 };

        kn_text_add(out, "  ");
        fold.at = kn_fold_add(
            out, n > 1 ? "accepted, have no effect yet:" : "accepted, has no effect yet:", &fold);
        (void)kn_fold_add(out, kn_text_get(&keys), &fold);
        kn_text_add_char(out, '\n');
    }
    kn_text_done(&keys);
}

void kn_problems_show(const struct kn_term *term, const struct kn_problems *problems,
                      const struct kn_problems_view *view, struct kn_text *out)
{
    size_t start = out->n, hidden = problems->errors + problems->warnings - problems->n;

    for (size_t i = 0; i < problems->n; i++) {
        if (problems->at[i].kind == KN_P_NO_EFFECT || !is_seen(&problems->at[i], view))
            continue;
        if (out->n > start)
            kn_text_add_char(out, '\n');
        show_one(term, &problems->at[i], view->snapshot, out);
    }
    if (out->n > start && !view->errors_only)
        kn_text_add_char(out, '\n');
    show_no_effect(term, problems, view, out);
    if (out->n > start + 1 && out->at[out->n - 1] == '\n' && out->at[out->n - 2] == '\n')
        kn_text_cut(out, out->n - 1);
    if (hidden > 0 && view->key_count == 0)
        kn_text_addf(out, "\n  and %zu more\n", hidden);
}

static void add_count(size_t n, const char *what, struct kn_text *out)
{
    kn_text_addf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

void kn_problems_count(size_t errors, size_t warnings, struct kn_text *out)
{
    if (errors > 0 || warnings == 0)
        add_count(errors, "error", out);
    if (errors > 0 && warnings > 0)
        kn_text_add(out, " and ");
    if (warnings > 0)
        add_count(warnings, "warning", out);
}

struct kn_json *kn_problems_json(const struct kn_problems *problems,
                                 const struct kn_problems_view *view)
{
    struct kn_json *array = kn_json_array();

    for (size_t i = 0; i < problems->n; i++) {
        if (is_seen(&problems->at[i], view))
            kn_tree_append(array, kn_problem_json(&problems->at[i]));
    }
    return array;
}

struct kn_json *kn_failure_json(enum kn_exit code, const struct kn_error *err)
{
    static const char *const nulls[] = { "name", "file", "line", "column", "key", "value" };
    struct kn_json *array = kn_json_array(), *json = kn_json_object();

    kn_tree_text(json, "severity", kn_severity_word(KN_ERROR));
    kn_tree_text(json, "kind", kn_exit_info(code)->word);
    kn_tree_text(json, "layer", code == KN_EXIT_USAGE ? kn_layer_word(KN_LAYER_CLI) : NULL);
    for (size_t i = 0; i < KN_COUNT(nulls); i++)
        kn_tree_set(json, nulls[i], kn_json_null());
    kn_tree_text(json, "message", err->text);
    kn_tree_text(json, "hint", err->hint[0] != '\0' ? err->hint : NULL);
    kn_tree_append(array, json);
    return array;
}

struct kn_json *kn_refusal_json(struct kn_json *problems)
{
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "ok", kn_json_bool(false));
    kn_tree_set(json, "problems", problems);
    return json;
}

enum kn_exit kn_problems_exit(const struct kn_problems *problems)
{
    if (problems->errors == 0)
        return KN_EXIT_DONE;
    for (size_t i = 0; i < problems->n; i++) {
        if (is_error(&problems->at[i]) && problems->at[i].origin.layer != KN_LAYER_CLI)
            return KN_EXIT_CONFIGURATION;
    }
    return KN_EXIT_USAGE;
}
