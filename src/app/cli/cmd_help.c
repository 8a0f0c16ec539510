/* help: the overview, a group of commands, or one. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/help.h"
#include "app/cli/parse.h"

/* Read the arguments as a command line of their own, followed by --help. */
static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_cli asked = { .arena = cli->arena };
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (cli->argument_count == 0)
        return kn_help_overview(cli);
    rc = kn_cli_parse(&asked, cli->arguments, cli->argument_count, &err);
    if (asked.command != NULL && asked.argument_count == 0)
        return kn_help_command(cli, asked.command);
    if (asked.group != NULL)
        return kn_help_group(cli, asked.group);
    if (rc == KN_OK || asked.command != NULL)
        (void)kn_fail(&err, KN_E_INVALID, "no command is called \"%.100s\"",
                      cli->arguments[cli->argument_count - 1]);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

const struct kn_command kn_cmd_help = {
    .name = "help",
    .brief = "Show what there is, or more about one command.",
    .arguments = "[COMMAND]",
    .most = 3,
    .detail = "kwaainet COMMAND --help does the same.",
    .run = run,
};
