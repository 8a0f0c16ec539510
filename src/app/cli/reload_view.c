#include "app/cli/reload_view.h"

#include <string.h>

#include "app/term/fold.h"
#include "app/term/notice.h"
#include "app/term/term.h"
#include "config/schema/setting.h"
#include "config/schema/type.h"
#include "lib/base/text.h"
#include "lib/json/json.h"

static const char *text_of(const struct kn_json *object, const char *name)
{
    return kn_json_to_text(kn_json_get(object, name));
}

bool kn_reload_view_holds(const struct kn_json *answer)
{
    return kn_json_is_true(kn_json_get(answer, "ok"));
}

void kn_reload_view_read(const struct kn_json *answer, struct kn_text *out)
{
    const char *path = text_of(answer, "path");

    if (path == NULL) {
        kn_text_add(out, "the node has read its configuration again");
        return;
    }
    kn_text_add(out, kn_json_is_true(kn_json_get(answer, "exists")) ? "the node has read "
                                                                    : "the node looked for ");
    kn_term_add_safe(out, path);
    kn_text_add(out,
                kn_json_is_true(kn_json_get(answer, "exists")) ? " again" : ", which is not there");
}

/* -- what is another */

static void add_list(const struct kn_json *list, struct kn_text *out)
{
    if (kn_json_count(list) == 0)
        kn_text_add(out, "none");
    for (size_t i = 0; i < kn_json_count(list); i++) {
        const char *text = kn_json_to_text(kn_json_item(list, i));

        kn_text_add(out, i > 0 ? ", " : "");
        kn_term_add_safe(out, text != NULL ? text : "…");
    }
}

/* A size or a duration says its unit itself. */
static void add_number(const struct kn_setting *setting, double number, struct kn_text *out)
{
    kn_setting_print_number(setting, number, out);
    if (setting->unit != NULL && setting->type != &kn_type_size &&
        setting->type != &kn_type_duration)
        kn_text_addf(out, " %s", setting->unit);
}

static void add_value(const struct kn_setting *setting, const struct kn_json *value,
                      struct kn_text *out)
{
    const char *text = kn_json_to_text(value);
    struct kn_text printed = { 0 };
    double number;

    if (text != NULL) {
        kn_term_add_safe(out, *text != '\0' ? text : "\"\"");
    } else if (kn_json_is_null(value)) {
        kn_text_add(out, "none");
    } else if (kn_json_is_array(value)) {
        add_list(value, out);
    } else if (setting != NULL && kn_json_to_number(value, &number)) {
        add_number(setting, number, out);
    } else {
        if (!kn_json_print_line(value, &printed))
            out->failed = true;
        kn_text_add(out, kn_text_get(&printed));
    }
    kn_text_done(&printed);
}

static void add_change(const struct kn_term *term, const struct kn_json *change,
                       struct kn_text *out)
{
    const char *key = text_of(change, "key");
    const struct kn_setting *setting = key != NULL ? kn_setting_find(key) : NULL;
    struct kn_text line = { 0 };

    if (key == NULL)
        return;
    kn_text_add(&line, "  ");
    kn_term_add_safe(&line, key);
    kn_text_add(&line, ": ");
    add_value(setting, kn_json_get(change, "from"), &line);
    kn_text_add(&line, kn_term_pick(term, " → ", " -> "));
    add_value(setting, kn_json_get(change, "to"), &line);
    kn_fold_paragraph(out, kn_text_get(&line), term->columns, 4);
    kn_text_done(&line);
}

void kn_reload_view_changes(const struct kn_term *term, const struct kn_json *answer,
                            struct kn_text *out)
{
    const struct kn_json *changed = kn_json_get(answer, "changed");
    const struct kn_json *waiting = kn_json_get(answer, "pending_restart");
    struct kn_text line = { 0 };

    for (size_t i = 0; i < kn_json_count(changed); i++)
        add_change(term, kn_json_item(changed, i), out);
    if (kn_json_count(waiting) == 0)
        return;
    kn_text_add(&line, "  ");
    add_list(waiting, &line);
    kn_text_add(&line, kn_json_count(waiting) == 1 ? ": takes effect at the next start"
                                                   : ": take effect at the next start");
    kn_fold_paragraph(out, kn_text_get(&line), term->columns, 4);
    kn_text_done(&line);
}

/* -- what is wrong */

/* "node_config.yaml:14:10", "--port", "KWAAINET_PORT" */
static void add_place(const struct kn_json *problem, struct kn_text *out)
{
    const char *file = text_of(problem, "file"), *name = text_of(problem, "name");
    int64_t line, column;

    kn_term_add_safe(out, file != NULL ? file : name != NULL ? name : "");
    if (kn_json_to_int(kn_json_get(problem, "line"), &line) &&
        kn_json_to_int(kn_json_get(problem, "column"), &column))
        kn_text_addf(out, ":%lld:%lld", (long long)line, (long long)column);
}

static bool show_problem(const struct kn_term *term, const struct kn_json *problem,
                         struct kn_text *out)
{
    const char *key = text_of(problem, "key"), *message = text_of(problem, "message");
    const char *severity = text_of(problem, "severity");
    struct kn_text place = { 0 }, whole = { 0 };
    struct kn_notice notice = { .hints = { text_of(problem, "hint") } };

    notice.is_warning = severity != NULL && strcmp(severity, "warning") == 0;
    add_place(problem, &place);
    if (key != NULL)
        kn_text_addf(&whole, "%s: ", key);
    kn_text_add(&whole, message != NULL ? message : "");
    notice.place = kn_text_get(&place);
    notice.message = kn_text_get(&whole);
    kn_notice_add(term, &notice, out);
    kn_text_done(&place);
    kn_text_done(&whole);
    return !notice.is_warning;
}

size_t kn_reload_view_problems(const struct kn_term *term, const struct kn_json *answer,
                               struct kn_text *out)
{
    const struct kn_json *problems = kn_json_get(answer, "problems");
    size_t errors = 0;

    for (size_t i = 0; i < kn_json_count(problems); i++) {
        if (i > 0)
            kn_text_add_char(out, '\n');
        errors += show_problem(term, kn_json_item(problems, i), out);
    }
    return errors;
}
