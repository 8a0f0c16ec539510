#include "app/cli/hours_view.h"

#include "app/cli/cli.h"
#include "config/hours/clock_text.h"
#include "config/schema/type.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/io/loop.h"
#include "lib/yaml/yaml.h"

struct kn_zones_place kn_hours_place(struct kn_cli *cli)
{
    return (struct kn_zones_place){ .root = "", .local = kn_cli_lookup(cli, "TZ") };
}

struct kn_zone kn_hours_local(struct kn_cli *cli)
{
    const struct kn_zones_place place = kn_hours_place(cli);
    struct kn_zone zone;

    if (kn_zones_find(&place, "local", cli->arena, &zone, NULL) != KN_OK)
        kn_out_of_memory();
    return zone;
}

void kn_hours_add_until(struct kn_cli *cli, int64_t until_s, struct kn_text *out)
{
    char text[KN_CLOCK_TEXT_SIZE];
    struct kn_zone local;

    if (until_s <= 0)
        return;
    local = kn_hours_local(cli);
    kn_clock_short(&local, until_s, (int64_t)kn_loop_unix_time(), text);
    kn_text_addf(out, " until %s", text);
}

static void keep_first(void *arg, const struct kn_yaml_node *at, enum kn_problem_kind kind,
                       const struct kn_error *err)
{
    struct kn_error *kept = arg;

    (void)at;
    (void)kind;
    if (kept->code == KN_OK)
        *kept = *err;
}

enum kn_exit kn_hours_duration(struct kn_cli *cli, const char *name, const char *word,
                               double least_s, double most_s, int64_t *ms)
{
    const struct kn_setting row = {
        .key = name, .type = &kn_type_duration, .unit = "s", .range = { least_s, most_s }
    };
    struct kn_yaml_node node = kn_yaml_word(word);
    struct kn_error err = { 0 };
    const struct kn_reading reading = {
        .setting = &row, .arena = cli->arena, .report = keep_first, .report_arg = &err
    };
    struct kn_value value;

    if (kn_type_duration.read(&reading, &node, &value)) {
        *ms = value.integer;
        return KN_EXIT_DONE;
    }
    kn_wrap(&err, "%s", name);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}
