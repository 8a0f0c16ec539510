#include "app/cli/status_view.h"

#include <string.h>

#include "app/cli/values.h"
#include "app/term/fold.h"
#include "app/term/term.h"
#include "config/discovery/fit.h"
#include "lib/base/text.h"
#include "lib/json/json.h"

enum { NAMES_WIDTH = 11 }; /* of the column with the names of lines */

struct view {
    const struct kn_json *status;
    int64_t now_s;
    const struct kn_term *term;
    struct kn_text *out;
    struct kn_text line; /* that is being put together */
};

/* Print the line under `name`, unless there is nothing to say. */
static void end_line(struct view *view, const char *name)
{
    struct kn_fold fold = { .columns = view->term->columns,
                            .at = NAMES_WIDTH,
                            .hang = NAMES_WIDTH };

    if (view->line.n > 0) {
        kn_text_addf(view->out, "%-*s", (int)NAMES_WIDTH, name);
        (void)kn_fold_add(view->out, kn_text_get(&view->line), &fold);
        kn_text_add_char(view->out, '\n');
    }
    kn_text_cut(&view->line, 0);
}

/* Append `before`, the text and `after`; nothing when the status does not have it. */
static void add(struct view *view, const char *before, const struct kn_json *json,
                const char *after)
{
    const char *text = kn_json_to_text(json);
    int64_t number;

    if ((text == NULL || *text == '\0') && !kn_json_to_int(json, &number))
        return;
    kn_text_add(&view->line, before);
    if (text != NULL)
        kn_term_add_safe(&view->line, text);
    else
        kn_text_addf(&view->line, "%lld", (long long)number);
    kn_text_add(&view->line, after);
}

static const struct kn_json *get(const struct view *view, const char *name)
{
    return kn_json_get(view->status, name);
}

/* Append an age: `before` "2 h" `after`. */
static void add_age(struct view *view, const char *before, const struct kn_json *moment,
                    const char *after)
{
    double seconds;

    if (!kn_json_to_number(moment, &seconds) || seconds <= 0 || seconds > (double)view->now_s)
        return;
    kn_text_add(&view->line, before);
    kn_age_words(view->now_s - (int64_t)seconds, &view->line);
    kn_text_add(&view->line, after);
}

/* Append how long until something happens: `before` "2 min" `after`. */
static void add_wait(struct view *view, const char *before, const struct kn_json *seconds,
                     const char *after)
{
    int64_t left;

    if (!kn_json_to_int(seconds, &left) || left < 0)
        return;
    kn_text_add(&view->line, before);
    kn_age_words(left, &view->line);
    kn_text_add(&view->line, after);
}

static void add_uptime(struct view *view)
{
    double seconds;

    if (!kn_json_to_number(get(view, "uptime_s"), &seconds) || seconds < 0 || seconds > 1e12)
        return;
    kn_text_add(&view->line, ", up ");
    kn_age_words((int64_t)seconds, &view->line);
}

/* The run before, when it ended without good-bye. */
static void show_previous(struct view *view)
{
    const struct kn_json *previous = get(view, "previous_end");

    if (!kn_json_is_object(previous))
        return;
    kn_text_add(&view->line, "ended without good-bye");
    add_age(view, ", last seen ", kn_json_get(previous, "at"), " ago");
    if (kn_json_is_true(kn_json_get(previous, "killed_for_memory")))
        kn_text_add(&view->line, ", killed for want of memory");
    else
        add(view, ", systemd says: ", kn_json_get(previous, "result"), "");
    end_line(view, "run before");
}

static void show_node(struct view *view)
{
    add(view, "", get(view, "name"), "");
    end_line(view, "node");
    add(view, "", get(view, "state"), "");
    if (view->line.n > 0)
        add_age(view, " for ", get(view, "since"), "");
    end_line(view, "state");
    add(view, "", get(view, "pid"), "");
    add(view, ", version ", get(view, "version"), "");
    add_uptime(view);
    end_line(view, "process");
    show_previous(view);
    add(view, "", get(view, "peer_id"), "");
    end_line(view, "peer id");
}

/* "68-79 (12 blocks)", both ends inclusive, as people count (D13). */
static void add_blocks(struct view *view)
{
    int64_t start, end;

    if (!kn_json_to_int(get(view, "start_block"), &start) ||
        !kn_json_to_int(get(view, "end_block"), &end) || start < 0 || end <= start)
        return;
    if (end == start + 1)
        kn_text_addf(&view->line, "%lld (1 block)", (long long)start);
    else
        kn_text_addf(&view->line, "%lld-%lld (%lld blocks)", (long long)start, (long long)end - 1,
                     (long long)(end - start));
}

static void show_model(struct view *view)
{
    add(view, "", get(view, "model"), "");
    add(view, view->line.n > 0 ? " as " : "", get(view, "prefix"), "");
    end_line(view, "model");
    add_blocks(view);
    end_line(view, "blocks");
}

/* "1 block", "2 blocks". */
static void add_count(struct view *view, const char *before, const struct kn_json *json,
                      const char *noun)
{
    int64_t n;

    if (kn_json_to_int(json, &n))
        kn_text_addf(&view->line, "%s%lld %s%s", before, (long long)n, noun, n == 1 ? "" : "s");
}

/* "nothing: paused: schedule "office"", also where nothing ever was. */
static void show_silence(struct view *view)
{
    const struct kn_json *paused = get(view, "paused");
    bool never = kn_json_get(get(view, "announced"), "blocks") == NULL;

    add(view, "nothing: ", get(view, "silence"), "");
    if (view->line.n == 0 && kn_json_is_object(paused)) {
        kn_text_add(&view->line, "nothing: paused");
        add(view, ": ", kn_json_get(paused, "reason"), "");
    }
    if (view->line.n == 0 && !never)
        kn_text_add(&view->line, "nothing");
    end_line(view, "announced");
}

static void show_announced(struct view *view)
{
    const struct kn_json *announced = get(view, "announced");
    const struct kn_json *bootstraps = kn_json_get(announced, "bootstraps");
    int64_t blocks, asked;

    if (!kn_json_to_int(kn_json_get(announced, "blocks"), &blocks) || blocks == 0) {
        show_silence(view);
        return;
    }
    add_count(view, "", kn_json_get(announced, "blocks"), "block");
    if (kn_json_is_true(kn_json_get(announced, "alone"))) {
        kn_text_add(&view->line, ", nobody else is there to confirm it");
    } else {
        add(view, ", ", kn_json_get(announced, "acknowledged"), " acknowledged");
        if (kn_json_to_int(bootstraps, &asked) && asked > 0) {
            add(view, ", visible on ", kn_json_get(announced, "visible_on"), "");
            add_count(view, " of ", bootstraps, "bootstrap");
        }
    }
    add_age(view, ", ", kn_json_get(announced, "at"), " ago");
    end_line(view, "announced");
}

static void show_network(struct view *view)
{
    const struct kn_json *addresses = get(view, "addresses");

    add(view, "", get(view, "port"), "");
    end_line(view, "port");
    for (size_t i = 0; i < kn_json_count(addresses); i++) {
        add(view, "", kn_json_item(addresses, i), "");
        end_line(view, i == 0 ? "addresses" : "");
    }
    add(view, "", get(view, "peers"), "");
    end_line(view, "peers");
    show_announced(view);
    add(view, "", get(view, "map"), "");
    end_line(view, "map");
}

static void add_memory(struct view *view, const char *before, const struct kn_json *json,
                       const char *after)
{
    char memory[KN_MEMORY_TEXT_SIZE];
    int64_t bytes;

    if (!kn_json_to_int(json, &bytes) || bytes < 0)
        return;
    kn_memory_text(bytes, memory);
    kn_text_addf(&view->line, "%s%s%s", before, memory, after);
}

static void add_rate(struct view *view, const char *before, const struct kn_json *json,
                     const char *after)
{
    double rate;

    if (kn_json_to_number(json, &rate) && rate >= 0 && rate < 1e12)
        kn_text_addf(&view->line, "%s%.1f%s", before, rate, after);
}

/* What is missing: how far the download is, or why there is none. */
static void show_download(struct view *view)
{
    const struct kn_json *download = get(view, "download");

    add(view, kn_json_is_true(kn_json_get(download, "allowed")) ? "from " : "none of ",
        kn_json_get(download, "repository"), "");
    add_memory(view, ": ", kn_json_get(download, "bytes_done"), "");
    add_memory(view, " of ", kn_json_get(download, "bytes_total"), "");
    add_memory(view, ", ", kn_json_get(download, "bytes_per_s"), "/s");
    add(view, ", file ", kn_json_get(download, "file_number"), "");
    add(view, " of ", kn_json_get(download, "files"), "");
    add(view, ", tried again in ", kn_json_get(download, "again_s"), " s");
    add(view, view->line.n > 0 ? " (" : "none (", kn_json_get(download, "reason"), ")");
    add(view, "\n", kn_json_get(download, "hint"), "");
    end_line(view, "download");
}

static int64_t count_served(const struct view *view)
{
    int64_t start, end;

    return kn_json_to_int(get(view, "start_block"), &start) &&
                   kn_json_to_int(get(view, "end_block"), &end) && start >= 0 && start < end
               ? end - start
               : 0;
}

/* As it was measured before the node was ONLINE, through all blocks that are served. */
static void add_speed(struct view *view)
{
    const struct kn_json *serving = get(view, "serving");
    double one, prompts;
    int64_t n = count_served(view);

    if (n == 0 || !kn_json_to_number(kn_json_get(serving, "decode_tokens_per_s"), &one) ||
        !kn_json_to_number(kn_json_get(serving, "forward_tokens_per_s"), &prompts))
        return;
    kn_text_addf(&view->line, "measured %.1f tokens/s for one session, %.1f for prompts",
                 one / (double)n, prompts / (double)n);
    end_line(view, "speed");
}

/* Room for a session's tokens: each takes a place in every block that it passes. */
static void add_cache(struct view *view)
{
    const struct kn_json *serving = get(view, "serving");
    int64_t left, n = count_served(view);

    add_memory(view, "", kn_json_get(serving, "cache_bytes_used"), "");
    add_memory(view, view->line.n > 0 ? " of " : "", kn_json_get(serving, "cache_bytes"),
               " in use");
    if (n > 0 && kn_json_to_int(kn_json_get(serving, "cache_tokens_left"), &left) && left >= 0)
        kn_text_addf(&view->line, "%sroom for %lld more token%s", view->line.n > 0 ? ", " : "",
                     (long long)(left / n), left / n == 1 ? "" : "s");
    end_line(view, "cache");
}

static void show_serving(struct view *view)
{
    const struct kn_json *serving = get(view, "serving");

    add(view, "", kn_json_get(serving, "stage"), "");
    add_memory(view, ", ", kn_json_get(serving, "weight_bytes"), " of weights");
    add_count(view, ", ", kn_json_get(serving, "threads"), "thread");
    add(view, ": ", kn_json_get(serving, "error"), "");
    add(view, "\n", kn_json_get(serving, "hint"), "");
    add_wait(view, "\ntried again in ", kn_json_get(serving, "again_s"), ", or with a reload");
    end_line(view, "compute");
    add_speed(view);
    add(view, "", kn_json_get(serving, "sessions"), " open");
    add_rate(view, ", ", kn_json_get(serving, "tokens_per_s"), " tokens/s");
    add(view, ", ", kn_json_get(serving, "tokens"), " tokens since the start");
    end_line(view, "sessions");
    add_cache(view);
}

/* "2-3: nobody serves block 2, 1 move, looked 3 min ago": also why it stays. */
static void show_rebalance(struct view *view)
{
    const struct kn_json *rebalance = get(view, "rebalance");
    const struct kn_json *phase = kn_json_get(rebalance, "phase");
    const char *text = kn_json_to_text(phase);
    int64_t moves = 0, failures = 0;

    (void)!kn_json_to_int(kn_json_get(rebalance, "moves"), &moves);
    (void)!kn_json_to_int(kn_json_get(rebalance, "failures"), &failures);
    if (text != NULL && strcmp(text, "rests") != 0)
        add(view, "", phase, ": ");
    add(view, "", kn_json_get(rebalance, "reason"), "");
    add_age(view, view->line.n > 0 ? ", looked " : "", kn_json_get(rebalance, "looked_at"), " ago");
    if (moves > 0)
        kn_text_addf(&view->line, ", %lld move%s", (long long)moves, moves == 1 ? "" : "s");
    if (failures > 0)
        kn_text_addf(&view->line, ", %lld failed", (long long)failures);
    if (text != NULL && view->line.n == 0)
        kn_text_add(&view->line, "not looked yet");
    end_line(view, "rebalance");
}

/* "degraded: bootstraps: 1 of 2 answers", and each check that is not well. */
static void show_health(struct view *view)
{
    const struct kn_json *health = get(view, "health");
    const struct kn_json *checks = kn_json_get(health, "checks");
    const struct kn_json *reconnect = kn_json_get(health, "reconnect");

    add(view, "", kn_json_get(health, "verdict"), "");
    add(view, ": ", kn_json_get(health, "reason"), "");
    add(view, "\n", kn_json_get(health, "hint"), "");
    end_line(view, "health");
    for (size_t i = 0; i < kn_json_count(checks); i++) {
        const struct kn_json *one = kn_json_item(checks, i);
        const char *verdict = kn_json_to_text(kn_json_get(one, "verdict"));

        if (verdict == NULL || strcmp(verdict, "healthy") == 0)
            continue;
        add(view, "", kn_json_get(one, "name"), "");
        add(view, " ", kn_json_get(one, "verdict"), "");
        add(view, ": ", kn_json_get(one, "reason"), "");
        end_line(view, "");
    }
    add(view, "", kn_json_get(reconnect, "attempts"), " attempts to reconnect");
    if (kn_json_is_true(kn_json_get(reconnect, "gave_up")))
        kn_text_add(&view->line, ", given up");
    end_line(view, "");
}

/* Only what did not get through: the others have been read elsewhere. */
static void show_alerts(struct view *view)
{
    const struct kn_json *alerts = get(view, "alerts");

    add(view, "the last one that failed: ", kn_json_get(alerts, "last_error"), "");
    end_line(view, "alerts");
}

/* "kwaainet pause, 2 h left" */
static void show_pause(struct view *view)
{
    const struct kn_json *paused = get(view, "paused"), *window = get(view, "window");
    int64_t until;

    add(view, "", kn_json_get(paused, "reason"), "");
    if (kn_json_to_int(kn_json_get(paused, "until"), &until) && until > view->now_s) {
        kn_text_add(&view->line, ", ");
        kn_age_words(until - view->now_s, &view->line);
        kn_text_add(&view->line, " left");
    }
    end_line(view, "paused");
    add(view, "", kn_json_get(window, "name"), "");
    if (kn_json_is_true(kn_json_get(window, "passed_over")))
        kn_text_add(&view->line, ", passed over");
    if (kn_json_to_int(kn_json_get(window, "until"), &until) && until > view->now_s) {
        kn_text_add(&view->line, ", ");
        kn_age_words(until - view->now_s, &view->line);
        kn_text_add(&view->line, " left");
    }
    add(view, ": ", kn_json_get(window, "error"), "");
    end_line(view, "window");
}

/* What the owner allows, and who keeps it: the kernel, or the node alone. */
static void show_limits(struct view *view)
{
    const struct kn_json *memory = kn_json_get(get(view, "limits"), "memory");
    const struct kn_json *processors = kn_json_get(get(view, "limits"), "processors");
    double cores;

    if (kn_json_to_text(kn_json_get(memory, "by")) != NULL) {
        add_memory(view, "memory up to ", kn_json_get(memory, "bytes"), "");
        add(view, " by ", kn_json_get(memory, "by"), "");
    }
    if (kn_json_to_number(kn_json_get(processors, "cores"), &cores)) {
        kn_text_addf(&view->line, "%sprocessors up to %g", view->line.n > 0 ? ", " : "", cores);
        add(view, " by ", kn_json_get(processors, "by"), "");
    }
    add(view, "\nmemory: ", kn_json_get(memory, "error"), "");
    add(view, "\nprocessors: ", kn_json_get(processors, "error"), "");
    end_line(view, "limits");
}

static bool is_refused(const struct kn_json *config)
{
    const struct kn_json *ok = kn_json_get(config, "reload_ok");

    return ok != NULL && !kn_json_is_null(ok) && !kn_json_is_true(ok);
}

static void show_configuration(struct view *view)
{
    const struct kn_json *config = get(view, "config");
    const struct kn_json *pending = kn_json_get(config, "pending_restart");

    add(view, "", kn_json_get(config, "path"), "");
    add_age(view, view->line.n > 0 ? ", read again " : "no file, looked for ",
            kn_json_get(config, "last_reload"), " ago");
    if (is_refused(config))
        kn_text_add(&view->line, " and refused: the node goes on as it was");
    end_line(view, "config");
    for (size_t i = 0; i < kn_json_count(pending); i++)
        add(view, view->line.n > 0 ? ", " : "", kn_json_item(pending, i), "");
    if (view->line.n > 0)
        kn_text_add(&view->line, " take effect at the next start");
    end_line(view, "pending");
}

/* Problems are sentences, or objects like those of config check. */
static void show_problems(struct view *view)
{
    const struct kn_json *problems = get(view, "problems");

    for (size_t i = 0; i < kn_json_count(problems); i++) {
        const struct kn_json *one = kn_json_item(problems, i);

        add(view, "", one, "");
        add(view, "", kn_json_get(one, "file"), "");
        add(view, ":", kn_json_get(one, "line"), "");
        add(view, ":", kn_json_get(one, "column"), "");
        add(view, view->line.n > 0 ? "  " : "", kn_json_get(one, "key"), ":");
        add(view, view->line.n > 0 ? " " : "", kn_json_get(one, "message"), "");
        add(view, "\n", kn_json_get(one, "hint"), "");
        end_line(view, i == 0 ? "problems" : "");
    }
}

/* What is wrong comes early: a watched status is cut at its end where the window is short. */
void kn_status_view(const struct kn_json *status, int64_t now_s, const struct kn_term *term,
                    struct kn_text *out)
{
    struct view view = { .status = status, .now_s = now_s, .term = term, .out = out };

    show_node(&view);
    show_pause(&view);
    show_health(&view);
    show_problems(&view);
    show_alerts(&view);
    show_model(&view);
    show_download(&view);
    show_serving(&view);
    show_rebalance(&view);
    show_network(&view);
    show_limits(&view);
    show_configuration(&view);
    if (view.line.failed)
        out->failed = true;
    kn_text_done(&view.line);
}
