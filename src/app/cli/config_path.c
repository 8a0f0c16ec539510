/* config path: where everything lies. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "lib/os/file.h"

static void add_line(struct kn_cli *cli, const char *name, const char *path)
{
    kn_text_addf(&cli->answer, "%-17s", name);
    kn_term_add_safe(&cli->answer, path);
    kn_text_add(&cli->answer, kn_file_exists(path) ? "\n" : "  (not there)\n");
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_config_paths paths;
    enum kn_exit code = kn_locate(cli, &paths);
    struct kn_json *json;

    if (code != KN_EXIT_DONE)
        return code;
    if (!cli->json) {
        add_line(cli, "config", paths.config);
        add_line(cli, "home", paths.home);
        add_line(cli, "discovery_cache", paths.discovery_cache);
        add_line(cli, "calibration", paths.calibration);
        return KN_EXIT_DONE;
    }
    json = kn_json_object();
    kn_tree_text(json, "config", paths.config);
    kn_tree_set(json, "config_exists", kn_json_bool(paths.config_exists));
    kn_tree_text(json, "home", paths.home);
    kn_tree_text(json, "discovery_cache", paths.discovery_cache);
    kn_tree_text(json, "calibration", paths.calibration);
    kn_cli_answer(cli, json);
    return KN_EXIT_DONE;
}

const struct kn_command kn_cmd_config_path = {
    .name = "config path",
    .brief = "Show where the configuration, the data folder and the caches lie.",
    .loads_configuration = true,
    .detail = "Reads none of them.\n\n"
              "With --json: {\"config\", \"config_exists\", \"home\", \"discovery_cache\", "
              "\"calibration\"}.",
    .run = run,
};
