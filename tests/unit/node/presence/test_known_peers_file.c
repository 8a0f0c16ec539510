/* Whose peers stand in a file. */
#include "node/presence/known_peers_file.h"

#include "support/check.h"

#define A "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
#define B "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define LINE "/ip4/10.0.0.1/tcp/80/p2p/" A " 1700000000\n"

static const char *const ours[] = { "/ip4/1.2.3.4/tcp/80/p2p/" A, "/ip6/::1/tcp/80/p2p/" A,
                                    "/dns/b.org/tcp/80/p2p/" B };

static void a_file_belongs_to_one_set_of_bootstraps(void **state)
{
    static const struct {
        const char *name, *text;
        enum kn_code want;
    } cases[] = {
        { "the same", "kwaainet-peers 1 " A " " B "\n" LINE, KN_OK },
        { "in another order", "kwaainet-peers 1 " B " " A "\n" LINE, KN_OK },
        { "no peers yet", "kwaainet-peers 1 " B " " A "\n", KN_OK },
        { "one of them", "kwaainet-peers 1 " A "\n" LINE, KN_E_NOT_FOUND },
        { "one of them twice", "kwaainet-peers 1 " A " " A "\n" LINE, KN_E_NOT_FOUND },
        { "one more", "kwaainet-peers 1 " A " " B " " A "x\n" LINE, KN_E_NOT_FOUND },
        { "part of one", "kwaainet-peers 1 " A " " B "x\n" LINE, KN_E_NOT_FOUND },
        { "none", "kwaainet-peers 1\n" LINE, KN_E_NOT_FOUND },
        { "another version", "kwaainet-peers 10 " A " " B "\n" LINE, KN_E_SYNTAX },
        { "no first line", LINE, KN_E_SYNTAX },
        { "half a line", "kwaainet-peers 1 " A " " B, KN_E_SYNTAX },
        { "empty", "", KN_E_SYNTAX },
        { "YAML", "peers:\n  - a\n", KN_E_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span peers = { NULL, 0 };

        CHECK_EQ(cases[i].name,
                 kn_known_header_read(kn_span_text(cases[i].text), ours, KN_COUNT(ours), &peers),
                 cases[i].want);
        if (cases[i].want == KN_OK)
            CHECK(cases[i].name,
                  peers.n == strlen(cases[i].text) - strlen("kwaainet-peers 1 " A " " B "\n"));
    }
}

static void what_is_written_reads_back(void **state)
{
    struct kn_text text = { 0 };
    struct kn_span peers;

    (void)state;
    kn_known_header_print(ours, KN_COUNT(ours), &text);
    CHECK_STR("each once", kn_text_get(&text), "kwaainet-peers 1 " A " " B "\n");
    CHECK_EQ("ours", kn_known_header_read(kn_span_text(kn_text_get(&text)), ours, 3, &peers),
             KN_OK);
    CHECK_EQ("nothing follows", peers.n, 0);
    kn_text_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_belongs_to_one_set_of_bootstraps),
        cmocka_unit_test(what_is_written_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
