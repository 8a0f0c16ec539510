/* The rules over several settings, each holding and each broken. */
#include "config/schema/check.h"
#include "config/schema/node_config.h"
#include "support/layers.h"

#define A "/ip4/0.0.0.0/tcp/8080"
#define B "/ip4/0.0.0.0/tcp/9090"

/* "key=value;key=value" over the fallbacks; `rule` is the one that breaks, NULL: none does. */
static const struct rule_case {
    const char *set, *rule, *message, *hint;
} cases[] = {
    { "", NULL, "", "" },
    { "model.start_block=4;model.end_block=5", NULL, "", "" },
    { "model.start_block=5;model.end_block=5", "end-after-start", "5 is not after start_block 5",
      "end_block is the block after the last one: at least 6 here." },
    { "model.start_block=9;model.end_block=5", "end-after-start", "5 is not after start_block 9",
      "end_block is the block after the last one: at least 10 here." },
    { "model.start_block=9", NULL, "", "" },
    { "model.end_block=9", "end-needs-start", "end_block is given without start_block",
      "Give start_block too, or write model.blocks for a number of blocks." },
    { "model.start_block=4;model.end_block=12;model.blocks=8", NULL, "", "" },
    { "model.start_block=4;model.end_block=12;model.blocks=7", "count-agrees",
      "7 blocks, but start_block and end_block make 8",
      "Leave blocks out; both ends already say it." },
    { "model.start_block=4;model.blocks=7", NULL, "", "" },
    { "model.start_block=0;model.end_block=32;model.total_blocks=32", NULL, "", "" },
    { "model.start_block=0;model.end_block=33;model.total_blocks=32", "range-in-model",
      "block 32 of a model with 32 blocks", "Blocks are counted from 0: the last one is 31." },
    { "model.start_block=31;model.total_blocks=32", NULL, "", "" },
    { "model.start_block=40;model.total_blocks=32", "range-in-model",
      "block 40 of a model with 32 blocks", "Blocks are counted from 0: the last one is 31." },
    { "model.blocks=32;model.total_blocks=32", NULL, "", "" },
    { "model.blocks=33;model.total_blocks=32", "count-in-model", "33 blocks of a model that has 32",
      "" },
    { "model.dtype=float32;performance.device=cpu", NULL, "", "" },
    { "model.dtype=bfloat16;performance.device=cpu", NULL, "", "" },
    { "model.dtype=float16;performance.device=cuda", NULL, "", "" },
    { "model.dtype=float16", NULL, "", "" },
    { "model.dtype=float16;performance.device=cpu", "no-half-on-cpu",
      "float16 does not work on the device cpu",
      "Write float32 or bfloat16, or leave dtype auto." },
    { "model.dtype=float16;performance.device=mps", NULL, "", "" },
    { "model.dtype=bfloat16;performance.device=mps", "no-bfloat-on-mps",
      "bfloat16 on the device mps is computed as float16", "" },
    { "dht.announce_interval=100;dht.expiration=200", NULL, "", "" },
    { "dht.announce_interval=100;dht.expiration=199", "records-outlive-a-miss",
      "one missed renewal makes the node invisible",
      "Write at least 2 times the interval (200 s), or auto for 3 times." },
    { "dht.announce_interval=100;dht.expiration=150", "records-outlive-a-miss",
      "one missed renewal makes the node invisible",
      "Write at least 2 times the interval (200 s), or auto for 3 times." },
    { "dht.announce_interval=100;dht.expiration=149", "records-outlive-interval",
      "records would expire before they are renewed: 149 s for an interval of 100 s",
      "Write at least 1.5 times the interval (150 s), or auto for 3 times." },
    { "dht.announce_interval=100;dht.expiration=auto", NULL, "", "" },
    { "network.bootstrap_peers=[]", "somebody-to-ask", "the list of peers is empty",
      "Leave it out for the built-in peers, or set network.new_swarm: true for a network of its "
      "own." },
    { "network.bootstrap_peers=null", "somebody-to-ask", "the list of peers is empty",
      "Leave it out for the built-in peers, or set network.new_swarm: true for a network of its "
      "own." },
    { "network.bootstrap_peers=[];network.new_swarm=true", NULL, "", "" },
    { "network.new_swarm=true;network.bootstrap_peers=["
      "\"/ip4/10.0.0.1/tcp/4001/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc\"]",
      "first-asks-nobody", "a network that begins here asks none of the peers that are named",
      "Set network.new_swarm: false to join theirs, or name no peer." },
    { "network.new_swarm=true", NULL, "", "" },
    { "network.new_swarm=true;network.enable_dht=false", "first-can-be-joined",
      "nobody can join a network that begins here",
      "Set network.enable_dht: true, or name network.bootstrap_peers." },
    { "network.new_swarm=false;network.enable_dht=false", NULL, "", "" },
    { "performance.min_batch_tokens=8;performance.max_batch_tokens=8", NULL, "", "" },
    { "performance.min_batch_tokens=9;performance.max_batch_tokens=8", "batches-in-order",
      "9 is more than max_batch_tokens 8", "" },
    { "performance.min_batch_tokens=9", NULL, "", "" },
    { "performance.step_timeout=30m;performance.session_timeout=30m", NULL, "", "" },
    { "performance.step_timeout=31m;performance.session_timeout=30m", "steps-fit-sessions",
      "a step may take longer than the whole session", "" },
    { "health.timeout=60;health.check_interval=60", NULL, "", "" },
    { "health.timeout=61;health.check_interval=60", "checks-end-in-time",
      "a check may take longer than the time until the next one", "" },
    { "health.reconnect.initial_delay=1;health.reconnect.max_delay=1", NULL, "", "" },
    { "health.reconnect.initial_delay=2;health.reconnect.max_delay=1", "delays-in-order",
      "the first delay is longer than max_delay", "" },
    { "network.listen_addrs=" A ";node.port=8080", NULL, "", "" },
    { "network.listen_addrs=" A, NULL, "", "" },
    { "network.listen_addrs=" A "," B ";node.port=8080", "one-port",
      "\"" B "\" is not on node.port 8080",
      "listen_addrs is bound exactly as written; leave node.port out." },
    { "network.public_ip=1.2.3.4", NULL, "", "" },
    { "network.announce_addrs=" A, NULL, "", "" },
    { "network.public_ip=1.2.3.4;network.announce_addrs=" A, "one-address",
      "announce_addrs is given, so public_ip is not used", "" },
    { "node.port=1024", NULL, "", "" },
    { "node.port=1023", "port-is-open-to-users",
      "ports below 1024 are for the system's own services",
      "Write a port from 1024 to 65535, or give the program the right to bind it." },
    { "state.initial=OFFLINE", NULL, "", "" },
    { "state.initial=ONLINE", "online-is-earned",
      "the node is JOINING until it really serves its blocks", "" },
    { "alerts.enabled=true;alerts.command=x", NULL, "", "" },
    { "alerts.enabled=true;alerts.email=a@b", "alerts-reach-somebody",
      "alerts are on, but nobody would receive them", "Set alerts.command or alerts.webhook_url." },
    { "alerts.enabled=true;alerts.webhook_url=https://a", NULL, "", "" },
    { "alerts.enabled=true", "alerts-reach-somebody",
      "alerts are on, but nobody would receive them", "Set alerts.command or alerts.webhook_url." },
    { "model.rebalance.enabled=true", NULL, "", "" },
    { "model.rebalance.enabled=true;model.start_block=4", "pinned-stays",
      "start_block is given, so the node never moves", "" },
    { "resources.schedules=[{name: a, cron: 0 9 * * *, duration: 8h}, {name: b, cron: 0 9 * * *, "
      "duration: 8h}]",
      NULL, "", "" },
    { "resources.schedules=[{name: a, cron: 0 9 * * *, duration: 8h}, {name: a, cron: 0 7 * * *, "
      "duration: 8h}]",
      "schedules-have-names", "two schedules are called \"a\"", "" },
};

static void set(struct fixture *f, const struct kn_setting *setting, const char *word,
                struct kn_node_config *config)
{
    const struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "--x", .age_s = -1 };
    const struct kn_assignment *found;

    kn_layer_read_word(&f->source, setting, word, &origin, false);
    found = kn_layers_find(&f->layers, setting);
    CHECK(word, found != NULL && found->valid);
    setting->type->store(&found->value, (char *)config + setting->offset);
}

static void fill(struct fixture *f, const char *pairs, struct kn_node_config *config)
{
    char copy[512], *at = copy;

    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *word = kn_settings[i].fallback;

        set(f, &kn_settings[i], word != NULL ? word : "null", config);
    }
    (void)snprintf(copy, sizeof(copy), "%s", pairs);
    while (*at != '\0') {
        char *end = strchr(at, ';'), *equals = strchr(at, '=');

        if (end != NULL)
            *end = '\0';
        *equals = '\0';
        CHECK(at, kn_setting_find(at) != NULL);
        set(f, kn_setting_find(at), equals + 1, config);
        at = end != NULL ? end + 1 : equals + 1 + strlen(equals + 1);
    }
}

/* proves: FR-0/0.5.5, FR-4/4.1, FR-4/4.6, TR-1/validator, TR-2/validator, MS-1/7 */
static void a_rule_holds_or_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_node_config config;
        struct fixture f;

        fixture_begin(&f);
        fill(&f, cases[i].set, &config);
        for (size_t j = 0; j < kn_check_count; j++) {
            const struct kn_check *check = &kn_checks[j];
            struct kn_error err = { 0 };
            bool holds = check->holds(&config, &err);

            if (holds == (cases[i].rule == NULL || strcmp(check->name, cases[i].rule) != 0)) {
                CHECK_STR(cases[i].set, err.text, holds ? "" : cases[i].message);
                CHECK_STR(cases[i].set, err.hint, holds ? "" : cases[i].hint);
                continue;
            }
            (void)fprintf(stderr, "%s: %s\n", check->name, holds ? "holds" : err.text);
            CHECK(cases[i].set, false);
        }
        fixture_end(&f);
    }
}

static void every_rule_is_seen_broken_above(void **state)
{
    (void)state;
    for (size_t j = 0; j < kn_check_count; j++) {
        bool seen = false;

        for (size_t i = 0; i < KN_COUNT(cases); i++)
            seen |= cases[i].rule != NULL && strcmp(cases[i].rule, kn_checks[j].name) == 0;
        CHECK(kn_checks[j].name, seen);
    }
}

static void the_table_of_rules_is_sound(void **state)
{
    (void)state;
    for (size_t j = 0; j < kn_check_count; j++) {
        const struct kn_check *check = &kn_checks[j];
        size_t n = strlen(check->rule);

        CHECK(check->name, check->rule[n - 1] == '.' && check->keys[0] != NULL);
        for (size_t k = 0; k < KN_CHECK_KEYS_MAX && check->keys[k] != NULL; k++)
            CHECK(check->keys[k], kn_setting_find(check->keys[k]) != NULL);
        for (size_t k = 0; k < j; k++)
            CHECK(check->name, strcmp(check->name, kn_checks[k].name) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_holds_or_says_what_is_wrong),
        cmocka_unit_test(every_rule_is_seen_broken_above),
        cmocka_unit_test(the_table_of_rules_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
