/* network models: what the swarm serves, read straight from the DHT. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/network_look.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "app/term/table.h"
#include "lib/base/arena.h"
#include "node/plan/plan.h"

/* "all 80", "68 of 126" */
static const char *covered(struct kn_cli *cli, const struct kn_survey_model *model)
{
    char *kept = model->complete
                     ? kn_arena_printf(cli->arena, "all %u", model->num_blocks)
                     : kn_arena_printf(cli->arena, "%u of %u", model->covered, model->num_blocks);

    if (kept == NULL)
        kn_out_of_memory();
    return kept;
}

static void add_headline(struct kn_cli *cli, const struct kn_look *look, uint32_t models)
{
    struct kn_survey_totals totals = kn_survey_totals(kn_look_survey(look));
    struct kn_text text = { 0 };

    kn_network_add_plural(&text, models, "model");
    kn_text_add(&text, ", ");
    kn_network_add_plural(&text, totals.online, "provider");
    kn_text_addf(&text, " online, %u joining (", totals.joining);
    kn_swarm_add_ms(&text, kn_look_elapsed_ms(look));
    kn_text_add_char(&text, ')');
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 0);
    kn_text_done(&text);
}

/* Two rows that would read alike are told apart by their prefixes. */
static bool is_name_twice(const struct kn_survey *survey, uint32_t at)
{
    const char *name = kn_network_model_name(kn_survey_model(survey, at));

    for (uint32_t i = 0; i < kn_survey_listed(survey); i++) {
        if (i != at && strcmp(kn_network_model_name(kn_survey_model(survey, i)), name) == 0)
            return true;
    }
    return false;
}

static void show_models(struct kn_cli *cli, const struct kn_look *look)
{
    static const struct kn_table_column columns[] = {
        { "MODEL", false, true },  { "ONLINE", true, false },     { "JOINING", true, false },
        { "BLOCKS", true, false }, { "THROUGHPUT", true, false },
    };
    const struct kn_survey *survey = kn_look_survey(look);
    uint32_t n = kn_survey_listed(survey);
    const char **cells = kn_alloc((n + 1) * KN_COUNT(columns) * sizeof(*cells));

    for (uint32_t i = 0; i < n; i++) {
        const struct kn_survey_model *model = kn_survey_model(survey, i);
        const char **row = cells + i * KN_COUNT(columns);

        row[0] = kn_network_cell(cli, is_name_twice(survey, i) ? model->prefix
                                                               : kn_network_model_name(model));
        row[1] = kn_network_number(cli, model->online, 0);
        row[2] = kn_network_number(cli, model->joining, 0);
        row[3] = covered(cli, model);
        row[4] = kn_network_number(cli, model->throughput, 1);
    }
    add_headline(cli, look, n);
    if (n > 0) {
        kn_text_add_char(&cli->answer, '\n');
        kn_table_add(&cli->out_term, columns, KN_COUNT(columns), cells, n, &cli->answer);
    }
    kn_free(cells);
    kn_network_add_notes(cli, look);
}

static struct kn_json *model_json(struct kn_cli *cli, const struct kn_survey_model *model)
{
    const struct kn_model_facts facts = {
        .prefix = model->prefix,
        .repository = model->repository,
        .num_blocks = model->num_blocks,
    };
    const char *objection = kn_model_objection(&facts, KN_PLAN_FAMILIES, cli->arena);
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "prefix", model->prefix);
    kn_tree_text(json, "repository", model->repository);
    kn_tree_set(json, "num_blocks", kn_json_int(model->num_blocks));
    kn_tree_set(json, "registered", kn_json_bool(model->registered));
    kn_tree_set(json, "providers_online", kn_json_int(model->online));
    kn_tree_set(json, "providers_joining", kn_json_int(model->joining));
    kn_tree_set(json, "blocks_covered", kn_json_int(model->covered));
    kn_tree_set(json, "complete", kn_json_bool(model->complete));
    kn_tree_set(json, "throughput", kn_json_number(model->throughput));
    kn_tree_set(json, "eligible", kn_json_bool(objection == NULL));
    kn_tree_text(json, "reason", objection);
    return json;
}

static struct kn_json *models_json(struct kn_cli *cli, const struct kn_network_look *run)
{
    const struct kn_look *look = run->look;
    const struct kn_survey *survey = kn_look_survey(look);
    struct kn_json *json = kn_json_object(), *models = kn_json_array();

    for (uint32_t i = 0; i < kn_survey_listed(survey); i++)
        kn_tree_append(models, model_json(cli, kn_survey_model(survey, i)));
    kn_tree_set(json, "models", models);
    kn_network_add_look_json(json, run);
    return json;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_network_look look = { 0 };
    enum kn_exit code = kn_network_look(cli, NULL, &look);

    if (code != KN_EXIT_DONE)
        return code;
    if (cli->json)
        kn_cli_answer(cli, models_json(cli, &look));
    else
        show_models(cli, look.look);
    kn_network_look_done(&look);
    return code;
}

const struct kn_command kn_cmd_network_models = {
    .name = "network models",
    .brief = "Show the models that the swarm serves, most popular first.",
    .loads_configuration = true,
    .detail =
        "Asks the bootstrap peers of the configuration and the nodes that they know; no node "
        "needs to run here. Popularity counts the peers that are online with at least one "
        "block. Records that break a rule are counted and not believed. The exit code is 69 "
        "when no bootstrap peer answers.\n\n"
        "With --json: {\"models\": [{\"prefix\", \"repository\", \"num_blocks\", \"registered\", "
        "\"providers_online\", \"providers_joining\", \"blocks_covered\", \"complete\", "
        "\"throughput\", \"eligible\", \"reason\"}], \"malformed\", \"malformed_kinds\", "
        "\"expired\", \"unanswered\", \"bootstraps\": [{\"address\", \"ok\", \"ms\", "
        "\"error\", \"code\"}], \"counters\", \"elapsed_ms\"}.",
    .run = run,
};
