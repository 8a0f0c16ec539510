/* service status: what systemd says of the service. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/service_manager.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/number.h"

enum { NAMES_WIDTH = 11 };

struct service_state {
    const char *enabled, *active, *result, *words; /* as systemd has them; "" is not known */
    int64_t pid;
    bool is_managed;
};

static void look(const struct kn_service *service, struct service_state *out)
{
    bool well;

    *out = (struct service_state){ .is_managed = kn_service_is_managed(service) };
    out->enabled = out->active = out->result = out->words = "";
    if (!out->is_managed)
        return;
    out->enabled = kn_service_ask(service, "is-enabled", &well);
    out->active = kn_service_ask(service, "is-active", &well);
    out->result = kn_service_property(service, "Result");
    out->words = kn_service_property(service, "StatusText");
    if (kn_parse_whole(kn_service_property(service, "MainPID"), &out->pid) != KN_OK)
        out->pid = 0;
}

static struct kn_json *text_or_null(const char *text)
{
    return text[0] != '\0' ? kn_json_string(text) : kn_json_null();
}

static void report_json(const struct kn_service *service, const struct service_state *state)
{
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "path", service->path);
    kn_tree_text(json, "name", service->name);
    kn_tree_set(json, "managed", kn_json_bool(state->is_managed));
    kn_tree_set(json, "enabled", text_or_null(state->enabled));
    kn_tree_set(json, "active", text_or_null(state->active));
    kn_tree_set(json, "result", text_or_null(state->result));
    kn_tree_set(json, "pid", state->pid > 0 ? kn_json_int(state->pid) : kn_json_null());
    kn_tree_set(json, "status", text_or_null(state->words));
    kn_cli_answer(service->cli, json);
}

static void line(struct kn_cli *cli, const char *name, const char *text)
{
    const struct kn_fold fold = { .columns = cli->out_term.columns,
                                  .at = NAMES_WIDTH,
                                  .hang = NAMES_WIDTH };
    struct kn_text safe = { 0 };

    if (text[0] == '\0')
        return;
    kn_term_add_safe(&safe, text);
    kn_text_addf(&cli->answer, "%-*s", (int)NAMES_WIDTH, name);
    (void)kn_fold_add(&cli->answer, kn_text_get(&safe), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&safe);
}

static void report(const struct kn_service *service, const struct service_state *state)
{
    struct kn_cli *cli = service->cli;
    struct kn_text text = { 0 };

    line(cli, "service", service->name);
    line(cli, "unit", service->path);
    if (!state->is_managed)
        line(cli, "systemd", "cannot be asked here");
    line(cli, "enabled", state->enabled);
    kn_text_add(&text, state->active);
    if (state->pid > 0)
        kn_text_addf(&text, ", process %lld", (long long)state->pid);
    else if (state->result[0] != '\0' && strcmp(state->result, "success") != 0)
        kn_text_addf(&text, ", after %s", state->result);
    line(cli, "active", kn_text_get(&text));
    line(cli, "says", state->words);
    kn_text_done(&text);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_service service;
    struct service_state state;
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };
    enum kn_exit code = kn_service_find(cli, &service);

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_service_read(&service, &bytes, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    kn_bytes_done(&bytes);
    look(&service, &state);
    if (cli->json)
        report_json(&service, &state);
    else if (!cli->quiet)
        report(&service, &state);
    return KN_EXIT_DONE;
}

static const struct kn_command_flag flags[] = {
    { "--system", NULL, "The machine's, not this user's." },
    { "--name", "NAME", "Of the service; kwaainet unless given." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_service_status = {
    .name = "service status",
    .brief = "Show what systemd says of the service.",
    .flags = flags,
    .detail = "The node itself is asked by kwaainet status. The exit code is 0 whether the service "
              "runs or not, and 1 when none is installed or its unit is somebody else's.\n\n"
              "With --json: {\"path\", \"name\", \"managed\", \"enabled\", \"active\", "
              "\"result\", \"pid\", \"status\"}; null is what systemd does not say.",
    .run = run,
};
