#include "app/cli/service_manager.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/service_unit.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/process.h"

enum { WORDS_MAX = 8, ANSWER_MAX = 4096, NAME_MAX_LENGTH = 64 };

static const char *need(const char *text)
{
    if (text == NULL)
        kn_out_of_memory();
    return text;
}

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.";
    size_t n = strlen(name);

    return n > 0 && n <= NAME_MAX_LENGTH && strspn(name, allowed) == n && name[0] != '.';
}

/* spec: systemd.unit(5), "Unit File Load Path" */
static const char *folder_of(struct kn_cli *cli, bool is_system)
{
    const char *config = kn_cli_lookup(cli, "XDG_CONFIG_HOME"), *home = kn_cli_lookup(cli, "HOME");

    if (is_system)
        return "/etc/systemd/system";
    if (config != NULL && config[0] == '/')
        return need(kn_arena_printf(cli->arena, "%s/systemd/user", config));
    if (home != NULL && home[0] == '/')
        return need(kn_arena_printf(cli->arena, "%s/.config/systemd/user", home));
    return NULL;
}

enum kn_exit kn_service_find(struct kn_cli *cli, struct kn_service *out)
{
    const char *name = kn_cli_option(cli, "--name");
    struct kn_error err = { 0 };

    if (name == NULL)
        name = "kwaainet";
    if (!is_name(name)) {
        (void)kn_fail(&err, KN_E_INVALID, "--name %.70s: not the name of a service", name);
        kn_hint(&err, "Use up to %d letters, digits, points and dashes.", NAME_MAX_LENGTH);
        return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
    }
    *out = (struct kn_service){ .cli = cli, .is_system = kn_cli_option(cli, "--system") != NULL };
    out->name = need(kn_arena_printf(cli->arena, "%s.service", name));
    out->folder = folder_of(cli, out->is_system);
    if (out->folder == NULL) {
        (void)kn_fail(&err, KN_E_UNKNOWN, "HOME is not set, and so the folder of units not known");
        kn_hint(&err, "Set HOME.");
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    }
    out->path = need(kn_arena_printf(cli->arena, "%s/%s", out->folder, out->name));
    return KN_EXIT_DONE;
}

enum kn_code kn_service_read(const struct kn_service *service, struct kn_bytes *out,
                             struct kn_error *err)
{
    enum kn_code rc = kn_file_read(service->path, KN_SERVICE_UNIT_MAX, out, err);

    if (rc == KN_E_NOT_FOUND) {
        (void)kn_fail(err, KN_E_NOT_FOUND, "%s is not installed", service->name);
        kn_hint(err, "kwaainet service install does that.");
    } else if (rc != KN_OK) {
        kn_wrap(err, "%s", service->path);
    }
    if (rc != KN_OK)
        return rc;
    if (kn_service_unit_is_ours(out->at))
        return KN_OK;
    kn_bytes_done(out);
    (void)kn_fail(err, KN_E_DENIED, "%s: was not written by kwaainet service install",
                  service->path);
    kn_hint(err, "It stays as it is. Move it away, or choose another name with --name.");
    return KN_E_DENIED;
}

static const char *ask(const struct kn_service *service, const char *const *words, size_t n,
                       bool *well)
{
    const char *argv[WORDS_MAX + 3] = { "systemctl" };
    struct kn_text text = { 0 };
    struct kn_error ignored = { 0 };
    const char *line;
    size_t at = 1;
    int status = -1;

    if (!service->is_system)
        argv[at++] = "--user";
    for (size_t i = 0; i < n && i < WORDS_MAX; i++)
        argv[at++] = words[i];
    *well = kn_process_ask(argv, ANSWER_MAX, &text, &status, &ignored) == KN_OK && status == 0;
    line = kn_text_get(&text);
    line = need(kn_arena_dup_n(service->cli->arena, line, strcspn(line, "\n")));
    kn_text_done(&text);
    return line;
}

/* Not every answer of 0 is one of a manager, and not every other is one of none ("degraded"). */
bool kn_service_is_managed(const struct kn_service *service)
{
    static const char *const words[] = { "is-system-running" };
    static const char *const states[] = { "running", "degraded", "starting", "initializing",
                                          "maintenance" };
    bool well;
    const char *state = ask(service, words, KN_COUNT(words), &well);

    for (size_t i = 0; i < KN_COUNT(states); i++) {
        if (strcmp(state, states[i]) == 0)
            return true;
    }
    return false;
}

const char *kn_service_ask(const struct kn_service *service, const char *verb, bool *well)
{
    const char *words[WORDS_MAX] = { verb };
    size_t n = 1;

    if (strcmp(verb, "enable-now") == 0 || strcmp(verb, "disable-now") == 0) {
        words[0] = verb[0] == 'e' ? "enable" : "disable";
        words[n++] = "--now";
    }
    if (strcmp(verb, "daemon-reload") != 0)
        words[n++] = service->name;
    return ask(service, words, n, well);
}

const char *kn_service_property(const struct kn_service *service, const char *property)
{
    const char *const words[] = { "show", "--property", property, "--value", service->name };
    bool well;

    return ask(service, words, KN_COUNT(words), &well);
}
