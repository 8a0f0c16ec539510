/* network coverage: who serves which block of one model. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/network_look.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "app/term/table.h"
#include "lib/base/arena.h"

static bool is_alike(const struct kn_survey_block *a, const struct kn_survey_block *b)
{
    return a->online == b->online && a->joining == b->joining && a->asked == b->asked;
}

/* "68-79 (12 blocks)", and inclusive, as people count. */
static const char *range(struct kn_cli *cli, uint32_t first, uint32_t last)
{
    char *kept = first == last ? kn_arena_printf(cli->arena, "%u", first)
                               : kn_arena_printf(cli->arena, "%u-%u (%u blocks)", first, last,
                                                 last - first + 1);

    if (kept == NULL)
        kn_out_of_memory();
    return kept;
}

/* Blocks in a row that look alike are one line. Returns how many lines. */
static size_t fill(struct kn_cli *cli, const struct kn_survey *survey,
                   const struct kn_survey_model *model, const char **cells)
{
    size_t n = 0;

    for (uint32_t first = 0, next; first < model->num_blocks; first = next) {
        struct kn_survey_block block = kn_survey_block(survey, model, first);
        const char **row = cells + 4 * n++;
        double least = block.throughput;

        for (next = first + 1; next < model->num_blocks; next++) {
            struct kn_survey_block other = kn_survey_block(survey, model, next);

            if (!is_alike(&block, &other))
                break;
            least = other.throughput < least ? other.throughput : least;
        }
        row[0] = range(cli, first, next - 1);
        row[1] = !block.asked ? "?" : kn_network_number(cli, block.online, 0);
        row[2] = !block.asked ? "?" : kn_network_number(cli, block.joining, 0);
        row[3] = kn_network_number(cli, least, 1);
    }
    return n;
}

static void show(struct kn_cli *cli, const struct kn_look *look,
                 const struct kn_survey_model *model)
{
    static const struct kn_table_column columns[] = {
        { "BLOCKS", false, true },
        { "ONLINE", true, false },
        { "JOINING", true, false },
        { "THROUGHPUT", true, false },
    };
    const char **cells = kn_alloc(4 * (size_t)model->num_blocks * sizeof(*cells));
    struct kn_text text = { 0 };
    size_t n = fill(cli, kn_look_survey(look), model, cells);

    kn_term_add_safe(&text, kn_network_model_name(model));
    kn_text_add(&text, " as ");
    kn_term_add_safe(&text, model->prefix);
    kn_text_addf(&text, ": %u of %u blocks have a provider that is online (", model->covered,
                 model->num_blocks);
    kn_swarm_add_ms(&text, kn_look_elapsed_ms(look));
    kn_text_add_char(&text, ')');
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 0);
    kn_text_add_char(&cli->answer, '\n');
    kn_table_add(&cli->out_term, columns, KN_COUNT(columns), cells, n, &cli->answer);
    kn_text_done(&text);
    kn_free(cells);
    kn_network_add_notes(cli, look);
}

static struct kn_json *to_json(const struct kn_network_look *run,
                               const struct kn_survey_model *model)
{
    const struct kn_look *look = run->look;
    struct kn_json *json = kn_json_object(), *blocks = kn_json_array();

    for (uint32_t i = 0; i < model->num_blocks; i++) {
        struct kn_survey_block block = kn_survey_block(kn_look_survey(look), model, i);
        struct kn_json *one = kn_json_object();

        kn_tree_set(one, "index", kn_json_int(i));
        kn_tree_set(one, "online", kn_json_int(block.online));
        kn_tree_set(one, "joining", kn_json_int(block.joining));
        kn_tree_set(one, "throughput", kn_json_number(block.throughput));
        kn_tree_set(one, "asked", kn_json_bool(block.asked));
        kn_tree_append(blocks, one);
    }
    kn_tree_text(json, "prefix", model->prefix);
    kn_tree_text(json, "repository", model->repository);
    kn_tree_set(json, "num_blocks", kn_json_int(model->num_blocks));
    kn_tree_set(json, "complete", kn_json_bool(model->complete));
    kn_tree_set(json, "blocks", blocks);
    kn_network_add_look_json(json, run);
    return json;
}

static enum kn_exit no_model(struct kn_cli *cli, const struct kn_look *look, const char *word)
{
    const struct kn_nearest *nearest = kn_look_nearest(look);
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_NOT_FOUND, "no model in the swarm is called \"%s\"", word);
    if (nearest->best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest->best);
    else
        kn_hint(&err, "See which there are: kwaainet network models.");
    return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_network_look look = { 0 };
    const char *word = cli->arguments[0];
    const struct kn_survey_model *model;
    enum kn_exit code = kn_network_look(cli, word, &look);

    if (code != KN_EXIT_DONE)
        return code;
    model = kn_look_code(look.look) != KN_E_NOT_FOUND
                ? kn_survey_find(kn_look_survey(look.look), word, NULL)
                : NULL;
    if (model == NULL)
        code = no_model(cli, look.look, word);
    else if (cli->json)
        kn_cli_answer(cli, to_json(&look, model));
    else
        show(cli, look.look, model);
    kn_network_look_done(&look);
    return code;
}

const struct kn_command kn_cmd_network_coverage = {
    .name = "network coverage",
    .brief = "Show who serves which block of a model.",
    .arguments = "MODEL",
    .least = 1,
    .most = 1,
    .loads_configuration = true,
    .detail = "MODEL is a prefix, a repository or the name of a model, as network models shows "
              "them. The exit code is 69 when no bootstrap peer answers.\n\n"
              "With --json: {\"prefix\", \"repository\", \"num_blocks\", \"complete\", "
              "\"blocks\": [{\"index\", \"online\", \"joining\", \"throughput\", "
              "\"asked\"}]} and what network models says of bootstraps and records.",
    .run = run,
};
