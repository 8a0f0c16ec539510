#include "app/cli/detached.h"

#include "app/cli/cli.h"
#include "app/cli/start.h"
#include "app/cli/tree.h"
#include "lib/os/background.h"
#include "lib/os/output.h"

void kn_detached_begin(struct kn_detached *detached, struct kn_cli *cli)
{
    const char *channel = kn_cli_option(cli, KN_DETACHED_FLAG);

    *detached = (struct kn_detached){ .is_on = channel != NULL, .channel = -1 };
    if (!detached->is_on)
        return;
    detached->channel = kn_report_channel_take(channel);
    cli->json = false; /* the answer is the other's to give */
}

static struct kn_json *report(const char *is)
{
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "is", is);
    return json;
}

static void send(const struct kn_detached *detached, KN_TAKES struct kn_json *json)
{
    struct kn_text text = { 0 };

    if (!kn_json_print_line(json, &text))
        kn_out_of_memory();
    kn_report_channel_tell(detached->channel, kn_text_get(&text), text.n);
    kn_text_done(&text);
    kn_json_free(json);
}

/* Whoever waited has heard enough. */
static void send_last(struct kn_detached *detached, KN_TAKES struct kn_json *json)
{
    send(detached, json);
    kn_report_channel_close(detached->channel);
    detached->channel = -1;
}

void kn_detached_listening(struct kn_start *start)
{
    struct kn_json *json;

    if (start->detached.is_on) /* till now the file may have been another node's */
        kn_output_empty(KN_OUTPUT_OUT);
    if (start->detached.channel < 0)
        return;
    json = report("listening");
    kn_tree_set(json, "port", kn_json_int(kn_node_port(start->node)));
    kn_tree_text(json, "peer_id", kn_node_peer_id(start->node));
    kn_tree_set(json, "first_run", kn_json_bool(kn_node_is_first_run(start->node)));
    send(&start->detached, json);
}

static void tell_bootstrap(struct kn_start *start)
{
    const struct kn_bootstrap *told = kn_node_bootstrap(start->node);
    struct kn_text why = { 0 };
    struct kn_json *json;

    start->detached.bootstraps += told->code == KN_OK;
    if (told->code == KN_OK)
        return;
    json = report("missed");
    kn_text_addf(&why, "%s: %s", told->address, told->error.text);
    kn_tree_text(json, "why", kn_text_get(&why));
    kn_text_done(&why);
    send(&start->detached, json);
}

static void tell_announced(struct kn_start *start)
{
    const struct kn_announced *round = kn_node_announced(start->node);
    struct kn_json *json;

    if (round->alone) {
        send_last(&start->detached, report("alone"));
        return;
    }
    if (round->acknowledged == 0)
        return; /* it is tried again */
    json = report("announced");
    kn_tree_set(json, "records", kn_json_int(round->keys));
    kn_tree_set(json, "acknowledged", kn_json_int(round->acknowledged));
    kn_tree_set(json, "bootstraps", kn_json_int((int64_t)start->detached.bootstraps));
    send_last(&start->detached, json);
}

/* A node that announces nothing has arrived once it is in the swarm. */
static void tell_silent(struct kn_start *start)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    struct kn_json *json;

    if (facts.plan == NULL || !start->launched || !kn_node_is_in_swarm(start->node) ||
        kn_facts_silence(&facts) == NULL || kn_facts_is_guess(&facts))
        return;
    json = report("joined");
    kn_tree_text(json, "why", kn_facts_silence(&facts));
    send_last(&start->detached, json);
}

void kn_detached_take(struct kn_start *start, enum kn_node_event event)
{
    if (start->detached.channel < 0 || event == KN_NODE_LISTENING)
        return;
    if (event == KN_NODE_BOOTSTRAP)
        tell_bootstrap(start);
    else if (event == KN_NODE_ANNOUNCED)
        tell_announced(start);
    else if (event != KN_NODE_ENDED)
        tell_silent(start);
}

void kn_detached_saved(struct kn_start *start)
{
    struct kn_json *json;

    if (start->detached.channel < 0)
        return;
    json = report("saved");
    kn_tree_text(json, "file", start->path);
    kn_tree_text(json, "error", start->is_saved ? NULL : start->save_error.text);
    send(&start->detached, json);
}

void kn_detached_failed(struct kn_detached *detached, enum kn_exit code, const struct kn_error *err)
{
    struct kn_json *json;

    if (detached->channel < 0)
        return;
    json = report("failed");
    kn_tree_set(json, "exit", kn_json_int((int64_t)code));
    kn_tree_text(json, "error", err->text);
    kn_tree_text(json, "hint", err->hint);
    send_last(detached, json);
}
