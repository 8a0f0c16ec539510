/* What texts must look like; the patterns agree with the checks on every row. */
#include <regex.h>

#include "config/schema/form.h"
#include "support/check.h"

struct form_case {
    const struct kn_form *form;
    const char *text;
    bool ok;
};

#define LONG "a123456789b123456789c123456789d123456789e123456789f123456789"

/* proves: FR-0/0.4.9, FR-4/4.2 */
static const struct form_case cases[] = {
    { &kn_form_node_name, "abc", true },
    { &kn_form_node_name, "0-9", true },
    { &kn_form_node_name, LONG "1234", true },
    { &kn_form_node_name, LONG "12345", false },
    { &kn_form_node_name, "ab", false },
    { &kn_form_node_name, "", false },
    { &kn_form_node_name, "-ab", false },
    { &kn_form_node_name, "ab-", false },
    { &kn_form_node_name, "a_b", false },
    { &kn_form_node_name, "a b", false },
    { &kn_form_node_name, "alice@kwaai", false },
    { &kn_form_node_name, "\xc3\xa9t\xc3\xa9", false },
    { &kn_form_semver, "1.0.0", true },
    { &kn_form_semver, "0.0.0", true },
    { &kn_form_semver, "999999999.1.2", true },
    { &kn_form_semver, "1.0", false },
    { &kn_form_semver, "1.0.0.0", false },
    { &kn_form_semver, "1.0.0-rc1", false },
    { &kn_form_semver, "01.0.0", false },
    { &kn_form_semver, "1.-1.0", false },
    { &kn_form_semver, "v1.0.0", false },
    { &kn_form_semver, "1.0.0 ", false },
    { &kn_form_semver, "1..0", false },
    { &kn_form_semver, "9999999999.0.0", false },
    { &kn_form_semver, "", false },
    { &kn_form_filled, "x", true },
    { &kn_form_filled, " x ", true },
    { &kn_form_filled, "", false },
    { &kn_form_filled, " \t", false },
    { &kn_form_prefix, "Llama-3-3-70B-Instruct-hf", true },
    { &kn_form_prefix, "bigscience/bloom-petals", true },
    { &kn_form_prefix, "Llama-3.3", false },
    { &kn_form_prefix, "a b", false },
    { &kn_form_prefix, "", false },
    { &kn_form_device, "cpu", true },
    { &kn_form_device, "mps", true },
    { &kn_form_device, "cuda", true },
    { &kn_form_device, "cuda:0", true },
    { &kn_form_device, "rocm:255", true },
    { &kn_form_device, "cuda:256", false },
    { &kn_form_device, "cuda:", false },
    { &kn_form_device, "cuda:01", false },
    { &kn_form_device, "cuda:-1", false },
    { &kn_form_device, "cpu:0", false },
    { &kn_form_device, "CUDA", false },
    { &kn_form_device, "gpu", false },
    { &kn_form_ip, "203.0.113.7", true },
    { &kn_form_ip, "2001:db8::1", true },
    { &kn_form_ip, "::", true },
    { &kn_form_ip, "example.org", false },
    { &kn_form_ip, "", false },
    { &kn_form_url, "https://example.org/hook?a=b", true },
    { &kn_form_url, "http://[::1]:80/", true },
    { &kn_form_url, "ftp://example.org", false },
    { &kn_form_url, "https://", false },
    { &kn_form_url, "https:///path", false },
    { &kn_form_url, "https://a b", false },
    { &kn_form_url, "example.org", false },
    { &kn_form_url, "off", false },
    { &kn_form_url_or_off, "off", true },
    { &kn_form_url_or_off, "https://map.kwaai.ai", true },
    { &kn_form_url_or_off, "on", false },
    { &kn_form_email, "a@b", true },
    { &kn_form_email, "ops@example.org", true },
    { &kn_form_email, "a@b@c", false },
    { &kn_form_email, "@b", false },
    { &kn_form_email, "a@", false },
    { &kn_form_email, "a b@c", false },
    { &kn_form_email, "a@b,c@d", false },
    { &kn_form_word, "adapter/x", true },
    { &kn_form_word, "a[b", true },
    { &kn_form_word, "[a", false },
    { &kn_form_word, "a,b", false },
    { &kn_form_word, "", false },
    { &kn_form_module, "network=debug", true },
    { &kn_form_module, "serving=trace", true },
    { &kn_form_module, "network", false },
    { &kn_form_module, "=debug", false },
    { &kn_form_module, "network=loud", false },
    { &kn_form_module, "network=debug ", false },
    { &kn_form_multiaddr, "/ip4/0.0.0.0/tcp/8080", true },
    { &kn_form_multiaddr, "/dns/example.org/tcp/443", true },
    { &kn_form_multiaddr, "ip4/0.0.0.0/tcp/8080", false },
    { &kn_form_multiaddr, "not-a-multiaddr", false },
    { &kn_form_multiaddr, "", false },
    { &kn_form_peer,
      "/ip4/18.219.43.67/tcp/8000/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc", true },
    { &kn_form_peer,
      "/ip4/18.219.43.67/tcp/8000/ipfs/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc", true },
    { &kn_form_peer, "/ip4/18.219.43.67/tcp/8000", false },
    { &kn_form_peer, "", false },
};

static void texts_are_of_a_form_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        enum kn_problem_kind kind = KN_PROBLEM_KIND_COUNT;
        struct kn_error err = { 0 };

        CHECK_EQ(cases[i].text, cases[i].form->check(cases[i].text, &kind, &err), cases[i].ok);
        if (cases[i].ok)
            continue;
        CHECK_EQ(cases[i].text, kind, KN_P_INVALID);
        CHECK(cases[i].text, err.code != KN_OK && err.text[0] != '\0');
    }
}

static void patterns_agree_with_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char pattern[256];
        regex_t regex;
        size_t n = 0;

        if (cases[i].form->pattern == NULL)
            continue;
        for (const char *c = cases[i].form->pattern; *c != '\0';
             c++) { /* \t in [] is POSIX's \, t */
            bool white = c[0] == '\\' && (c[1] == 't' || c[1] == 'r' || c[1] == 'n');

            pattern[n++] = !white ? *c : c[1] == 't' ? '\t' : c[1] == 'r' ? '\r' : '\n';
            c += white;
        }
        pattern[n] = '\0';
        CHECK_EQ(cases[i].text, regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
        CHECK_EQ(cases[i].text, regexec(&regex, cases[i].text, 0, NULL, 0) == 0, cases[i].ok);
        regfree(&regex);
    }
}

static void a_version_that_others_ignore_is_taken_with_a_warning(void **state)
{
    static const char *const good[] = { "0.3.15", "0.3.16", "0.4.0", "1.0.0" };
    static const char *const odd[] = { "0.3.14", "0.2.99",     "1.0",
                                       "test",   "2.3.0.dev2", "kwaai-0.1.0" };
    enum kn_problem_kind kind;
    struct kn_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(good); i++)
        CHECK(good[i], kn_form_version.check(good[i], &kind, &err));
    for (size_t i = 0; i < KN_COUNT(odd); i++) {
        CHECK(odd[i], !kn_form_version.check(odd[i], &kind, &err));
        CHECK_EQ(odd[i], kind, KN_P_SUSPICIOUS);
        CHECK_HAS(odd[i], err.text, "is not X.Y.Z of at least 0.3.15");
    }
}

static void an_address_outside_its_numbers_is_none(void **state)
{
    static const char *const wrong[] = { "999.1.1.1", "1.2.3",   "1.2.3.4.5",   "01.2.3.4",
                                         ":::",       "1::2::3", "fe80::1%eth0" };
    enum kn_problem_kind kind;
    struct kn_error err;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(wrong); i++) {
        CHECK(wrong[i], !kn_form_ip.check(wrong[i], &kind, &err));
        CHECK_HAS(wrong[i], err.text, "is no IP address");
        CHECK_STR(wrong[i], err.hint, "It is an IPv4 or IPv6 address.");
    }
}

static void semver_gives_three_numbers(void **state)
{
    unsigned parts[3] = { 0 };

    (void)state;
    CHECK("1.22.333", kn_semver_parse("1.22.333", parts));
    CHECK("1.22.333", parts[0] == 1 && parts[1] == 22 && parts[2] == 333);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_of_a_form_or_not),
        cmocka_unit_test(patterns_agree_with_checks),
        cmocka_unit_test(a_version_that_others_ignore_is_taken_with_a_warning),
        cmocka_unit_test(an_address_outside_its_numbers_is_none),
        cmocka_unit_test(semver_gives_three_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
