#include "config/discovery/node_name.h"

#include <time.h>

#include "config/schema/form.h"
#include "support/check.h"

#define SIXTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *name, *user, *host;
    uint16_t port;
    uint64_t seed;
    const char *want;
    enum kn_node_name_by by;
} names[] = {
    { "the requirements' example", "rezarassool", "MacBookPro", 8080, 0, "rezarassool-C-MacBookPro",
      KN_NAME_BY_HOST },
    { "the domain is cut", "ann", "box.corp.example", 8080, 0, "ann-C-box", KN_NAME_BY_HOST },
    { "root", "root", "srv1", 8080, 0, "root-C-srv1", KN_NAME_BY_HOST },
    { "one letter", "a", "b", 8080, 0, "a-C-b", KN_NAME_BY_HOST },
    { "an accent", "Jos\xc3\xa9", "box", 8080, 0, "Jos-C-box", KN_NAME_BY_HOST },
    { "an accent inside",
      "Ren\xc3\xa9"
      "e",
      "box", 8080, 0, "Ren-e-C-box", KN_NAME_BY_HOST },
    { "not UTF-8",
      "\xff\xfe"
      "bob\x80",
      "bo\xc0x", 8080, 0, "bob-C-bo-x", KN_NAME_BY_HOST },
    { "control characters", "b\x1b[31mob", "x\n", 8080, 0, "b-31mob-C-x", KN_NAME_BY_HOST },
    { "nothing but other letters", "\xe7\x8e\x8b", "box", 8080, 0, "node-C-box", KN_NAME_BY_HOST },
    { "no user", "", "box", 8080, 0, "node-C-box", KN_NAME_BY_HOST },
    { "user unknown", NULL, "box", 8080, 0, "node-C-box", KN_NAME_BY_HOST },
    { "runs collapse", "a__..--b", "-x--y-", 8080, 0, "a-b-C-x-y", KN_NAME_BY_HOST },
    { "a user of a realm", "ann@corp.example", "box", 8080, 0, "ann-C-box", KN_NAME_BY_HOST },
    { "a user of a domain", "CORP\\ann", "box", 8080, 0, "ann-C-box", KN_NAME_BY_HOST },
    { "localhost", "ann", "localhost", 8080, 0, "ann-C-8080", KN_NAME_BY_PORT },
    { "localhost with a domain", "ann", "LocalHost.localdomain", 8081, 0, "ann-C-8081",
      KN_NAME_BY_PORT },
    { "what Linux starts with", "ann", "(none)", 8080, 0, "ann-C-8080", KN_NAME_BY_PORT },
    { "a container id", "root", "3f2a9c01b7de", 65535, 0, "root-C-65535", KN_NAME_BY_PORT },
    { "eleven digits of hex", "root", "3f2a9c01b7d", 1, 0, "root-C-3f2a9c01b7d", KN_NAME_BY_HOST },
    { "thirteen digits of hex", "root", "3f2a9c01b7dea", 1, 0, "root-C-3f2a9c01b7dea",
      KN_NAME_BY_HOST },
    { "twelve, not all hex", "root", "3f2a9c01b7dg", 1, 0, "root-C-3f2a9c01b7dg", KN_NAME_BY_HOST },
    { "no host", "ann", "", 1, 0, "ann-C-1", KN_NAME_BY_PORT },
    { "host unknown", "ann", NULL, 1, 0, "ann-C-1", KN_NAME_BY_PORT },
    { "a domain and no host", "ann", ".example.org", 1, 0, "ann-C-1", KN_NAME_BY_PORT },
    { "digits", "ann", "12345", 8080, 0, "ann-C-8080", KN_NAME_BY_PORT },
    { "an address", "ann", "10.0.0.7", 8080, 0, "ann-C-8080", KN_NAME_BY_PORT },
    { "a host of other characters", "ann", "___", 8080, 0, "ann-C-8080", KN_NAME_BY_PORT },
    { "first word", "ann", NULL, 0, 0, "ann-C-Swift", KN_NAME_BY_ADJECTIVE },
    { "last word", "ann", NULL, 0, 9, "ann-C-Noble", KN_NAME_BY_ADJECTIVE },
    { "around", "ann", NULL, 0, 10, "ann-C-Swift", KN_NAME_BY_ADJECTIVE },
    { "64 characters", SIXTY, "a", 0, 0, SIXTY "-C-a", KN_NAME_BY_HOST },
    { "one more cuts the user", SIXTY, "aa", 0, 0,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-C-aa", KN_NAME_BY_HOST },
    { "a long host is cut", "ann", SIXTY "abc", 0, 0,
      "ann-C-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", KN_NAME_BY_HOST },
    { "both are long", SIXTY, SIXTY, 0, 0,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-C-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", KN_NAME_BY_HOST },
    { "no hyphen where it is cut", "ann",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bcd", 0, 0,
      "ann-C-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", KN_NAME_BY_HOST },
};

static void check_form(const char *row, const char *name)
{
    enum kn_problem_kind kind;

    CHECK(row, kn_form_node_name.check(name, &kind, NULL));
}

/* proves: FR-0/0.4.1, FR-0/0.4.3.1, FR-0/0.4.3.2, FR-0/0.4.3.3, P2/6, MS-2.2/3 */
static void test_names_tell_user_and_machine(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(names); i++) {
        struct kn_node_name_facts facts = { names[i].user, names[i].host, names[i].port,
                                            names[i].seed, NULL,          0 };
        struct kn_node_name name;

        kn_node_name_choose(&facts, &name);
        CHECK_STR(names[i].name, name.text, names[i].want);
        CHECK_EQ(names[i].name, name.by, names[i].by);
        CHECK_EQ(names[i].name, name.number, 0);
        check_form(names[i].name, name.text);
    }
}

static const struct {
    const char *name, *user;
    const char *taken[6];
    const char *want;
    uint32_t number;
} collisions[] = {
    { "others", "ann", { "bob-C-box", "ann-C-boxes", "ann-C-bo", "ann" }, "ann-C-box", 0 },
    { "taken", "ann", { "ann-C-box" }, "ann-C-box-2", 2 },
    { "taken twice", "ann", { "ann-C-box", "ann-C-box" }, "ann-C-box-2", 2 },
    { "the next as well", "ann", { "ann-C-box-2", "ann-C-box" }, "ann-C-box-3", 3 },
    { "a hole", "ann", { "ann-C-box", "ann-C-box-3" }, "ann-C-box-2", 2 },
    { "only a number is", "ann", { "ann-C-box-2" }, "ann-C-box", 0 },
    { "numbers that we do not write",
      "ann",
      { "ann-C-box", "ann-C-box-02", "ann-C-box-1", "ann-C-box-99999999999999999999" },
      "ann-C-box-2",
      2 },
    { "another case is another name", "ann", { "Ann-C-box" }, "ann-C-box", 0 },
    { "hostile names",
      "ann",
      { "", "-", "\xff\xff", "2", "ann-C-box-", "ann-C-box" },
      "ann-C-box-2",
      2 },
    { "the number fits",
      SIXTY,
      { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-C-box" },
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-C-b-2",
      2 },
};

/* proves: FR-0/0.4.6, P2/6 */
static void test_taken_names_get_a_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(collisions); i++) {
        struct kn_node_name_facts facts = {
            collisions[i].user, "box", 8080, 0, collisions[i].taken, KN_COUNT(collisions[i].taken)
        };
        struct kn_node_name name;

        kn_node_name_choose(&facts, &name);
        CHECK_STR(collisions[i].name, name.text, collisions[i].want);
        CHECK_EQ(collisions[i].name, name.number, collisions[i].number);
        check_form(collisions[i].name, name.text);
    }
}

/* A peer announces all of our names. */
static void test_names_do_not_run_out(void **state)
{
    static char texts[KN_NODE_NAME_NUMBER_MAX][KN_NODE_NAME_SIZE];
    static const char *taken[KN_NODE_NAME_NUMBER_MAX];
    struct kn_node_name_facts facts = { "ann", "box", 8080, 41, taken, KN_NODE_NAME_NUMBER_MAX };
    struct kn_node_name name;

    (void)state;
    for (unsigned i = 0; i < KN_NODE_NAME_NUMBER_MAX; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), i == 0 ? "ann-C-box" : "ann-C-box-%u", i + 1);
        taken[i] = texts[i];
    }
    kn_node_name_choose(&facts, &name);
    CHECK_STR("all are taken", name.text, "ann-C-box-10041");
    facts.taken_count--;
    kn_node_name_choose(&facts, &name);
    CHECK_STR("the last is free", name.text, "ann-C-box-9999");
}

/* proves: FR-0/0.4.4, TR-1/rand, MS-2.2/4 */
static void test_the_word_is_one_of_the_list(void **state)
{
    static const char *const words[] = { "Swift", "Brave", "Keen", "Bold",   "Bright",
                                         "Quick", "Wise",  "Fast", "Strong", "Noble" };

    (void)state;
    for (uint64_t seed = 0; seed < 3 * KN_COUNT(words); seed++) {
        struct kn_node_name_facts facts = { .user = "ann", .seed = seed };
        char want[KN_NODE_NAME_SIZE];
        struct kn_node_name name;

        (void)snprintf(want, sizeof(want), "ann-C-%s", words[seed % KN_COUNT(words)]);
        kn_node_name_choose(&facts, &name);
        CHECK_STR("word", name.text, want);
    }
}

/* Far from the bound, so that no machine is too slow. proves: NFR-1/1.1.name */
static void test_a_name_takes_no_time(void **state)
{
    static const char *taken[200];
    clock_t begin = clock();

    (void)state;
    for (size_t i = 0; i < KN_COUNT(taken); i++)
        taken[i] = "ann-C-box";
    for (unsigned i = 0; i < 100; i++) {
        struct kn_node_name_facts facts = { "ann", "box", 8080, i, taken, KN_COUNT(taken) };
        struct kn_node_name name;

        kn_node_name_choose(&facts, &name);
        CHECK_STR("name", name.text, "ann-C-box-2");
    }
    CHECK("10 ms of the processor each", clock() - begin < CLOCKS_PER_SEC);
}

static void test_the_reason_is_told(void **state)
{
    static const char *const taken[] = { "ann-C-8080" };
    struct kn_node_name_facts facts = { "ann", "localhost", 8080, 0, taken, 1 };
    struct kn_node_name name;

    (void)state;
    kn_node_name_choose(&facts, &name);
    CHECK_STR("port", name.reason,
              "of the user and the port, as the host name tells no machine; ann-C-8080 is taken");
    facts.port = 0;
    kn_node_name_choose(&facts, &name);
    CHECK_STR("word", name.reason,
              "of the user and a word, as neither host name nor port is known");
    facts.host = "box";
    kn_node_name_choose(&facts, &name);
    CHECK_STR("host", name.reason, "of the user and the host name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_tell_user_and_machine),
        cmocka_unit_test(test_taken_names_get_a_number),
        cmocka_unit_test(test_names_do_not_run_out),
        cmocka_unit_test(test_the_word_is_one_of_the_list),
        cmocka_unit_test(test_a_name_takes_no_time),
        cmocka_unit_test(test_the_reason_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
