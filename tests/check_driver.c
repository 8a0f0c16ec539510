/*
 * check_driver MODE: the configuration library without the program around it, for tests that look
 * from outside.
 *
 *   check             documents on standard input, each ended by a NUL: "ok" or "not ok" and the
 *                     problems, a line each
 *   table             the settings as JSON, one a line
 *   schema, example, example-full, settings, errors, states, commands, man
 *   completion SHELL  what app/docs prints, with the commands of support/commands.h
 */
#include <stdio.h>
#include <string.h>

#include "app/docs/docs.h"
#include "app/docs/json_out.h"
#include "config/config.h"
#include "config/schema/type.h"
#include "lib/base/text.h"
#include "support/commands.h"

static int check(const char *bytes, size_t n)
{
    static const char *const environment[] = { "HOME=/nonexistent", NULL };
    const struct kn_config_request request = { .environment = environment,
                                               .working = "/nonexistent" };
    struct kn_text copy = { 0 };
    struct kn_bytes file = { 0 };
    struct kn_snapshot *snapshot = NULL;
    const struct kn_problems *problems;
    struct kn_error err = { 0 };
    enum kn_code rc;

    kn_text_add_n(&copy, bytes, n);
    file.at = copy.at;
    file.n = copy.n;
    rc = kn_config_load_bytes(&request, "/nonexistent/node_config.yaml", &file, &snapshot, &err);
    if (rc != KN_OK) {
        (void)fprintf(stderr, "check_driver: %s\n", err.text);
        kn_text_done(&copy);
        return 1;
    }
    problems = kn_snapshot_problems(snapshot);
    (void)printf("%s", problems->errors == 0 ? "ok" : "not ok");
    for (size_t i = 0; i < problems->n; i++)
        (void)printf("\t%s %s: %s", kn_problem_info(problems->at[i].kind)->word,
                     problems->at[i].key != NULL ? problems->at[i].key : "",
                     problems->at[i].message);
    (void)printf("\n");
    kn_snapshot_unref(snapshot);
    kn_text_done(&copy);
    return 0;
}

static int check_all(void)
{
    struct kn_text document = { 0 };
    int byte, result = 0;

    while ((byte = getchar()) != EOF && result == 0) {
        if (byte != '\0') {
            kn_text_add_char(&document, (char)byte);
            continue;
        }
        result = document.failed ? 1 : check(kn_text_get(&document), document.n);
        kn_text_cut(&document, 0);
    }
    kn_text_done(&document);
    return result;
}

static void print_row(const struct kn_setting *setting, struct kn_text *out)
{
    struct kn_json_out json = { .text = out };

    kn_json_out_open(&json, NULL, '{');
    kn_json_out_string(&json, "key", setting->key);
    kn_json_out_string(&json, "type", setting->type->name);
    kn_json_out_string(&json, "fallback", setting->fallback != NULL ? setting->fallback : "null");
    kn_json_out_string(&json, "unit", setting->unit != NULL ? setting->unit : "");
    kn_json_out_number(&json, "min", setting->range.min);
    kn_json_out_number(&json, "max", setting->range.max);
    kn_json_out_raw(&json, "auto", setting->accepts & KN_ACCEPTS_AUTO ? "true" : "false");
    kn_json_out_raw(&json, "null", setting->accepts & KN_ACCEPTS_NULL ? "true" : "false");
    kn_json_out_open(&json, "words", '[');
    for (const struct kn_word *word = setting->words; word != NULL && word->name != NULL; word++)
        kn_json_out_string(&json, NULL, word->name);
    kn_json_out_close(&json, '[');
    kn_json_out_close(&json, '{');
}

static void table(struct kn_text *out)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        size_t from = out->n;

        print_row(&kn_settings[i], out);
        for (size_t at = from; at < out->n; at++) {
            if (out->at[at] == '\n')
                out->at[at] = ' ';
        }
        kn_text_add_char(out, '\n');
    }
}

static bool print(const char *mode, const char *argument, struct kn_text *out)
{
    static const struct {
        const char *mode;
        void (*print)(struct kn_text *out);
    } plain[] = {
        { "table", table },
        { "schema", kn_docs_schema },
        { "example", kn_docs_example },
        { "example-full", kn_docs_example_full },
        { "settings", kn_docs_settings },
        { "errors", kn_docs_errors },
        { "states", kn_docs_states },
    };

    for (size_t i = 0; i < KN_COUNT(plain); i++) {
        if (strcmp(plain[i].mode, mode) == 0) {
            plain[i].print(out);
            return true;
        }
    }
    if (strcmp(mode, "completion") == 0)
        return argument != NULL && kn_docs_completion(argument, sample_commands, out);
    if (strcmp(mode, "commands") == 0)
        kn_docs_commands(sample_commands, out);
    else if (strcmp(mode, "man") == 0)
        kn_docs_man(sample_commands, out);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct kn_text out = { 0 };
    bool known;

    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return check_all();
    known = argc > 1 && print(argv[1], argc > 2 ? argv[2] : NULL, &out) && !out.failed;
    (void)fputs(kn_text_get(&out), stdout);
    kn_text_done(&out);
    return known ? 0 : 2;
}
