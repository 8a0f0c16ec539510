/* service install and uninstall: the node as a unit of systemd. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/service_manager.h"
#include "app/cli/service_unit.h"
#include "app/cli/start_words.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/os/private_folder.h"
#include "lib/os/process_info.h"
#include "lib/os/transient_file.h"
#include "lib/os/user.h"
#include "node/control/run_folder.h"

enum { UNIT_MODE = 0644 };

struct installing {
    struct kn_cli *cli;
    struct kn_service service;
    struct kn_service_unit unit;
    struct kn_config_paths paths;
    struct kn_run_look running;
    struct kn_text text; /* of the file */
    size_t secrets;      /* values that were left out */
    bool is_enabled, is_started, is_managed;
};

static const char *need(const char *text)
{
    if (text == NULL)
        kn_out_of_memory();
    return text;
}

static void say(struct kn_cli *cli, const char *text)
{
    struct kn_text safe = { 0 };
    const struct kn_fold fold = { .columns = cli->out_term.columns };

    if (cli->json || cli->quiet)
        return;
    kn_term_add_safe(&safe, text);
    (void)kn_fold_add(&cli->answer, kn_text_get(&safe), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&safe);
}

/* -- whose node, where, with what */

static enum kn_exit refuse_user(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID, "--system does not say whose node it is");
    kn_hint(&err,
            "Name the user that it runs as: --user NAME. Not root: nothing of it needs that.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* A system unit runs as somebody, whose home has the data folder unless another was named. */
static enum kn_exit find_user(struct installing *i)
{
    struct kn_cli *cli = i->cli;
    const char *user = kn_cli_option(cli, "--user");
    struct kn_text home = { 0 };
    struct kn_error err = { 0 };

    if (!i->service.is_system)
        return KN_EXIT_DONE;
    if (user == NULL)
        user = kn_cli_lookup(cli, "SUDO_USER");
    if (user == NULL || user[0] == '\0')
        return refuse_user(cli);
    if (kn_user_home_of(user, &home, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    i->unit.user = user;
    i->unit.user_home = need(kn_arena_dup(cli->arena, home.at));
    kn_text_done(&home);
    if (cli->request.home == NULL && kn_cli_lookup(cli, "KWAAINET_HOME") == NULL)
        cli->request.home = need(kn_arena_printf(cli->arena, "%s/.kwaainet", i->unit.user_home));
    return KN_EXIT_DONE;
}

static bool begins(const char *word, const char *with)
{
    return strncmp(word, with, strlen(with)) == 0;
}

static const char *folder_of(struct kn_cli *cli, const char *path)
{
    const char *slash = strrchr(path, '/');

    return need(kn_arena_dup_n(cli->arena, path, slash > path ? (size_t)(slash - path) : 1));
}

/* The configuration that was named, else the running node's, else the one that lies here. */
static const char *config_of(const struct installing *i)
{
    if (i->cli->request.config_path != NULL || i->paths.config_named)
        return i->paths.config;
    if (i->running.facts.config != NULL)
        return i->running.facts.config;
    return i->paths.config_exists ? i->paths.config : NULL;
}

/* The flags that were given here, else those of the running node. */
static void choose_words(struct installing *i)
{
    struct kn_cli *cli = i->cli;
    struct kn_start_words given = kn_start_words(cli);
    bool takes_given = cli->request.flag_count > 0 || i->running.facts.flag_count == 0;
    const char *const *from = takes_given ? given.at : i->running.facts.flags;
    size_t n = takes_given ? given.n : i->running.facts.flag_count, at = 0;
    const char **words = kn_arena_alloc(cli->arena, (n + 2) * sizeof(*words));
    const char *config = config_of(i);

    if (words == NULL)
        kn_out_of_memory();
    words[at++] = need(kn_arena_printf(cli->arena, "--home=%s", i->paths.home));
    if (config != NULL)
        words[at++] = need(kn_arena_printf(cli->arena, "--config=%s", config));
    for (size_t k = 0; k < n; k++) {
        if (!begins(from[k], "--home=") && !begins(from[k], "--config="))
            words[at++] = from[k];
    }
    i->secrets = given.secrets;
    i->unit.words = words;
    i->unit.word_count = at;
    i->unit.home = i->paths.home;
    i->unit.config_folder = config != NULL ? folder_of(cli, config) : NULL;
}

/* What does not start in front of somebody does not start as a service either. */
static enum kn_exit check_configuration(struct installing *i)
{
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_load_any(i->cli, &snapshot);

    if (code != KN_EXIT_DONE)
        return code;
    if (!kn_snapshot_is_valid(snapshot))
        code = kn_refuse(i->cli, snapshot, "no service was installed");
    kn_snapshot_unref(snapshot);
    return code;
}

static enum kn_exit prepare(struct installing *i)
{
    struct kn_text program = { 0 };
    struct kn_error err = { 0 };
    enum kn_exit code = kn_service_find(i->cli, &i->service);

    if (code == KN_EXIT_DONE)
        code = find_user(i);
    if (code == KN_EXIT_DONE)
        code = check_configuration(i);
    if (code == KN_EXIT_DONE)
        code = kn_locate(i->cli, &i->paths);
    if (code != KN_EXIT_DONE)
        return code;
    if (kn_run_folder_look(i->paths.home, &i->running, &err) != KN_OK ||
        kn_process_program(&program, &err) != KN_OK)
        return kn_cli_fail(i->cli, KN_EXIT_FAILED, &err);
    i->unit.program = need(kn_arena_dup(i->cli->arena, program.at));
    kn_text_done(&program);
    choose_words(i);
    kn_service_unit_print(&i->unit, &i->text);
    if (i->text.failed)
        kn_out_of_memory();
    return KN_EXIT_DONE;
}

/* -- writing */

static enum kn_exit need_root(struct installing *i)
{
    struct kn_error err = { 0 };

    if (!i->service.is_system || kn_user_is_root())
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_DENIED, "only root may write to %s", i->service.folder);
    kn_hint(&err, "Run it with sudo, or leave out --system for a service of your own.");
    return kn_cli_fail(i->cli, KN_EXIT_FAILED, &err);
}

/* Root must not make what the node's user shall own. */
static enum kn_code need_home(const struct installing *i, struct kn_error *err)
{
    if (!i->service.is_system)
        return kn_private_folder_need(i->paths.home, err);
    if (kn_file_exists(i->paths.home))
        return KN_OK;
    (void)kn_fail(err, KN_E_NOT_FOUND, "there is no data folder %s yet", i->paths.home);
    kn_hint(err,
            "Start the node once as its user: sudo -u %s kwaainet start --detach; then "
            "kwaainet stop.",
            i->unit.user);
    return KN_E_NOT_FOUND;
}

/* A unit of somebody else keeps its place. */
static enum kn_code write_unit(const struct installing *i, struct kn_error *err)
{
    struct kn_bytes before = { 0 };
    enum kn_code rc = kn_service_read(&i->service, &before, err);

    if (rc == KN_E_NOT_FOUND)
        rc = kn_private_folder_need(i->service.folder, err);
    if (rc == KN_OK) {
        rc = kn_file_replace(i->service.path, i->text.at, i->text.n, UNIT_MODE, &before, err);
        if (rc != KN_OK)
            kn_wrap(err, "%s", i->service.path);
    }
    kn_bytes_done(&before);
    return rc;
}

/* -- the manager */

/* Does this very service run, so that its node has the folder? */
static bool runs_as_service(const struct installing *i)
{
    int64_t pid;

    return kn_parse_whole(kn_service_property(&i->service, "MainPID"), &pid) == KN_OK && pid > 0 &&
           pid == i->running.pid;
}

static enum kn_exit manager_refused(struct installing *i, const char *verb, const char *words)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_REFUSED, "systemctl %s failed: %s", verb, words);
    kn_hint(&err, "The unit %s is written.", i->service.path);
    return kn_cli_fail(i->cli, KN_EXIT_FAILED, &err);
}

static enum kn_exit enable(struct installing *i)
{
    bool starts = !i->running.runs, well;
    const char *words = kn_service_ask(&i->service, "daemon-reload", &well);

    if (!well)
        return manager_refused(i, "daemon-reload", words);
    words = kn_service_ask(&i->service, starts ? "enable-now" : "enable", &well);
    if (!well)
        return manager_refused(i, starts ? "enable --now" : "enable", words);
    i->is_enabled = true;
    i->is_started = starts;
    return KN_EXIT_DONE;
}

static void say_managed(struct installing *i)
{
    const char *scope = i->service.is_system ? "" : "--user ";
    struct kn_arena *arena = i->cli->arena;

    if (i->is_started)
        say(i->cli, "It is enabled and started; kwaainet service status shows it.");
    else if (runs_as_service(i))
        say(i->cli, need(kn_arena_printf(arena,
                                         "The service runs; systemctl %srestart %s gives it the "
                                         "new flags.",
                                         scope, i->service.name)));
    else
        say(i->cli, need(kn_arena_printf(arena,
                                         "It is enabled. A node runs already with its data folder "
                                         "(process %lld): end that with kwaainet stop --home %s, "
                                         "then systemctl %sstart %s.",
                                         (long long)i->running.pid, i->paths.home, scope,
                                         i->service.name)));
}

static void say_unmanaged(struct installing *i)
{
    const char *scope = i->service.is_system ? "" : "--user ";

    say(i->cli, need(kn_arena_printf(i->cli->arena,
                                     "systemd cannot be asked here. Where it can: systemctl "
                                     "%sdaemon-reload; systemctl %senable --now %s",
                                     scope, scope, i->service.name)));
}

static bool lingers(const struct installing *i)
{
    struct kn_text path = { 0 };
    struct kn_error ignored = { 0 };
    bool found;

    kn_text_add(&path, "/var/lib/systemd/linger/");
    found = kn_user_name(&path, &ignored) == KN_OK && kn_file_exists(path.at);
    kn_text_done(&path);
    return i->service.is_system || found;
}

static void report_json(struct installing *i)
{
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "path", i->service.path);
    kn_tree_text(json, "name", i->service.name);
    kn_tree_set(json, "managed", kn_json_bool(i->is_managed));
    kn_tree_set(json, "enabled", kn_json_bool(i->is_enabled));
    kn_tree_set(json, "started", kn_json_bool(i->is_started));
    kn_tree_set(json, "lingers", kn_json_bool(lingers(i)));
    kn_tree_text(json, "unit", kn_text_get(&i->text));
    kn_cli_answer(i->cli, json);
}

static void report(struct installing *i)
{
    if (i->cli->json) {
        report_json(i);
        return;
    }
    say(i->cli, need(kn_arena_printf(i->cli->arena, "Service written to: %s", i->service.path)));
    if (i->is_managed)
        say_managed(i);
    else
        say_unmanaged(i);
    if (i->secrets > 0)
        say(i->cli, "A secret that was given as a flag is not in it: write that into the "
                    "configuration.");
    if (!lingers(i))
        say(i->cli, "It runs while you are logged in. For one that starts with the machine and "
                    "stays: loginctl enable-linger");
}

static enum kn_exit show_only(struct installing *i)
{
    if (i->cli->json)
        report_json(i);
    else
        kn_text_add_n(&i->cli->answer, i->text.at, i->text.n);
    return KN_EXIT_DONE;
}

static enum kn_exit install(struct installing *i)
{
    struct kn_error err = { 0 };
    enum kn_exit code = prepare(i);

    if (code == KN_EXIT_DONE && kn_cli_option(i->cli, "--dry-run") != NULL)
        return show_only(i);
    if (code == KN_EXIT_DONE)
        code = need_root(i);
    if (code != KN_EXIT_DONE)
        return code;
    if (need_home(i, &err) != KN_OK || write_unit(i, &err) != KN_OK)
        return kn_cli_fail(i->cli, KN_EXIT_FAILED, &err);
    i->is_managed = kn_service_is_managed(&i->service);
    if (i->is_managed)
        code = enable(i);
    if (code == KN_EXIT_DONE)
        report(i);
    return code;
}

static enum kn_exit run_install(struct kn_cli *cli)
{
    struct installing i = { .cli = cli };
    enum kn_exit code = install(&i);

    kn_run_look_done(&i.running);
    kn_text_done(&i.text);
    return code;
}

/* -- and away with it */

static enum kn_exit run_uninstall(struct kn_cli *cli)
{
    struct installing i = { .cli = cli };
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };
    struct kn_json *json;
    const char *words;
    bool well = true;
    enum kn_exit code = kn_service_find(cli, &i.service);

    if (code == KN_EXIT_DONE)
        code = need_root(&i);
    if (code != KN_EXIT_DONE)
        return code;
    if (kn_service_read(&i.service, &bytes, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    kn_bytes_done(&bytes);
    i.is_managed = kn_service_is_managed(&i.service);
    words = i.is_managed ? kn_service_ask(&i.service, "disable-now", &well) : "";
    if (!well)
        return manager_refused(&i, "disable --now", words);
    kn_transient_file_remove(i.service.path);
    if (i.is_managed)
        (void)kn_service_ask(&i.service, "daemon-reload", &well);
    if (cli->json) {
        json = kn_json_object();
        kn_tree_text(json, "removed", i.service.path);
        kn_tree_set(json, "stopped", kn_json_bool(i.is_managed));
        kn_cli_answer(cli, json);
    }
    say(cli, need(kn_arena_printf(cli->arena, "Service removed: %s", i.service.path)));
    return KN_EXIT_DONE;
}

static const struct kn_command_flag install_flags[] = {
    { "--system", NULL, "For the machine, not for this user alone; only root may." },
    { "--user", "NAME", "With --system: whose node it is; who called sudo, unless given." },
    { "--name", "NAME", "Of the service; kwaainet unless given." },
    { "--dry-run", NULL, "Show the unit, and write nothing." },
    { NULL, NULL, NULL },
};

static const struct kn_command_flag uninstall_flags[] = {
    { "--system", NULL, "The machine's, not this user's; only root may." },
    { "--name", "NAME", "Of the service; kwaainet unless given." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_service_install = {
    .name = "service install",
    .brief = "Let systemd run this node, and start it again whatever ends it.",
    .flags = install_flags,
    .loads_configuration = true,
    .detail =
        "Writes a unit, has systemd read it, enables and starts it; where systemd cannot be asked "
        "it says what to do. The service has the flags that are given here, or those of the node "
        "that runs with the data folder, and that node's configuration. Variables of this shell "
        "are not the service's, and a secret that was given as a flag is left out. A service "
        "never asks and never writes a configuration (start --no-save).\n\n"
        "systemd waits until the node is in the swarm or has tried for 10 s, wants a sign of life "
        "every minute, and starts it again after a failure, with pauses up to a minute and "
        "without ever giving up; kwaainet stop ends it for good. A system service may write to "
        "the data folder, the folder of the configuration and its user's .cache alone. "
        "Installing again replaces the unit; one that was not written by this command is never "
        "touched.\n\n"
        "With --json: {\"path\", \"name\", \"managed\", \"enabled\", \"started\", \"lingers\", "
        "\"unit\"}.",
    .run = run_install,
};

const struct kn_command kn_cmd_service_uninstall = {
    .name = "service uninstall",
    .brief = "Stop the service and remove its unit.",
    .flags = uninstall_flags,
    .detail = "Only a unit that service install has written is removed. The data folder and the "
              "configuration stay.\n\n"
              "With --json: {\"removed\", \"stopped\"}.",
    .run = run_uninstall,
};
