#include "app/cli/network_look.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/arena.h"

static void on_done(void *arg)
{
    struct kn_network_look *run = arg;

    kn_loop_stop(kn_visitor_loop(run->swarm.visitor));
}

/* The look is there when it is KN_EXIT_DONE, whatever it found. */
static enum kn_exit look_once(struct kn_cli *cli, const char *model, struct kn_network_look *run)
{
    struct kn_error err = { 0 };
    enum kn_exit code = kn_swarm_enter(cli, true, &run->swarm);
    struct kn_look_options options = { .model = model, .arg = run, .done = on_done };

    if (code != KN_EXIT_DONE)
        return code;
    options.bootstraps = run->swarm.bootstraps;
    options.bootstrap_count = run->swarm.bootstrap_count;
    options.timeout_ms = run->swarm.timeout_ms;
    options.network = kn_visitor_network(run->swarm.visitor);
    if (kn_look_start(&options, &run->look, &err) != KN_OK) {
        code = kn_cli_fail(cli, KN_EXIT_FAILED, &err);
        kn_swarm_leave(&run->swarm);
        return code;
    }
    kn_loop_run(kn_visitor_loop(run->swarm.visitor));
    return KN_EXIT_DONE;
}

void kn_network_look_done(struct kn_network_look *run)
{
    kn_look_free(run->look);
    kn_swarm_leave(&run->swarm);
}

static enum kn_exit no_memory(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail_no_memory(&err);
    return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
}

enum kn_exit kn_network_look(struct kn_cli *cli, const char *model, struct kn_network_look *out)
{
    enum kn_exit code = look_once(cli, model, out);
    struct kn_json *json = NULL;

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_look_code(out->look) == KN_E_UNREACHABLE) {
        if (cli->json) {
            json = kn_json_object();
            kn_tree_set(json, model == NULL ? "models" : "blocks", kn_json_array());
            kn_network_add_look_json(json, out);
        }
        code = kn_swarm_unreachable(cli, kn_look_join(out->look), json);
    } else if (kn_look_code(out->look) == KN_E_NO_MEMORY) {
        code = no_memory(cli);
    }
    if (code != KN_EXIT_DONE)
        kn_network_look_done(out);
    return code;
}

const char *kn_network_model_name(const struct kn_survey_model *model)
{
    const char *name = model->repository != NULL ? strrchr(model->repository, '/') : NULL;

    return name != NULL && name[1] != '\0' ? name + 1 : model->prefix;
}

const char *kn_network_cell(struct kn_cli *cli, const char *text)
{
    struct kn_text safe = { 0 };
    char *kept;

    kn_term_add_safe(&safe, text);
    kept = kn_arena_dup(cli->arena, kn_text_get(&safe));
    kn_text_done(&safe);
    if (kept == NULL)
        kn_out_of_memory();
    return kept;
}

const char *kn_network_number(struct kn_cli *cli, double value, int decimals)
{
    char *kept = kn_arena_printf(cli->arena, "%.*f", decimals, value);

    if (kept == NULL)
        kn_out_of_memory();
    return kept;
}

void kn_network_add_plural(struct kn_text *out, uint64_t n, const char *what)
{
    kn_text_addf(out, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
}

void kn_network_add_notes(struct kn_cli *cli, const struct kn_look *look)
{
    struct kn_survey_totals totals = kn_survey_totals(kn_look_survey(look));
    struct kn_text text = { 0 };

    if (totals.malformed > 0) {
        kn_network_add_plural(&text, totals.malformed, "malformed record");
        kn_text_add(&text, totals.malformed == 1 ? " was not counted. " : " were not counted. ");
    }
    if (kn_look_unanswered(look) > 0) {
        kn_text_add(&text, "Nobody answered in time for ");
        kn_network_add_plural(&text, kn_look_unanswered(look), "block");
        kn_text_add(&text, ", so more may be served than is shown. ");
    }
    if (totals.keys_left_out > 0) {
        kn_network_add_plural(&text, totals.keys_left_out, "block");
        kn_text_add(&text, " of the many models were not asked for. ");
    }
    if (text.n > 0 && !cli->quiet) {
        kn_text_cut(&text, text.n - 1);
        kn_text_add_char(&cli->answer, '\n');
        kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 0);
    }
    kn_text_done(&text);
    kn_swarm_show_silent(cli, kn_look_join(look));
    cli->answer_first = true;
}

void kn_network_add_look_json(struct kn_json *json, const struct kn_network_look *run)
{
    const struct kn_look *look = run->look;
    struct kn_survey_totals totals = kn_survey_totals(kn_look_survey(look));
    struct kn_json *kinds = kn_json_object();

    for (int i = 1; i < KN_MALFORMED_COUNT; i++) {
        if (totals.kinds[i] > 0)
            kn_tree_set(kinds, kn_malformed_text((enum kn_malformed)i),
                        kn_json_int((int64_t)totals.kinds[i]));
    }
    kn_tree_set(json, "malformed", kn_json_int((int64_t)totals.malformed));
    kn_tree_set(json, "malformed_kinds", kinds);
    kn_tree_set(json, "expired", kn_json_int((int64_t)totals.expired));
    kn_tree_set(json, "unanswered", kn_json_int((int64_t)kn_look_unanswered(look)));
    kn_tree_set(json, "bootstraps", kn_swarm_bootstraps_json(kn_look_join(look)));
    kn_tree_set(json, "counters", kn_swarm_counters_json(&run->swarm));
    kn_tree_set(json, "elapsed_ms", kn_json_number(kn_look_elapsed_ms(look)));
}
