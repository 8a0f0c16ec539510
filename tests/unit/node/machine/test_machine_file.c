/* Facts of another machine: what a file may say, and what is said about one that is wrong. */
#include "node/machine/machine_file.h"

#include "support/check.h"
#include "support/fuse.h"
#include "support/home.h"

#define GIB (INT64_C(1) << 30)

static enum kn_code decode(const char *text, struct kn_hardware *out, struct kn_error *err)
{
    *err = (struct kn_error){ 0 };
    return kn_machine_file_decode("m.yaml", text, strlen(text), out, err);
}

static void every_field_is_taken(void **state)
{
    static const char text[] = "platform: Linux 6.12 (x86_64)\n"
                               "architecture: x86_64\n"
                               "cpu: \"A: CPU\"\n"
                               "cores: 16\n"
                               "physical_cores: 8\n"
                               "features: [avx2, avx512_bf16]\n"
                               "memory_total: 32 GiB\n"
                               "memory_available: 24\n"
                               "gpus:\n"
                               "  - kind: amd\n"
                               "    name: Card\n"
                               "  - {kind: nvidia, memory_total: 24GiB, memory_free: 512 MiB,"
                               " capability: 89}\n"
                               "host_name: laptop\n"
                               "user_name: alice\n";
    struct kn_hardware m;
    struct kn_error err;

    (void)state;
    CHECK_EQ("code", decode(text, &m, &err), KN_OK);
    CHECK_STR("platform", m.platform, "Linux 6.12 (x86_64)");
    CHECK_STR("architecture", m.architecture, "x86_64");
    CHECK_STR("cpu", m.cpu_name, "A: CPU");
    CHECK_EQ("cores", m.cores, 16);
    CHECK_EQ("physical", m.physical_cores, 8);
    CHECK("features", m.features.avx2 && m.features.avx512_bf16 && !m.features.f16c);
    CHECK_EQ("total", m.memory_total, 32 * GIB);
    CHECK_EQ("available", m.memory_available, 24 * GIB);
    CHECK_EQ("cards", m.gpu_count, 2);
    CHECK_EQ("kind", m.gpus[0].kind, KN_GPU_AMD);
    CHECK_STR("name", m.gpus[0].name, "Card");
    CHECK_EQ("unknown", m.gpus[0].free_bytes, KN_FACT_UNKNOWN);
    CHECK_EQ("kind", m.gpus[1].kind, KN_GPU_NVIDIA);
    CHECK_EQ("card total", m.gpus[1].total_bytes, 24 * GIB);
    CHECK_EQ("card free", m.gpus[1].free_bytes, GIB / 2);
    CHECK_EQ("capability", m.gpus[1].capability, 89);
    CHECK_STR("host", m.host_name, "laptop");
    CHECK_STR("user", m.user_name, "alice");
}

static void what_is_left_out_or_null_is_unknown(void **state)
{
    static const char *const rows[] = {
        "{}",
        "memory_total: ~\ncores: null\ncpu:\ngpus: null\nfeatures:\n",
        "{\"gpus\": []}",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_hardware m;
        struct kn_error err;

        CHECK_EQ(rows[i], decode(rows[i], &m, &err), KN_OK);
        CHECK_EQ(rows[i], m.memory_total, KN_FACT_UNKNOWN);
        CHECK_EQ(rows[i], m.memory_available, KN_FACT_UNKNOWN);
        CHECK_EQ(rows[i], m.memory_limit, KN_FACT_UNKNOWN);
        CHECK_EQ(rows[i], m.cores, KN_FACT_UNKNOWN);
        CHECK_EQ(rows[i], m.gpu_count, 0);
        CHECK_STR(rows[i], m.cpu_name, "");
    }
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text, *want, *hint;
        enum kn_code code;
    } rows[] = {
        { "", "m.yaml:1:1  a map of facts is wanted here", "", KN_E_SYNTAX },
        { "[1]", "m.yaml:1:1  a map of facts is wanted here", "", KN_E_SYNTAX },
        { "cores: 1\ncores: 2\n", "m.yaml:2:1  ", "", KN_E_SYNTAX },
        { "gpus: [", "m.yaml:1:", "", KN_E_SYNTAX },
        { "core: 8", "m.yaml:1:1  unknown field \"core\"", "Did you mean cores?", KN_E_INVALID },
        { "GPUs: []", "m.yaml:1:1  unknown field \"GPUs\"", "Did you mean gpus?", KN_E_INVALID },
        { "{1: 2}", "m.yaml:1:2  unknown field \"1\"", "", KN_E_INVALID },
        { "cores: 8\nmemory_total: lots\n", "m.yaml:2:15  memory_total: \"lots\" is not a size",
          "Write a number with a unit", KN_E_INVALID },
        { "memory_total: 0.5 EiB", "m.yaml:1:15  memory_total: \"0.5 EiB\" is not a size",
          "Write a number with a unit", KN_E_INVALID },
        { "memory_total: -1", "m.yaml:1:15  memory_total: -1 is outside", "", KN_E_INVALID },
        { "memory_total: 2PiB", "m.yaml:1:15  memory_total: 2PiB is outside", "", KN_E_INVALID },
        { "cores: 0", "m.yaml:1:8  cores: 0 is outside 1..65536", "", KN_E_INVALID },
        { "cores: 65537", "m.yaml:1:8  cores: 65537 is outside 1..65536", "", KN_E_INVALID },
        { "cores: 1.5", "m.yaml:1:8  cores: \"1.5\" is not a whole number", "", KN_E_INVALID },
        { "cores: [1]", "m.yaml:1:8  cores: ", "", KN_E_INVALID },
        { "cpu: {}", "m.yaml:1:6  cpu: ", "", KN_E_INVALID },
        { "architecture: a-machine-of-20-letters",
          "m.yaml:1:15  architecture: the text is longer "
          "than 15 bytes",
          "", KN_E_INVALID },
        { "features: avx2", "m.yaml:1:11  features: a list is wanted here", "", KN_E_INVALID },
        { "features: [avx]", "m.yaml:1:12  features: unknown instruction set \"avx\"",
          "Did you mean avx2?", KN_E_INVALID },
        { "features: [[]]", "m.yaml:1:12  features: the name of an instruction set is wanted", "",
          KN_E_INVALID },
        { "gpus: {}", "m.yaml:1:7  gpus: a list is wanted here", "", KN_E_INVALID },
        { "gpus: [x]", "m.yaml:1:8  gpus: a map of kind, name,", "", KN_E_INVALID },
        { "gpus: [{name: x}]", "m.yaml:1:8  gpus: a kind, nvidia or amd, is wanted here", "",
          KN_E_INVALID },
        { "gpus: [{kind: intel}]", "m.yaml:1:15  kind: unknown value \"intel\"",
          "It is one of nvidia, amd.", KN_E_INVALID },
        { "gpus: [{kind: amd, cores: 4}]", "m.yaml:1:20  unknown field \"cores\"", "",
          KN_E_INVALID },
        { "memory_total: 8\nmemory_available: 9\n",
          "m.yaml:2:19  memory_available: more than memory_total", "", KN_E_INVALID },
        { "gpus: [{kind: amd, memory_free: 9, memory_total: 8}]",
          "m.yaml:1:33  memory_free: more than memory_total", "", KN_E_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_hardware m = { .cores = 77 };
        struct kn_error err;

        CHECK_EQ(rows[i].text, decode(rows[i].text, &m, &err), rows[i].code);
        CHECK_EQ(rows[i].text, err.code, rows[i].code);
        CHECK_EQ(rows[i].text, strncmp(err.text, rows[i].want, strlen(rows[i].want)), 0);
        CHECK_HAS(rows[i].text, err.hint, rows[i].hint);
        CHECK_EQ(rows[i].text, m.cores, 77);
        CHECK_EQ("without a text",
                 kn_machine_file_decode("m", rows[i].text, strlen(rows[i].text), &m, NULL),
                 rows[i].code);
    }
}

static void memory_that_is_short_is_told(void **state)
{
    static const char *const rows[] = {
        "cpu: x\nmemory_total: 8\ngpus: [{kind: amd}]\n",
        "gpus: [{kind: intel}]\n",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        enum kn_code rc;
        long n = 0;

        do {
            struct kn_hardware m;
            struct kn_error err;

            kn_fuse = n++;
            rc = decode(rows[i], &m, &err);
            CHECK(rows[i], kn_fuse >= 0 || rc != KN_OK);
        } while (kn_fuse < 0);
        kn_fuse = -1;
        CHECK(rows[i], n > 1);
    }
}

static void seventeen_cards_are_one_too_many(void **state)
{
    char text[512] = "gpus: [";
    struct kn_hardware m;
    struct kn_error err;

    (void)state;
    for (int i = 0; i < KN_GPUS_MAX; i++)
        (void)strcat(text, "{kind: amd}, ");
    (void)strcat(text, "]");
    CHECK_EQ("most", decode(text, &m, &err), KN_OK);
    CHECK_EQ("cards", m.gpu_count, KN_GPUS_MAX);
    text[strlen(text) - 1] = '\0';
    (void)strcat(text, "{kind: amd}]");
    CHECK_EQ("one more", decode(text, &m, &err), KN_E_INVALID);
    CHECK_STR("text", err.text, "m.yaml:1:7  gpus: more than 16 cards");
}

static void a_file_is_read_beside_the_working_folder(void **state)
{
    static char large[KN_MACHINE_FILE_MAX + 1];
    struct kn_home home;
    struct kn_hardware m;
    struct kn_error err = { 0 };

    (void)state;
    kn_home_make(&home);
    kn_home_write(&home, "m.yaml", "cores: 4\n", 9, 0600);
    CHECK_EQ("relative", kn_machine_file_read("m.yaml", home.path, &m, &err), KN_OK);
    CHECK_EQ("cores", m.cores, 4);
    CHECK_EQ("absolute", kn_machine_file_read(kn_home_path(&home, "m.yaml"), "/", &m, &err), KN_OK);
    CHECK_EQ("missing", kn_machine_file_read("none", home.path, &m, &err), KN_E_NOT_FOUND);
    CHECK_HAS("text", err.text, "machine file none: ");
    memset(large, ' ', sizeof(large));
    kn_home_write(&home, "large", large, sizeof(large), 0600);
    CHECK_EQ("large", kn_machine_file_read("large", home.path, &m, &err), KN_E_LIMIT);
    kn_home_write(&home, "full", large, sizeof(large) - 1, 0600);
    CHECK_EQ("at the limit", kn_machine_file_read("full", home.path, &m, &err), KN_E_SYNTAX);
    kn_home_remove(&home);
}

#define PEER "/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"

static void it_stands_in_only_where_nobody_real_is_told(void **state)
{
    static const char *const here[] = { "/ip4/127.0.0.1/tcp/1" PEER, "/ip6/::1/tcp/1" PEER };
    static const char *const there[] = { "/ip4/127.0.0.1/tcp/1" PEER, "/ip4/192.0.2.1/tcp/1" PEER };
    static const char *const name[] = { "/dns/example.org/tcp/1" PEER };
    static const struct {
        const char *row;
        struct kn_texts bootstraps;
        bool new_swarm, dry_run, want;
        const char *text;
    } rows[] = {
        { "all here", { 2, here }, false, false, true, "" },
        { "one elsewhere", { 2, there }, false, false, false, "192.0.2.1/tcp/1" },
        { "a name", { 1, name }, false, false, false, "example.org" },
        { "nobody yet", { 0, NULL }, false, false, false, "others may join this node" },
        { "a new swarm", { 2, here }, true, false, false, "others may join this node" },
        { "a plan alone", { 2, there }, false, true, true, "" },
        { "a plan of a new swarm", { 0, NULL }, true, true, true, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        static struct kn_node_config config;
        struct kn_error err = { 0 };

        config.network.bootstrap_peers.texts = rows[i].bootstraps;
        config.network.new_swarm.value = rows[i].new_swarm;
        CHECK_EQ(rows[i].row, kn_machine_may_stand_in(&config, rows[i].dry_run, &err) == KN_OK,
                 rows[i].want);
        CHECK_HAS(rows[i].row, err.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_taken),
        cmocka_unit_test(what_is_left_out_or_null_is_unknown),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(memory_that_is_short_is_told),
        cmocka_unit_test(seventeen_cards_are_one_too_many),
        cmocka_unit_test(a_file_is_read_beside_the_working_folder),
        cmocka_unit_test(it_stands_in_only_where_nobody_real_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
