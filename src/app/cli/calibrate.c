/* calibrate: how many blocks this machine can hold, found out anew and kept. */
#include "app/cli/calibrate.h"

#include <string.h>

#include "app/cli/calibrate_full.h"
#include "app/cli/calibration_view.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/os/private_folder.h"
#include "lib/yaml/yaml.h"
#include "node/machine/calibrate.h"
#include "node/machine/hardware.h"

/* "quick", "full", or nothing. */
static enum kn_exit check_mode(struct kn_cli *cli, bool *is_full)
{
    struct kn_error err = { 0 };

    *is_full = cli->argument_count > 0 && strcmp(cli->arguments[0], "full") == 0;
    if (cli->argument_count == 0 || *is_full || strcmp(cli->arguments[0], "quick") == 0)
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_INVALID, "calibrate does not take \"%.100s\"", cli->arguments[0]);
    kn_hint(&err, "Write kwaainet calibrate quick, or kwaainet calibrate full.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* -- the document as JSON: what stands in the file, and nothing else */

static struct kn_json *json_of(const struct kn_yaml_node *node);

static struct kn_json *json_of_scalar(const struct kn_yaml_node *node)
{
    int64_t number;
    double decimal;

    if (node->style != KN_YAML_PLAIN)
        return kn_json_string(node->text);
    if (kn_yaml_is_null(node))
        return kn_json_null();
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        return kn_json_bool(node->text[0] == 't');
    if (kn_parse_whole(node->text, &number) == KN_OK)
        return kn_json_int(number);
    if (kn_parse_decimal(node->text, NULL, &decimal) == KN_OK)
        return kn_json_number(decimal);
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
        [KN_MODEL_OF_PATH] = "the one in the folder of model.path",
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

/* One run of the command. */
struct calibrating {
    struct kn_cli *cli;
    struct kn_snapshot *snapshot;
    struct kn_hardware hardware;
    struct kn_calibrated_machine machine;
    struct kn_full *full; /* NULL: quick */
    bool before_start;
};

static void show_machine(const struct kn_page *page, const struct calibrating *c)
{
    kn_page_line(page, "🔬", "Detecting system capabilities...");
    kn_calibration_machine(page, &c->hardware);
    add_model(page, &c->machine);
    kn_page_gap(page);
}

static void show_result(const struct kn_page *page, const struct calibrating *c, const char *path)
{
    const struct kn_calibrated_machine *machine = &c->machine;

    if (c->full != NULL)
        kn_calibrate_show_full(page, c->full);
    else
        kn_calibration_estimate(page, &machine->model, false);
    kn_page_item(page, "Data type: %s (%s)", kn_words_dtype[machine->model.format.dtype].name,
                 machine->model.format.reason);
    if (c->full == NULL)
        kn_calibration_notes(page, &machine->model, &machine->speed);
    kn_page_gap(page);
    kn_calibration_profiles(page, &machine->model, (int)machine->calibration.preset,
                            c->full != NULL);
    kn_page_gap(page);
    kn_page_line(page, "✅", "Kept in %s", kn_short_path(c->cli, path));
}

static void answer(const struct calibrating *c, const char *path)
{
    struct kn_cli *cli = c->cli;
    const struct kn_page page = { &cli->out_term, &cli->answer };

    if (cli->json && !c->before_start)
        answer_json(cli, &c->machine.calibration);
    if (cli->json || cli->quiet)
        return;
    if (c->full == NULL)
        show_machine(&page, c);
    show_result(&page, c, path);
    if (c->before_start)
        kn_page_gap(&page);
}

static enum kn_exit keep(const struct calibrating *c)
{
    struct kn_config_paths paths;
    struct kn_error err = { 0 };
    enum kn_exit code = kn_locate(c->cli, &paths);

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_private_folder_need(paths.home, &err) != KN_OK ||
        kn_calibration_write(paths.calibration, &c->machine.calibration, &err) != KN_OK)
        return kn_cli_fail(c->cli, KN_EXIT_FAILED, &err);
    answer(c, paths.calibration);
    return KN_EXIT_DONE;
}

/* What is known beforehand is shown while the rest is measured. */
static enum kn_exit measure(struct calibrating *c)
{
    struct kn_cli *cli = c->cli;
    const struct kn_page page = { &cli->out_term, &cli->answer };
    struct kn_error err = { 0 };
    enum kn_exit code;

    if (kn_full_prepare(c->snapshot, &c->hardware, &c->machine, c->full, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_CONFIGURATION, &err);
    if (!cli->json && !cli->quiet) {
        show_machine(&page, c);
        (void)!kn_cli_flush(cli, &err); /* the end tells whether anybody reads */
    }
    code = kn_calibrate_measure(cli, c->full);
    if (code == KN_EXIT_DONE)
        kn_full_keep(c->full, cli->request.now_s, &c->machine);
    return code;
}

static enum kn_exit calibrate(struct calibrating *c)
{
    const struct kn_hardware_options options = { 0 };
    struct kn_cli *cli = c->cli;
    struct kn_error err = { 0 };
    enum kn_exit code = KN_EXIT_DONE;

    if (kn_hardware_probe(&options, &c->hardware) != KN_OK)
        kn_out_of_memory();
    if (kn_calibrate(c->snapshot, &c->hardware, cli->request.environment, cli->arena,
                     cli->request.now_s, &c->machine, &err) != KN_OK)
        return kn_cli_fail(cli, err.code == KN_E_NOT_FOUND ? KN_EXIT_CONFIGURATION : KN_EXIT_FAILED,
                           &err);
    if (c->full != NULL)
        code = measure(c);
    return code == KN_EXIT_DONE ? keep(c) : code;
}

static enum kn_exit calibrate_with(struct kn_cli *cli, bool is_full, bool before_start)
{
    struct calibrating *c = kn_alloc(sizeof(*c));
    enum kn_exit code;

    *c = (struct calibrating){ .cli = cli, .before_start = before_start };
    code = kn_load_valid(cli, &c->snapshot);
    if (code == KN_EXIT_DONE) {
        c->full = is_full ? kn_alloc(sizeof(*c->full)) : NULL;
        code = calibrate(c);
        kn_free(c->full);
        kn_snapshot_unref(c->snapshot);
    }
    kn_free(c);
    return code;
}

enum kn_exit kn_calibrate_before_start(struct kn_cli *cli)
{
    return calibrate_with(cli, true, true);
}

static enum kn_exit run(struct kn_cli *cli)
{
    bool is_full;
    enum kn_exit code = check_mode(cli, &is_full);

    return code == KN_EXIT_DONE ? calibrate_with(cli, is_full, false) : code;
}

const struct kn_command kn_cmd_calibrate = {
    .name = "calibrate",
    .brief = "Find out anew how many blocks this machine can hold.",
    .arguments = "[quick|full]",
    .most = 1,
    .loads_configuration = true,
    .detail = "Looks at memory, limits, processor and GPUs, finds out how many blocks this machine "
              "can hold, and keeps the three profiles in calibration.yaml of the data folder. Asks "
              "no network. The model is that of the configuration, else that of an earlier start, "
              "else the built-in one.\n\n"
              "quick, which is the usual one, computes what fits without loading anything.\n\n"
              "full takes up to a minute and does it: it measures the speed of a few blocks, with "
              "one thread and with all, in float32 and bfloat16 where no type is written; then it "
              "holds as many blocks as there is memory for, with a fifth of it as attention cache, "
              "and runs a session of full length through them. The weights are those of the "
              "model's files where they are on this machine, else made-up ones of its shapes. It "
              "looks at what is left before every 16 MiB and stops at 24 MiB, so that nothing is "
              "swapped out and nobody is killed. An interrupt ends it, and nothing is written. The "
              "next start plans by what was measured, until the machine, the limits, the model or "
              "the settings are others.\n\n"
              "With --json: the tree of calibration.yaml.",
    .run = run,
};
