/* calibrate: how many blocks this machine can hold, found out anew and kept. */
#include "app/cli/calibrate.h"

#include <string.h>

#include "app/cli/calibration_view.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/os/private_folder.h"
#include "lib/yaml/yaml.h"
#include "node/calibrate.h"
#include "node/hardware.h"

enum kn_exit kn_calibrate_refuse_full(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_UNSUPPORTED, "the full calibration is not in this version");
    kn_hint(&err, "Run kwaainet calibrate quick: it computes what fits without loading a model.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* "quick", or nothing. */
static enum kn_exit check_mode(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    if (cli->argument_count == 0 || strcmp(cli->arguments[0], "quick") == 0)
        return KN_EXIT_DONE;
    if (strcmp(cli->arguments[0], "full") == 0)
        return kn_calibrate_refuse_full(cli);
    (void)kn_fail(&err, KN_E_INVALID, "calibrate does not take \"%.100s\"", cli->arguments[0]);
    kn_hint(&err, "Write kwaainet calibrate quick.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* -- the document as JSON: what stands in the file, and nothing else */

static struct kn_json *json_of(const struct kn_yaml_node *node);

static struct kn_json *json_of_scalar(const struct kn_yaml_node *node)
{
    int64_t number;

    if (node->style != KN_YAML_PLAIN)
        return kn_json_string(node->text);
    if (kn_yaml_is_null(node))
        return kn_json_null();
    if (strcmp(node->text, "true") == 0)
        return kn_json_bool(true);
    if (kn_parse_whole(node->text, &number) == KN_OK)
        return kn_json_int(number);
    return kn_json_string(node->text);
}

static struct kn_json *json_of_collection(const struct kn_yaml_node *node)
{
    bool is_map = node->kind == KN_YAML_MAPPING;
    struct kn_json *json = is_map ? kn_json_object() : kn_json_array();

    for (const struct kn_yaml_node *at = node->first; at != NULL; at = at->next) {
        if (is_map)
            kn_tree_set(json, at->text, json_of(at->value));
        else
            kn_tree_append(json, json_of(at));
    }
    return json;
}

static struct kn_json *json_of(const struct kn_yaml_node *node)
{
    return node->kind == KN_YAML_SCALAR ? json_of_scalar(node) : json_of_collection(node);
}

static void answer_json(struct kn_cli *cli, const struct kn_calibration *calibration)
{
    struct kn_yaml_document document;
    struct kn_text text = { 0 };

    kn_calibration_print(calibration, &text);
    if (text.failed || kn_yaml_parse(cli->arena, kn_text_get(&text), text.n, &document) != KN_OK ||
        document.root == NULL)
        kn_out_of_memory(); /* it is a document: we wrote it */
    kn_cli_answer(cli, json_of(document.root));
    kn_text_done(&text);
}

/* -- the run */

static void add_model(const struct kn_page *page, const struct kn_calibrated_machine *machine)
{
    static const char *const whose[] = {
        [KN_MODEL_WRITTEN] = "as the settings say",
        [KN_MODEL_KEPT] = "kept from an earlier start",
        [KN_MODEL_FALLBACK] = "the built-in one: no model is written and no start has chosen one",
    };
    const struct kn_model_choice *model = &machine->model;

    kn_page_item(page, "Model: %s (%s)", model->name, whose[machine->whose]);
    kn_calibration_model_size(page, model);
    if (machine->nearest[0] != '\0')
        kn_page_item(page, "Nobody here knows this model. %s", machine->nearest);
    if (model->warning != NULL)
        kn_page_line(page, "❗", "%s", model->warning);
}

static void answer_text(struct kn_cli *cli, const struct kn_calibrated_machine *machine,
                        const char *path)
{
    const struct kn_page page = { &cli->out_term, &cli->answer };

    kn_page_line(&page, "🔬", "Detecting system capabilities...");
    kn_calibration_machine(&page, machine->calibration.hardware);
    add_model(&page, machine);
    kn_page_gap(&page);
    kn_calibration_estimate(&page, &machine->model);
    kn_page_item(&page, "Data type: %s (%s)", kn_words_dtype[machine->model.format.dtype].name,
                 machine->model.format.reason);
    kn_calibration_notes(&page, &machine->model, &machine->speed);
    kn_page_gap(&page);
    kn_calibration_profiles(&page, &machine->model, (int)machine->calibration.preset);
    kn_page_gap(&page);
    kn_page_line(&page, "✅", "Kept in %s", kn_short_path(cli, path));
}

static enum kn_exit keep(struct kn_cli *cli, const struct kn_calibrated_machine *machine)
{
    struct kn_config_paths paths;
    struct kn_error err = { 0 };
    enum kn_exit code = kn_locate(cli, &paths);

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_private_folder_need(paths.home, &err) != KN_OK ||
        kn_calibration_write(paths.calibration, &machine->calibration, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    if (cli->json)
        answer_json(cli, &machine->calibration);
    else if (!cli->quiet)
        answer_text(cli, machine, paths.calibration);
    return KN_EXIT_DONE;
}

static enum kn_exit calibrate(struct kn_cli *cli, const struct kn_snapshot *snapshot)
{
    const struct kn_hardware_options options = { 0 };
    struct kn_calibrated_machine machine;
    struct kn_hardware hardware;
    struct kn_error err = { 0 };

    if (kn_hardware_probe(&options, &hardware) != KN_OK)
        kn_out_of_memory();
    if (kn_calibrate(snapshot, &hardware, cli->request.environment, cli->arena, cli->request.now_s, &machine, &err) != KN_OK)
        return kn_cli_fail(cli, err.code == KN_E_NOT_FOUND ? KN_EXIT_CONFIGURATION : KN_EXIT_FAILED,
                           &err);
    return keep(cli, &machine);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_snapshot *snapshot;
    enum kn_exit code = check_mode(cli);

    if (code == KN_EXIT_DONE)
        code = kn_load_valid(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    code = calibrate(cli, snapshot);
    kn_snapshot_unref(snapshot);
    return code;
}

const struct kn_command kn_cmd_calibrate = {
    .name = "calibrate",
    .brief = "Find out anew how many blocks this machine can hold.",
    .arguments = "[quick|full]",
    .most = 1,
    .loads_configuration = true,
    .detail = "Looks at memory, limits, processor and GPUs, computes what one block of the model "
              "needs, and keeps the three profiles in calibration.yaml of the data folder. Asks "
              "no network and loads no model. The model is that of the configuration, else that of "
              "an earlier start, else the built-in one. The full calibration is not in this "
              "version: its exit code is 2.\n\n"
              "With --json: the tree of calibration.yaml.",
    .run = run,
};
