/* The table, row by row: what a row promises is true. */
#include "config/schema/form.h"
#include "config/schema/node_config.h"
#include "config/schema/type.h"
#include "support/layers.h"

static void keys_are_unique_and_grouped_in_the_order_of_the_sections(void **state)
{
    size_t section = 0;
    bool begun = false;

    (void)state;
    CHECK_STR("first row", kn_settings[0].key, "schema_version");
    for (size_t i = 1; i < kn_setting_count; i++) {
        const char *key = kn_settings[i].key;
        size_t n = strlen(kn_sections[section].name);

        for (size_t j = 0; j < i; j++)
            CHECK(key, strcmp(key, kn_settings[j].key) != 0);
        if (strncmp(key, kn_sections[section].name, n) != 0 || key[n] != '.') {
            CHECK(key, begun && section + 1 < kn_section_count);
            section++;
            n = strlen(kn_sections[section].name);
        }
        CHECK(key, strncmp(key, kn_sections[section].name, n) == 0 && key[n] == '.');
        begun = true;
    }
    CHECK_EQ("all sections are used", section + 1, kn_section_count);
}

static void rows_of_one_folder_of_keys_stand_together(void **state)
{
    (void)state;
    for (size_t i = 1; i < kn_setting_count; i++) {
        const char *key = kn_settings[i].key, *dot = strrchr(key, '.');
        size_t n = (size_t)(dot - key) + 1;

        if (strchr(key, '.') == dot || strncmp(kn_settings[i - 1].key, key, n) == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            CHECK(key, strncmp(kn_settings[j].key, key, n) != 0);
    }
}

/* proves: FR-5/5.1.5, TR-2/defaults, UT/5 */
static void every_fallback_is_read_without_a_word(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        /* As a user's word: what is read as built in is not held against its form. */
        const struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "word", .age_s = -1 };
        const char *word = s->fallback != NULL ? s->fallback : "null";
        const struct kn_assignment *a;

        kn_layer_read_word(&f.source, s, word, &origin, false);
        CHECK_STR(s->key, problems_text(&f.problems), "");
        CHECK_EQ(s->key, f.layers.by_kind[KN_LAYER_CLI].n, i + 1);
        a = kn_layers_find(&f.layers, s);
        CHECK(s->key, a != NULL && a->valid && a->value.is != KN_ABSENT);
        if (s->accepts & KN_ACCEPTS_AUTO)
            CHECK_STR(s->key, s->fallback, "auto");
        if (s->fallback == NULL)
            CHECK(s->key, s->accepts & KN_ACCEPTS_NULL);
        CHECK_EQ(s->key, s->computed_by != NULL, (s->accepts & KN_ACCEPTS_AUTO) != 0);
    }
    fixture_end(&f);
}

static void check_sentence(const char *key, const char *text)
{
    size_t n = strlen(text);

    CHECK(key, n > 5 && text[n - 1] == '.' && text[n - 2] != '.');
    CHECK(key, text[0] >= 'A' && text[0] <= 'Z');
    CHECK(key, strchr(text, '\n') == NULL && strstr(text, "  ") == NULL);
}

/* proves: NFR-2/2.1 */
static void every_row_says_what_it_is_in_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *key = kn_settings[i].key;

        check_sentence(key, kn_settings[i].brief);
        CHECK(key, strstr(kn_settings[i].brief, ". ") == NULL);
        if (kn_settings[i].detail != NULL)
            check_sentence(key, kn_settings[i].detail);
    }
    for (size_t i = 0; i < kn_section_count; i++)
        check_sentence(kn_sections[i].name, kn_sections[i].brief);
}

/* A member of any type: presence first, then the value at its alignment. */
static size_t padding_free(const struct kn_type *type, unsigned char *claimed)
{
    size_t at = sizeof(enum kn_presence);

    memset(claimed, 1, at);
    if (type == &kn_type_bool) {
        memset(claimed + offsetof(struct kn_bool, value), 1, sizeof(bool));
        return sizeof(struct kn_bool);
    }
    if (type == &kn_type_choice) {
        memset(claimed + offsetof(struct kn_choice, value), 1, sizeof(int));
        return sizeof(struct kn_choice);
    }
    at = offsetof(struct kn_int, value); /* all others begin with 8 bytes here */
    memset(claimed + at, 1, type->size - at);
    return type->size;
}

/*
 * Members lie behind each other with gaps of padding only: smaller than the alignment of any
 * member, and in front of a member that needs it or at the end of a struct.
 *
 * proves: NFR-3/3.1, MS-1/2
 */
static void every_byte_of_the_struct_belongs_to_one_row(void **state)
{
    static unsigned char claimed[sizeof(struct kn_node_config)];
    size_t gap = 0;

    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        unsigned char own[64] = { 0 };

        CHECK(s->key, s->type->size <= sizeof(own));
        CHECK(s->key, s->offset + s->type->size <= sizeof(struct kn_node_config));
        CHECK_EQ(s->key, padding_free(s->type, own), s->type->size);
        for (size_t j = 0; j < s->type->size; j++) {
            CHECK(s->key, claimed[s->offset + j] == 0);
            claimed[s->offset + j] = own[j] != 0 ? 1 : 2; /* 2: padding of the member */
        }
    }
    for (size_t i = 0; i < sizeof(claimed); i++) {
        gap = claimed[i] == 0 ? gap + 1 : 0;
        if (gap == sizeof(enum kn_presence) + 1)
            (void)fprintf(stderr, "nobody claims byte %zu\n", i);
        CHECK("gap", gap <= sizeof(enum kn_presence));
    }
}

static void storing_a_value_writes_its_member_and_no_other(void **state)
{
    static unsigned char before[sizeof(struct kn_node_config)], after[sizeof(before)];

    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        struct kn_value value = { .is = KN_GIVEN };

        memset(before, 0xa5, sizeof(before));
        memcpy(after, before, sizeof(before));
        s->type->store(&value, after + s->offset);
        CHECK(s->key, memcmp(before, after, s->offset) == 0);
        CHECK(s->key, memcmp(before + s->offset + s->type->size, after + s->offset + s->type->size,
                             sizeof(before) - s->offset - s->type->size) == 0);
        CHECK(s->key, memcmp(before + s->offset, after + s->offset, s->type->size) != 0);
    }
}

static void a_switch_that_nothing_obeys_is_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];

        if (s->type == &kn_type_bool && s->obeyed_by == NULL && s->accepts == 0)
            CHECK_STR(s->key, s->fallback, "false");
    }
}

static void check_unique(const char *key, const char *name, const char *const *seen, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(seen[i], name) == 0)
            (void)fprintf(stderr, "%s is also somebody else's\n", name);
        CHECK(key, strcmp(seen[i], name) != 0);
    }
}

static void flags_are_unique_and_say_what_they_take(void **state)
{
    static const char *const taken[] = { "--config", "--home", "--set", "--version", "--help" };
    const char *seen[256];
    size_t n = KN_COUNT(taken);

    (void)state;
    memcpy(seen, taken, sizeof(taken));
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];

        CHECK_EQ(s->key, s->flag != NULL, s->value_name != NULL);
        if (s->flag == NULL)
            continue;
        CHECK(s->key, strncmp(s->flag, "--", 2) == 0 && strchr(s->flag, '=') == NULL);
        CHECK(s->key, strspn(s->flag, "abcdefghijklmnopqrstuvwxyz-") == strlen(s->flag));
        check_unique(s->key, s->flag, seen, n);
        seen[n++] = s->flag;
    }
}

static void variables_and_older_names_are_unique_and_fit(void **state)
{
    static char variables[256][KN_SETTING_VARIABLE_SIZE];
    const char *seen[512] = { "KWAAINET_HOME", "KWAAINET_CONFIG" };
    size_t n = 2;

    (void)state;
    CHECK("room", kn_setting_count <= KN_COUNT(variables));
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];

        CHECK(s->key, strlen(s->key) < KN_SETTING_KEY_MAX);
        CHECK(s->key, sizeof("KWAAINET_") + strlen(s->key) <= KN_SETTING_VARIABLE_SIZE);
        kn_setting_variable(s, variables[i]);
        CHECK_EQ(s->key, strlen(variables[i]), strlen("KWAAINET_") + strlen(s->key));
        check_unique(s->key, variables[i], seen, n);
        seen[n++] = variables[i];
        if (s->alias == NULL)
            continue;
        check_unique(s->key, s->alias, seen, n);
        seen[n++] = s->alias;
    }
    kn_setting_variable(kn_setting_find("model.rebalance.min_redundancy"), variables[0]);
    CHECK_STR("rule", variables[0], "KWAAINET_MODEL_REBALANCE_MIN_REDUNDANCY");
}

static void units_words_and_forms_fit_the_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        bool size = s->type == &kn_type_size, duration = s->type == &kn_type_duration;

        CHECK_EQ(s->key, s->words != NULL, s->type == &kn_type_choice);
        if (size)
            CHECK(s->key, s->unit != NULL && strstr("B MiB GiB", s->unit) != NULL);
        if (duration)
            CHECK_STR(s->key, s->unit, "s");
        if (size || duration || s->type == &kn_type_int || s->type == &kn_type_number)
            CHECK(s->key, s->range.min < s->range.max);
        else
            CHECK(s->key, s->range.min == 0 && s->range.max == 0 && s->unit == NULL);
        if (s->form != NULL) {
            CHECK(s->key, s->form->check != NULL && s->form->rule != NULL && s->form->name != NULL);
            CHECK(s->key, s->type == &kn_type_string || s->type->shape == KN_SHAPE_LIST);
        } else {
            CHECK(s->key, s->type != &kn_type_string);
        }
    }
}

/* proves: FR-4/4.1 */
static void durations_are_above_zero_and_at_most_thirty_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        const char *leaf = kn_setting_leaf(s);

        if (s->type == &kn_type_duration)
            CHECK(s->key, s->range.min > 0 && s->range.max == 30 * 86400);
        if (strstr(leaf, "port") == leaf || strstr(leaf, "_port") != NULL)
            CHECK(s->key, s->range.min == 1 && s->range.max == 65535);
        if (s->type == &kn_type_int && s->range.min < 1) /* 0 means something there */
            CHECK(s->key, strstr(s->brief, "0") != NULL || strstr(leaf, "_block") != NULL);
    }
}

static void renames_lead_from_no_key_to_one_of_the_table(void **state)
{
    unsigned since[3];

    (void)state;
    CHECK("at least the worked example", kn_rename_count >= 1);
    for (size_t i = 0; i < kn_rename_count; i++) {
        CHECK(kn_renames[i].old_key, kn_setting_find(kn_renames[i].old_key) == NULL);
        CHECK(kn_renames[i].old_key, kn_setting_find(kn_renames[i].new_key) != NULL);
        CHECK(kn_renames[i].old_key, kn_semver_parse(kn_renames[i].since, since));
    }
}

/* proves: TR-3/node, TR-3/model, TR-3/performance, TR-3/network, TR-3/dht, TR-3/resources,
 * TR-3/logging, TR-3/health, TR-3/state */
static void the_nine_sections_of_the_requirements_are_there(void **state)
{
    static const char *const names[] = { "node",      "model",   "performance", "network", "dht",
                                         "resources", "logging", "health",      "state" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(names); i++) {
        CHECK_STR("order", kn_sections[i].name, names[i]);
        CHECK(names[i], kn_setting_is_section(names[i]));
    }
}

/* Keys of OpenAI-Petal's two files, the node manager's and the flat one, whose words ours keep.
 * proves: NFR-4/4.1 */
static void settings_have_the_words_of_openai_petal(void **state)
{
    static const char *const pairs[][2] = {
        { "listen_port", "node.port" },
        { "network.bootstrap_peers", "network.bootstrap_peers" },
        { "resource_limits.default.max_memory_gb", "resources.max_memory_gb" },
        { "resource_limits.default.max_gpu_memory_gb", "resources.max_gpu_memory_gb" },
        { "resource_limits.default.max_cpu_percent", "resources.max_cpu_percent" },
        { "resource_limits.default.max_disk_space_gb", "resources.max_disk_space_gb" },
        { "resource_limits.default.max_models", "resources.max_models" },
        { "resource_limits.schedules", "resources.schedules" },
        { "process_management.health_check.timeout_seconds", "health.timeout" },
        { "health_monitoring.check_interval", "health.check_interval" },
        { "health_monitoring.failure_threshold", "health.failure_threshold" },
        { "health_monitoring.reconnection.max_attempts", "health.reconnect.max_attempts" },
        { "health_monitoring.reconnection.initial_delay", "health.reconnect.initial_delay" },
        { "health_monitoring.reconnection.max_delay", "health.reconnect.max_delay" },
        { "health_monitoring.reconnection.jitter", "health.reconnect.jitter" },
        { "health_monitoring.alerting.on_disconnect", "alerts.on_disconnect" },
        { "health_monitoring.alerting.webhook_url", "alerts.webhook_url" },
        { "logging.level", "logging.level" },
        { "logging.file_path", "logging.file_path" },
        { "logging.max_file_size_mb", "logging.max_file_size_mb" },
        { "logging.backup_count", "logging.backup_count" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(pairs); i++) {
        const struct kn_setting *ours = kn_setting_find(pairs[i][1]);

        CHECK(pairs[i][1], ours != NULL);
        CHECK_HAS(pairs[i][1], pairs[i][0], kn_setting_leaf(ours));
    }
}

/* proves: FR-2/node.name, FR-2/node.version, FR-2/node.port, FR-2/model.name,
 * FR-2/model.repository, FR-2/model.start_block, FR-2/model.end_block, FR-2/model.dtype,
 * FR-2/model.quant_type, FR-2/performance.throughput, FR-2/performance.cache_tokens,
 * FR-2/performance.network_rps, FR-2/performance.forward_rps, FR-2/performance.inference_rps,
 * FR-2/network.bootstrap_peers, FR-2/network.enable_dht, FR-2/network.dht_replication,
 * FR-2/network.enable_nat_traversal, FR-2/network.enable_relay_client,
 * FR-2/network.enable_relay_server, FR-2/network.connection_timeout,
 * FR-2/network.request_timeout, FR-2/network.max_connections, FR-2/dht.announce_interval,
 * FR-2/dht.expiration, FR-2/dht.bootstrap_timeout, FR-2/resources.max_memory_gb,
 * FR-2/resources.max_gpu_memory_gb, FR-2/resources.max_cpu_percent,
 * FR-2/resources.max_disk_space_gb, FR-2/resources.max_models, FR-2/logging.level,
 * FR-2/logging.file_path, FR-2/logging.max_file_size_mb, FR-2/logging.backup_count,
 * FR-2/health.check_interval, FR-2/health.timeout, FR-2/health.failure_threshold,
 * FR-2/state.initial, FR-2/state.using_relay, FR-2/state.adapters */
static void every_setting_of_the_requirements_has_its_type(void **state)
{
    static const struct {
        const char *key;
        const struct kn_type *type;
    } wanted[] = {
        { "node.name", &kn_type_string },
        { "node.version", &kn_type_string },
        { "node.port", &kn_type_int },
        { "model.name", &kn_type_string },
        { "model.repository", &kn_type_string },
        { "model.start_block", &kn_type_int },
        { "model.end_block", &kn_type_int },
        { "model.dtype", &kn_type_choice },
        { "model.quant_type", &kn_type_choice },
        { "performance.throughput", &kn_type_number },
        { "performance.cache_tokens", &kn_type_int },
        { "performance.network_rps", &kn_type_number },
        { "performance.forward_rps", &kn_type_number },
        { "performance.inference_rps", &kn_type_number },
        { "network.bootstrap_peers", &kn_type_multiaddr_list },
        { "network.enable_dht", &kn_type_bool },
        { "network.dht_replication", &kn_type_int },
        { "network.enable_nat_traversal", &kn_type_bool },
        { "network.enable_relay_client", &kn_type_bool },
        { "network.enable_relay_server", &kn_type_bool },
        { "network.connection_timeout", &kn_type_duration },
        { "network.request_timeout", &kn_type_duration },
        { "network.max_connections", &kn_type_int },
        { "dht.announce_interval", &kn_type_duration },
        { "dht.expiration", &kn_type_duration },
        { "dht.bootstrap_timeout", &kn_type_duration },
        { "resources.max_memory_gb", &kn_type_size },
        { "resources.max_gpu_memory_gb", &kn_type_size },
        { "resources.max_cpu_percent", &kn_type_int },
        { "resources.max_disk_space_gb", &kn_type_size },
        { "resources.max_models", &kn_type_int },
        { "logging.level", &kn_type_choice },
        { "logging.file_path", &kn_type_path },
        { "logging.max_file_size_mb", &kn_type_size },
        { "logging.backup_count", &kn_type_int },
        { "health.check_interval", &kn_type_duration },
        { "health.timeout", &kn_type_duration },
        { "health.failure_threshold", &kn_type_int },
        { "state.initial", &kn_type_choice },
        { "state.using_relay", &kn_type_bool },
        { "state.adapters", &kn_type_string_list },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(wanted); i++) {
        const struct kn_setting *s = kn_setting_find(wanted[i].key);

        CHECK(wanted[i].key, s != NULL && s->type == wanted[i].type);
        CHECK_EQ(wanted[i].key, kn_setting_index(s), s - kn_settings);
    }
}

static void a_key_is_found_whole_or_not_at_all(void **state)
{
    static const char *const none[] = { "",           "model",        "model.",
                                        "model.dtyp", "model.dtype.", "Node.name",
                                        "x",          "dtype" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(none); i++)
        CHECK(none[i], kn_setting_find(none[i]) == NULL);
    CHECK("section", kn_setting_is_section("model.rebalance"));
    CHECK("section", !kn_setting_is_section("model.reb"));
    CHECK("section", !kn_setting_is_section("model.dtype"));
    CHECK("section", !kn_setting_is_section(""));
    CHECK_STR("leaf", kn_setting_leaf(kn_setting_find("model.rebalance.quality")), "quality");
    CHECK_STR("leaf", kn_setting_leaf(kn_setting_find("schema_version")), "schema_version");
    CHECK_STR("word", kn_apply_word(KN_APPLY_RESTART), "restart");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_unique_and_grouped_in_the_order_of_the_sections),
        cmocka_unit_test(rows_of_one_folder_of_keys_stand_together),
        cmocka_unit_test(every_fallback_is_read_without_a_word),
        cmocka_unit_test(every_row_says_what_it_is_in_one_sentence),
        cmocka_unit_test(every_byte_of_the_struct_belongs_to_one_row),
        cmocka_unit_test(storing_a_value_writes_its_member_and_no_other),
        cmocka_unit_test(a_switch_that_nothing_obeys_is_off),
        cmocka_unit_test(flags_are_unique_and_say_what_they_take),
        cmocka_unit_test(variables_and_older_names_are_unique_and_fit),
        cmocka_unit_test(units_words_and_forms_fit_the_types),
        cmocka_unit_test(durations_are_above_zero_and_at_most_thirty_days),
        cmocka_unit_test(renames_lead_from_no_key_to_one_of_the_table),
        cmocka_unit_test(the_nine_sections_of_the_requirements_are_there),
        cmocka_unit_test(settings_have_the_words_of_openai_petal),
        cmocka_unit_test(every_setting_of_the_requirements_has_its_type),
        cmocka_unit_test(a_key_is_found_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
