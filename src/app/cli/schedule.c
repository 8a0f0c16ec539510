/* schedule: which windows open in the next days, and what limits then hold. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/hours_view.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "config/discovery/fit.h"
#include "config/hours/clock_text.h"
#include "config/hours/hours.h"
#include "config/hours/limits.h"
#include "lib/base/arena.h"

enum { AHEAD_MAX_DAYS = 366, MOMENTS_MAX = 10000, HANG = 4 };
enum { DAY_S = 86400, MINUTE_S = 60, MS_PER_S = 1000 };

/* The preview under way. */
struct preview {
    struct kn_cli *cli;
    struct kn_zone local;
    struct kn_hours hours;
    struct kn_hours_now now;
    struct kn_limits base;
    struct kn_json *changes; /* with --json */
    int64_t from, until;
};

static const struct kn_schedule *schedule_of(const struct preview *p)
{
    return p->now.winner != KN_HOURS_NONE ? &p->hours.schedules[p->now.winner] : NULL;
}

/* -- limits */

static void add_size(struct kn_text *out, const char *name, const struct kn_size *size)
{
    char text[KN_MEMORY_TEXT_SIZE];

    if (size->is != KN_GIVEN)
        return;
    kn_memory_text(size->bytes, text);
    kn_text_addf(out, "%s%s %s", out->n > 0 ? ", " : "", name, text);
}

static void add_limits(const struct kn_limits *limits, struct kn_text *out)
{
    struct kn_text line = { 0 };

    if (limits->max_cpu_percent.is == KN_GIVEN)
        kn_text_addf(&line, "processors %lld %%", (long long)limits->max_cpu_percent.value);
    add_size(&line, "memory", &limits->max_memory_gb);
    add_size(&line, "GPU memory", &limits->max_gpu_memory_gb);
    add_size(&line, "disk", &limits->max_disk_space_gb);
    if (limits->max_models.is == KN_GIVEN && limits->max_models.value > 1)
        kn_text_addf(&line, "%s%lld models", line.n > 0 ? ", " : "",
                     (long long)limits->max_models.value);
    if (kn_limits_pause(limits))
        kn_text_add(out, "paused");
    else
        kn_text_add(out, line.n > 0 ? kn_text_get(&line) : "no limits");
    kn_text_done(&line);
}

static struct kn_json *size_json(const struct kn_size *size)
{
    return size->is == KN_GIVEN ? kn_json_int(size->bytes) : kn_json_null();
}

static struct kn_json *int_json(const struct kn_int *number)
{
    return number->is == KN_GIVEN ? kn_json_int(number->value) : kn_json_null();
}

static struct kn_json *limits_json(const struct kn_limits *limits)
{
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "max_memory_bytes", size_json(&limits->max_memory_gb));
    kn_tree_set(json, "max_gpu_memory_bytes", size_json(&limits->max_gpu_memory_gb));
    kn_tree_set(json, "max_disk_bytes", size_json(&limits->max_disk_space_gb));
    kn_tree_set(json, "max_models", int_json(&limits->max_models));
    kn_tree_set(json, "max_cpu_percent", int_json(&limits->max_cpu_percent));
    return json;
}

/* -- one change */

static void add_line(struct preview *p, struct kn_text *line)
{
    struct kn_fold fold = { .columns = p->cli->out_term.columns, .hang = HANG };

    (void)kn_fold_add(&p->cli->answer, kn_text_get(line), &fold);
    kn_text_add_char(&p->cli->answer, '\n');
    kn_text_done(line);
}

/* By the clock of its zone too, where that shows another time than the one here. */
static void add_there(const struct preview *p, const struct kn_schedule *schedule, int64_t at,
                      struct kn_text *line)
{
    const struct kn_zone *zone = p->hours.windows[schedule - p->hours.schedules].zone;
    struct kn_zone_span here, there;
    char text[KN_CLOCK_TEXT_SIZE];

    kn_zone_at(&p->local, at, &here);
    kn_zone_at(zone, at, &there);
    if (here.offset == there.offset)
        return;
    kn_clock_text(zone, at, text);
    kn_text_addf(line, " (%s %s)", text, schedule->timezone);
}

/* `about`: the window that opens, or the one that closed. */
static void show_change(struct preview *p, int64_t at, const struct kn_schedule *about)
{
    const struct kn_schedule *open = schedule_of(p);
    const struct kn_limits limits = kn_limits_over(&p->base, open != NULL ? &open->limits : NULL);
    struct kn_text line = { 0 };
    char text[KN_CLOCK_TEXT_SIZE];

    kn_clock_text(&p->local, at, text);
    kn_text_add(&line, text);
    if (about != NULL)
        add_there(p, about, at, &line);
    kn_text_add(&line, at == p->from ? "  now " : "  ");
    kn_text_add(&line, open != NULL ? "" : "no window");
    if (open != NULL)
        kn_term_add_safe(&line, open->name);
    kn_text_add(&line, ": ");
    add_limits(&limits, &line);
    add_line(p, &line);
}

static void print_change(struct preview *p, int64_t at, const struct kn_schedule *about)
{
    const struct kn_schedule *open = schedule_of(p);
    const struct kn_limits limits = kn_limits_over(&p->base, open != NULL ? &open->limits : NULL);
    struct kn_json *json = kn_json_object();
    char text[KN_CLOCK_TEXT_SIZE];

    kn_tree_set(json, "at", kn_json_int(at));
    kn_clock_iso(&p->local, at, text);
    kn_tree_text(json, "local", text);
    if (about != NULL)
        kn_clock_iso(p->hours.windows[about - p->hours.schedules].zone, at, text);
    kn_tree_text(json, "there", text);
    kn_tree_text(json, "timezone", about != NULL ? about->timezone : "local");
    kn_tree_text(json, "window", open != NULL ? open->name : NULL);
    kn_tree_set(json, "pauses", kn_json_bool(kn_limits_pause(&limits)));
    kn_tree_set(json, "limits", limits_json(&limits));
    kn_tree_append(p->changes, json);
}

static void tell_change(struct preview *p, int64_t at, const struct kn_schedule *about)
{
    if (p->cli->json)
        print_change(p, at, about);
    else
        show_change(p, at, about);
}

/* -- clocks that are set */

/* The first schedule of a zone speaks for all of its zone; the next time that its clocks are set
 * in (after, end]. */
static int64_t next_set(const struct preview *p, int64_t after, int64_t end, size_t *which)
{
    int64_t first = KN_WINDOW_NEVER;

    for (size_t i = 0; i < p->hours.n; i++) {
        struct kn_zone_span span, then;

        kn_zone_at(p->hours.windows[i].zone, after, &span);
        if (span.until > end || span.until >= first)
            continue;
        kn_zone_at(p->hours.windows[i].zone, span.until, &then);
        if (then.offset == span.offset)
            continue;
        first = span.until;
        *which = i;
    }
    return first;
}

static void show_set(struct preview *p, int64_t at, const struct kn_schedule *about, int by_s,
                     bool is_dst)
{
    int minutes = by_s / MINUTE_S;
    struct kn_text line = { 0 };
    char text[KN_CLOCK_TEXT_SIZE];

    kn_clock_text(&p->local, at, text);
    kn_text_add(&line, text);
    add_there(p, about, at, &line);
    kn_text_addf(&line, "  clocks of %s go %s by %d min%s", about->timezone,
                 minutes > 0 ? "forward" : "back", minutes > 0 ? minutes : -minutes,
                 is_dst ? " (daylight saving)" : "");
    add_line(p, &line);
}

static void print_set(struct preview *p, int64_t at, const struct kn_schedule *about, int by_s)
{
    struct kn_json *json = kn_json_object();
    char text[KN_CLOCK_TEXT_SIZE];

    kn_tree_set(json, "at", kn_json_int(at));
    kn_clock_iso(&p->local, at, text);
    kn_tree_text(json, "local", text);
    kn_clock_iso(p->hours.windows[about - p->hours.schedules].zone, at, text);
    kn_tree_text(json, "there", text);
    kn_tree_text(json, "timezone", about->timezone);
    kn_tree_set(json, "clocks_set_by_s", kn_json_int(by_s));
    kn_tree_append(p->changes, json);
}

static void tell_set(struct preview *p, int64_t at, size_t which)
{
    const struct kn_zone *zone = p->hours.windows[which].zone;
    const struct kn_schedule *about = &p->hours.schedules[which];
    struct kn_zone_span before, after;

    kn_zone_at(zone, at - 1, &before);
    kn_zone_at(zone, at, &after);
    if (p->cli->json)
        print_set(p, at, about, after.offset - before.offset);
    else
        show_set(p, at, about, after.offset - before.offset, after.is_dst);
}

static void tell_sets(struct preview *p, int64_t after, int64_t end)
{
    size_t which = 0;

    for (int64_t at = next_set(p, after, end, &which); at <= end && at != KN_WINDOW_NEVER;
         at = next_set(p, at, end, &which))
        tell_set(p, at, which);
}

/* -- */

static void tell_all(struct preview *p)
{
    int64_t last = p->from;

    kn_hours_at(&p->hours, p->from, &p->now);
    tell_change(p, p->from, schedule_of(p));
    for (int i = 0; i < MOMENTS_MAX && last < p->until; i++) {
        const struct kn_schedule *before = schedule_of(p), *now;
        int64_t at = kn_hours_next(&p->hours, p->until, &p->now);

        tell_sets(p, last, at < p->until ? at : p->until);
        last = at;
        if (at >= p->until)
            return;
        now = schedule_of(p);
        tell_change(p, at, now != NULL ? now : before);
    }
}

static void answer(struct preview *p)
{
    struct kn_cli *cli = p->cli;
    struct kn_json *json;

    if (!cli->json) {
        if (p->hours.n == 0)
            kn_text_add(&cli->talk, "No schedule is configured: resources.schedules is empty.\n");
        tell_all(p);
        return;
    }
    json = kn_json_object();
    p->changes = kn_json_array();
    tell_all(p);
    kn_tree_set(json, "from", kn_json_int(p->from));
    kn_tree_set(json, "until", kn_json_int(p->until));
    kn_tree_set(json, "schedules", kn_json_int((int64_t)p->hours.n));
    kn_tree_set(json, "changes", p->changes);
    kn_cli_answer(cli, json);
}

static enum kn_exit preview(struct kn_cli *cli, const struct kn_node_config *config,
                            int64_t ahead_s)
{
    const struct kn_zones_place place = kn_hours_place(cli);
    const struct kn_schedule_list *list = &config->resources.schedules;
    const struct kn_schedules none = { 0 };
    struct preview p = {
        .cli = cli,
        .local = kn_hours_local(cli),
        .base = kn_limits_of(config),
        .from = cli->request.now_s,
        .until = cli->request.now_s + ahead_s,
    };
    struct kn_error err = { 0 };

    if (kn_hours_make(list->is == KN_GIVEN ? &list->schedules : &none, &place, cli->arena, &p.hours,
                      &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_CONFIGURATION, &err);
    answer(&p);
    return KN_EXIT_DONE;
}

static enum kn_exit run(struct kn_cli *cli)
{
    const char *word = kn_cli_option(cli, "--next");
    struct kn_snapshot *snapshot;
    int64_t ms = INT64_C(7000) * DAY_S;
    enum kn_exit code = KN_EXIT_DONE;

    if (word != NULL)
        code = kn_hours_duration(cli, "--next", word, 1, (double)AHEAD_MAX_DAYS * DAY_S, &ms);
    if (code == KN_EXIT_DONE)
        code = kn_load_valid(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    code = preview(cli, kn_snapshot_config(snapshot), ms / MS_PER_S);
    kn_snapshot_unref(snapshot);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--next", "DURATION", "Look so far ahead; 7d unless given, 366d at most." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_schedule = {
    .name = "schedule",
    .brief = "Show which windows of resources.schedules open next, and what then holds.",
    .flags = flags,
    .loads_configuration = true,
    .detail =
        "Reads the configuration alone: no node needs to run, and none is asked. Each line is a "
        "change: when it comes by the clock here, and by that of the schedule's zone where that "
        "shows another time; the window that is open from then on; the limits in force. A window "
        "with a limit of 0 for memory, processors or models pauses the node. Of windows that are "
        "open together the one that stands later in the file holds.\n\n"
        "A start that falls into the hour which clocks skip comes at the end of that hour; one "
        "that clocks show twice comes the first time. A duration is time that passes: a window of "
        "8h is an hour off on such a day where it spans the change.\n\n"
        "With --json: {\"from\", \"until\", \"schedules\", \"changes\": [{\"at\", \"local\", "
        "\"there\", \"timezone\", \"window\", \"pauses\", \"limits\": {\"max_memory_bytes\", "
        "\"max_gpu_memory_bytes\", \"max_disk_bytes\", \"max_models\", \"max_cpu_percent\"}}, or "
        "{\"at\", \"local\", \"there\", \"timezone\", \"clocks_set_by_s\"}]}.",
    .run = run,
};
