#include "app/cli/start_words.h"

#include <string.h>

#include "app/cli/cli.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"

/* What is relative to the working folder would mean something else in another one. */
static bool is_relative(const char *path)
{
    return path[0] != '/' && path[0] != '~' && path[0] != '$';
}

static const char *word(struct kn_cli *cli, const char *name, const char *value, bool is_path)
{
    const char *folder = is_path && is_relative(value) ? cli->request.working : NULL;
    const char *made = folder != NULL ? kn_arena_printf(cli->arena, "%s=%s/%s", name, folder, value)
                                      : kn_arena_printf(cli->arena, "%s=%s", name, value);

    if (made == NULL)
        kn_out_of_memory();
    return made;
}

/* "--set model.dtype" names two words; what becomes of it is one. */
static const char *setting_word(struct kn_cli *cli, const struct kn_flag *flag)
{
    bool is_path = flag->setting->type == &kn_type_path;
    const char *blank = strchr(flag->name, ' '), *name = flag->name;

    if (blank != NULL)
        name = kn_arena_printf(cli->arena, "%.*s=%s", (int)(blank - name), name, blank + 1);
    if (name == NULL)
        kn_out_of_memory();
    return word(cli, name, flag->value, is_path);
}

struct kn_start_words kn_start_words(struct kn_cli *cli)
{
    const struct kn_config_request *request = &cli->request;
    const char *machine = kn_cli_option(cli, "--machine");
    const char **at = kn_arena_alloc(cli->arena, (request->flag_count + 3) * sizeof(*at));
    struct kn_start_words words = { .at = at };

    if (at == NULL)
        kn_out_of_memory();
    if (request->home != NULL)
        at[words.n++] = word(cli, "--home", request->home, true);
    if (request->config_path != NULL)
        at[words.n++] = word(cli, "--config", request->config_path, true);
    if (machine != NULL)
        at[words.n++] = word(cli, "--machine", machine, true);
    for (size_t i = 0; i < request->flag_count; i++) {
        if (request->flags[i].setting->secret)
            words.secrets++;
        else
            at[words.n++] = setting_word(cli, &request->flags[i]);
    }
    return words;
}
