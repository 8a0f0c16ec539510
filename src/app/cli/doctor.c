/* doctor: what is wrong with this machine, its files and its network, and the command that cures
 * it. */
#include "node/doctor/doctor.h"

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/memory.h"

enum { NAMES_WIDTH = 16 }; /* of the column with the names */

static const char *picture(const struct kn_cli *cli, enum kn_doctor_verdict verdict)
{
    static const char *const pictures[] = { "✅", "❗", "❌" };

    return kn_term_emoji(&cli->out_term, "❌")[0] != '\0' ? pictures[verdict]
                                                         : kn_doctor_word(verdict);
}

/* A command stands on a line of its own and is never folded: it is to be copied. */
static void show_one(struct kn_cli *cli, const struct kn_doctor_result *result)
{
    struct kn_fold fold = { .columns = cli->out_term.columns,
                            .at = NAMES_WIDTH,
                            .hang = NAMES_WIDTH };
    struct kn_text line = { 0 };

    kn_text_addf(&cli->answer, "%-*s", (int)NAMES_WIDTH, result->name);
    kn_text_addf(&line, "%s ", picture(cli, result->verdict));
    kn_term_add_safe(&line, kn_text_get(&result->text));
    (void)kn_fold_add(&cli->answer, kn_text_get(&line), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_cut(&line, 0);
    kn_term_add_safe(&line, kn_text_get(&result->fix));
    if (line.n > 0)
        kn_text_addf(&cli->answer, "    %s\n", kn_text_get(&line));
    if (line.failed)
        kn_out_of_memory();
    kn_text_done(&line);
}

static void show(struct kn_cli *cli, const struct kn_doctor_report *report)
{
    for (size_t i = 0; i < report->n; i++) {
        if (!cli->quiet || report->results[i].verdict == KN_DOCTOR_PROBLEM)
            show_one(cli, &report->results[i]);
    }
    if (cli->quiet)
        return;
    if (report->problems == 0)
        kn_text_add(&cli->answer, "\nNothing keeps a node from running here");
    else
        kn_text_addf(&cli->answer, "\n%zu problem%s", report->problems,
                     report->problems == 1 ? "" : "s");
    if (report->warnings > 0)
        kn_text_addf(&cli->answer, "; %zu warning%s", report->warnings,
                     report->warnings == 1 ? "" : "s");
    kn_text_add(&cli->answer, ".\n");
}

static struct kn_json *to_json(const struct kn_doctor_report *report)
{
    struct kn_json *json = kn_json_object(), *checks = kn_json_array();

    for (size_t i = 0; i < report->n; i++) {
        const struct kn_doctor_result *result = &report->results[i];
        struct kn_json *one = kn_json_object();

        kn_tree_text(one, "name", result->name);
        kn_tree_text(one, "result", kn_doctor_word(result->verdict));
        kn_tree_text(one, "text", kn_text_get(&result->text));
        kn_tree_text(one, "fix", result->fix.n > 0 ? kn_text_get(&result->fix) : NULL);
        kn_tree_append(checks, one);
    }
    kn_tree_set(json, "ok", kn_json_bool(report->problems == 0));
    kn_tree_set(json, "checks", checks);
    return json;
}

static enum kn_exit look(struct kn_cli *cli, const struct kn_snapshot *snapshot,
                         const struct kn_config_paths *paths)
{
    const struct kn_doctor_order order = {
        .request = &cli->request, .paths = paths, .snapshot = snapshot, .root = ""
    };
    struct kn_doctor_report report;
    struct kn_error err = { 0 };
    enum kn_exit code;

    if (kn_doctor_look(&order, &report, &err) != KN_OK) {
        kn_doctor_done(&report);
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    }
    code = report.problems == 0 ? KN_EXIT_DONE : KN_EXIT_FAILED;
    if (cli->json)
        kn_cli_answer(cli, to_json(&report));
    else
        show(cli, &report);
    kn_doctor_done(&report);
    return code;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_config_paths paths;
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_locate(cli, &paths);

    if (code == KN_EXIT_DONE)
        code = kn_load_any(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    code = look(cli, snapshot, &paths);
    kn_snapshot_unref(snapshot);
    return code;
}

const struct kn_command kn_cmd_doctor = {
    .name = "doctor",
    .brief = "Say what is wrong here, and the command that cures it.",
    .loads_configuration = true,
    .detail =
        "Looks at the configuration, the data folder, the disk, the private key, the limit of "
        "open files, memory, graphics cards, the model's files, the port, the addresses, the names "
        "of bootstraps, the bootstraps and the clock, as a start would find them. Changes nothing, "
        "needs no running node, and takes about five seconds at most, with or without a network. "
        "Below each problem stands the command that cures it, where there is one. Ends with 1 when "
        "there is a problem; a warning is none.\n\n"
        "With --json: {\"ok\", \"checks\": [{\"name\", \"result\", \"text\", \"fix\"}]}. "
        "\"result\" "
        "is ok, warning or problem; \"fix\" is a command for a shell, or null.",
    .run = run,
};
