#include "app/cli/status_view.h"

#include "app/term/term.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "support/check.h"

enum { NOW = 1700010000 };

static const char full[] =
    "{\"pid\": 4711, \"version\": \"1.0.0\", \"peer_id\": "
    "\"12D3KooWBtg3aaLsnd8DzZCfsPYQu6kZtdBUBKMqbNwgjA3sAJBJ\", \"name\": \"ada-C-box\", "
    "\"state\": \"ONLINE\", \"since\": 1700002800, \"uptime_s\": 7260.5, "
    "\"model\": \"Llama-3.3-70B-Instruct\", \"prefix\": \"Llama-3-3-70B-Instruct-hf\", "
    "\"start_block\": 68, \"end_block\": 80, \"port\": 8080, "
    "\"addresses\": [\"/ip4/192.0.2.1/tcp/8080\", \"/ip6/2001:db8::1/tcp/8080\"], \"peers\": 14, "
    "\"announced\": {\"blocks\": 12, \"acknowledged\": 12, \"visible_on\": 2, \"bootstraps\": 3, "
    "\"at\": 1700009960}, \"config\": {\"path\": \"/home/ada/node_config.yaml\", \"last_reload\": "
    "1700009000, \"pending_restart\": [\"node.port\", \"model.name\"]}, \"problems\": "
    "[{\"severity\": \"warning\", \"message\": \"the clock of this machine is 10 s behind that of "
    "the swarm\", \"hint\": \"Set it.\"}, \"a second one\"]}";

static const char serving[] =
    "{\"start_block\": 8, \"end_block\": 12, \"serving\": {\"stage\": \"serving\", "
    "\"sessions\": 1, \"tokens\": 17, \"tokens_per_s\": 3.21, \"cache_tokens_left\": 180, "
    "\"cache_bytes\": 92160, \"cache_bytes_used\": 46080, \"weight_bytes\": 370688, "
    "\"threads\": 1, \"decode_tokens_per_s\": 50, \"forward_tokens_per_s\": 400}}";

static const struct {
    const char *row, *json;
    unsigned columns;
    const char *want;
} rows[] = {
    { "everything, 80 columns", full, 80,
      "node       ada-C-box\n"
      "state      ONLINE for 2 h\n"
      "process    4711, version 1.0.0, up 2 h\n"
      "peer id    12D3KooWBtg3aaLsnd8DzZCfsPYQu6kZtdBUBKMqbNwgjA3sAJBJ\n"
      "problems   the clock of this machine is 10 s behind that of the swarm\n"
      "           Set it.\n"
      "           a second one\n"
      "model      Llama-3.3-70B-Instruct as Llama-3-3-70B-Instruct-hf\n"
      "blocks     68-79 (12 blocks)\n"
      "port       8080\n"
      "addresses  /ip4/192.0.2.1/tcp/8080\n"
      "           /ip6/2001:db8::1/tcp/8080\n"
      "peers      14\n"
      "announced  12 blocks, 12 acknowledged, visible on 2 of 3 bootstraps, 40 s ago\n"
      "config     /home/ada/node_config.yaml, read again 16 min ago\n"
      "pending    node.port, model.name take effect at the next start\n" },
    { "what is wrong stands before what is usual",
      "{\"state\": \"OFFLINE\", \"model\": \"m\", \"paused\": {\"reason\": \"a window\"}, "
      "\"health\": {\"verdict\": \"failing\", \"reason\": \"no memory\"}, "
      "\"problems\": [\"a typo\"], \"peers\": 3}",
      80,
      "state      OFFLINE\n"
      "paused     a window\n"
      "health     failing: no memory\n"
      "problems   a typo\n"
      "model      m\n"
      "peers      3\n"
      "announced  nothing: paused: a window\n" },
    { "after a death",
      "{\"pid\": 4711, \"previous_end\": {\"pid\": 3, \"at\": 1700009960, "
      "\"killed_for_memory\": true}}",
      80,
      "process    4711\n"
      "run before ended without good-bye, last seen 40 s ago, killed for want of memory\n" },
    { "narrow",
      "{\"announced\": {\"blocks\": 12, \"acknowledged\": 12, \"visible_on\": 2, "
      "\"bootstraps\": 3, \"at\": 1700009960}}",
      40,
      "announced  12 blocks, 12 acknowledged,\n"
      "           visible on 2 of 3 bootstraps,\n"
      "           40 s ago\n" },
    { "the first of a swarm",
      "{\"announced\": {\"blocks\": 4, \"acknowledged\": 0, \"visible_on\": 0, \"bootstraps\": 0, "
      "\"alone\": true, \"at\": 1700009960}}",
      80, "announced  4 blocks, nobody else is there to confirm it, 40 s ago\n" },
    { "a swarm that took nothing",
      "{\"announced\": {\"blocks\": 4, \"acknowledged\": 0, \"visible_on\": 0, \"bootstraps\": 0, "
      "\"alone\": false}}",
      80, "announced  4 blocks, 0 acknowledged\n" },
    { "a pause after blocks were announced",
      "{\"announced\": {\"blocks\": 0, \"acknowledged\": 0, \"visible_on\": 0, \"bootstraps\": 0, "
      "\"alone\": false, \"at\": 1700009960}, \"silence\": null, \"paused\": {\"reason\": "
      "\"kwaainet pause\"}}",
      80,
      "paused     kwaainet pause\n"
      "announced  nothing: paused: kwaainet pause\n" },
    { "blocks that were never announced",
      "{\"announced\": null, \"silence\": \"dht.announce is off\"}", 80,
      "announced  nothing: dht.announce is off\n" },
    { "no block, and nobody says why", "{\"announced\": {\"blocks\": 0}, \"silence\": null}", 80,
      "announced  nothing\n" },
    { "a reload that held",
      "{\"config\": {\"path\": \"/a/b.yaml\", \"last_reload\": 1700009995, \"reload_ok\": true}}",
      80, "config     /a/b.yaml, read again 5 s ago\n" },
    { "a reload that was refused",
      "{\"config\": {\"path\": \"/a/b.yaml\", \"last_reload\": 1700009995, \"reload_ok\": "
      "false}}",
      80, "config     /a/b.yaml, read again 5 s ago and refused: the node goes on as it was\n" },
    { "a reload without a file",
      "{\"config\": {\"path\": null, \"last_reload\": 1700009995, \"reload_ok\": true}}", 80,
      "config     no file, looked for 5 s ago\n" },
    { "no reload",
      "{\"config\": {\"path\": \"/a/b.yaml\", \"last_reload\": null, \"reload_ok\": null}}", 80,
      "config     /a/b.yaml\n" },
    { "one block at one bootstrap",
      "{\"announced\": {\"blocks\": 1, \"acknowledged\": 0, \"visible_on\": 0, \"bootstraps\": 1}}",
      80, "announced  1 block, 0 acknowledged, visible on 0 of 1 bootstrap\n" },
    { "blocks that are served", serving, 80,
      "blocks     8-11 (4 blocks)\n"
      "compute    serving, 362 KiB of weights, 1 thread\n"
      "speed      measured 12.5 tokens/s for one session, 100.0 for prompts\n"
      "sessions   1 open, 3.2 tokens/s, 17 tokens since the start\n"
      "cache      45 KiB of 90 KiB in use, room for 45 more tokens\n" },
    { "blocks that cannot be served",
      "{\"start_block\": 8, \"end_block\": 12, \"serving\": {\"stage\": \"failed\", \"error\": "
      "\"a file is cut short\", \"hint\": \"Fetch it anew.\"}}",
      80,
      "blocks     8-11 (4 blocks)\n"
      "compute    failed: a file is cut short\n"
      "           Fetch it anew.\n" },
    { "nothing known", "{}", 80, "" },
    { "null is not known",
      "{\"model\": null, \"since\": null, \"start_block\": null, \"end_block\": 4, \"peers\": "
      "null, "
      "\"announced\": null, \"config\": null, \"problems\": null, \"addresses\": null}",
      80, "" },
    { "a node that may move",
      "{\"rebalance\": {\"phase\": \"rests\", \"reason\": \"no blocks are less served\", "
      "\"looked_at\": 1700009960, \"moves\": 1, \"failures\": 2}}",
      80, "rebalance  no blocks are less served, looked 40 s ago, 1 move, 2 failed\n" },
    { "one that is on its way",
      "{\"rebalance\": {\"phase\": \"goes\", \"reason\": \"nobody serves block 2\", \"moves\": 0}}",
      80, "rebalance  goes: nobody serves block 2\n" },
    { "one that has not looked yet",
      "{\"rebalance\": {\"phase\": \"rests\", \"reason\": \"\", \"looked_at\": 0}}", 80,
      "rebalance  not looked yet\n" },
    { "one that stays", "{\"rebalance\": null}", 80, "" },
    { "a map", "{\"map\": \"https://a.org\"}", 80, "map        https://a.org\n" },
    { "one block", "{\"start_block\": 3, \"end_block\": 4}", 80, "blocks     3 (1 block)\n" },
    { "no block", "{\"start_block\": 4, \"end_block\": 4}", 80, "" },
    { "a prefix alone", "{\"prefix\": \"p\"}", 80, "model      p\n" },
    { "a moment to come", "{\"state\": \"JOINING\", \"since\": 1800000000}", 80,
      "state      JOINING\n" },
    { "words that move the cursor", "{\"name\": \"a\\u001b[2J\\nb\"}", 80, "node       a?[2J?b\n" },
    { "another shape", "[1]", 80, "" },
};

static void a_status_is_shown_as_far_as_it_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_term term = { .columns = rows[i].columns };
        struct kn_json *json = kn_json_parse(rows[i].json, strlen(rows[i].json));
        struct kn_text out = { 0 };

        CHECK(rows[i].row, json != NULL);
        kn_status_view(json, NOW, &term, &out);
        CHECK_STR(rows[i].row, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
        kn_json_free(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_shown_as_far_as_it_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
