#include "lib/codec/host.h"

#include "support/check.h"

static void ipv4_has_one_spelling(void **state)
{
    static const struct {
        const char *text;
        enum kn_code want;
        uint8_t bytes[4];
    } cases[] = {
        { "0.0.0.0", KN_OK, { 0, 0, 0, 0 } },
        { "255.255.255.255", KN_OK, { 255, 255, 255, 255 } },
        { "18.219.43.67", KN_OK, { 18, 219, 43, 67 } },
        { "1.2.3.256", KN_E_SYNTAX, { 0 } },
        { "1.2.3.1000", KN_E_SYNTAX, { 0 } },
        { "01.2.3.4", KN_E_SYNTAX, { 0 } },
        { "1.2.3.00", KN_E_SYNTAX, { 0 } },
        { "1.2.3", KN_E_SYNTAX, { 0 } },
        { "1.2.3.", KN_E_SYNTAX, { 0 } },
        { "1.2.3.4.", KN_E_SYNTAX, { 0 } },
        { "1.2.3.4.5", KN_E_SYNTAX, { 0 } },
        { "1..3.4", KN_E_SYNTAX, { 0 } },
        { ".1.2.3", KN_E_SYNTAX, { 0 } },
        { "1.2.3.4 ", KN_E_SYNTAX, { 0 } },
        { " 1.2.3.4", KN_E_SYNTAX, { 0 } },
        { "0x1.2.3.4", KN_E_SYNTAX, { 0 } },
        { "1.2.3.+4", KN_E_SYNTAX, { 0 } },
        { "16909060", KN_E_SYNTAX, { 0 } },
        { "", KN_E_SYNTAX, { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        uint8_t bytes[4] = { 0 };

        CHECK_EQ(cases[i].text, kn_host_ip4(cases[i].text, strlen(cases[i].text), bytes),
                 cases[i].want);
        CHECK(cases[i].text, memcmp(bytes, cases[i].bytes, 4) == 0);
    }
}

static void ipv6_has_the_three_forms_of_its_standard(void **state)
{
    static const struct {
        const char *text;
        enum kn_code want;
        uint16_t groups[8];
    } cases[] = {
        { "::", KN_OK, { 0 } },
        { "::1", KN_OK, { [7] = 1 } },
        { "1::", KN_OK, { 1 } },
        { "2001:db8::1", KN_OK, { 0x2001, 0xdb8, [7] = 1 } },
        { "2001:DB8::1", KN_OK, { 0x2001, 0xdb8, [7] = 1 } },
        { "1:2:3:4:5:6:7:8", KN_OK, { 1, 2, 3, 4, 5, 6, 7, 8 } },
        { "1:2:3:4:5:6:7::", KN_OK, { 1, 2, 3, 4, 5, 6, 7, 0 } },
        { "::2:3:4:5:6:7:8", KN_OK, { 0, 2, 3, 4, 5, 6, 7, 8 } },
        { "1:2:3::5:6:7:8", KN_OK, { 1, 2, 3, 0, 5, 6, 7, 8 } },
        { "::ffff:1.2.3.4", KN_OK, { [5] = 0xffff, 0x0102, 0x0304 } },
        { "1:2:3:4:5:6:1.2.3.4", KN_OK, { 1, 2, 3, 4, 5, 6, 0x0102, 0x0304 } },
        { "0001::00ff", KN_OK, { 1, [7] = 0xff } },
        { "1:2:3:4:5:6:7:8::", KN_E_SYNTAX, { 0 } },
        { "::1:2:3:4:5:6:7:8", KN_E_SYNTAX, { 0 } },
        { "1:2:3:4::5:6:7:8", KN_E_SYNTAX, { 0 } },
        { "1:2:3:4:5:6:7", KN_E_SYNTAX, { 0 } },
        { "1:2:3:4:5:6:7:8:9", KN_E_SYNTAX, { 0 } },
        { "1:2:3:4:5:6:7:1.2.3.4", KN_E_SYNTAX, { 0 } },
        { "1.2.3.4::", KN_E_SYNTAX, { 0 } },
        { "::1.2.3.4:5", KN_E_SYNTAX, { 0 } },
        { "1::2::3", KN_E_SYNTAX, { 0 } },
        { ":::", KN_E_SYNTAX, { 0 } },
        { "::1:", KN_E_SYNTAX, { 0 } },
        { ":1::", KN_E_SYNTAX, { 0 } },
        { "12345::", KN_E_SYNTAX, { 0 } },
        { "g::", KN_E_SYNTAX, { 0 } },
        { "fe80::1%eth0", KN_E_SYNTAX, { 0 } },
        { "[::1]", KN_E_SYNTAX, { 0 } },
        { "1.2.3.4", KN_E_SYNTAX, { 0 } },
        { ":", KN_E_SYNTAX, { 0 } },
        { "", KN_E_SYNTAX, { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        uint8_t bytes[16] = { 0 };

        CHECK_EQ(cases[i].text, kn_host_ip6(cases[i].text, strlen(cases[i].text), bytes),
                 cases[i].want);
        for (size_t j = 0; j < 8; j++)
            CHECK_EQ(cases[i].text, bytes[2 * j] << 8 | bytes[2 * j + 1], cases[i].groups[j]);
    }
}

static void names_follow_the_rules_of_host_names(void **state)
{
    static const struct {
        const char *text, *want; /* "" when it is right */
    } cases[] = {
        { "bootstrap-1.kwaai.ai", "" },
        { "localhost", "" },
        { "my_node", "" },
        { "xn--bcher-kva.example", "" },
        { "3com.com", "" },
        { "1.2.3.in-addr.arpa", "" },
        { "example.org.", "" },
        { "", "empty domain name" },
        { ".", "empty domain name" },
        { "..", "empty label in a domain name" },
        { "a..b", "empty label in a domain name" },
        { ".a", "empty label in a domain name" },
        { "-a.b", "\"-\" at the end of \"-a\" in a domain name" },
        { "a-.b", "\"-\" at the end of \"a-\" in a domain name" },
        { "a b", "byte 0x20 in a domain name" },
        { "a:8000", "character \":\" in a domain name" },
        { "b\xc3\xbc"
          "cher.de",
          "byte 0xc3 in a domain name" },
        { "1.2.3.4", "last label \"4\" of a domain name is a number" },
        { "8000", "last label \"8000\" of a domain name is a number" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_error err = { 0 };
        enum kn_code rc = kn_host_name_check(cases[i].text, strlen(cases[i].text), &err);

        CHECK_EQ(cases[i].text, rc, cases[i].want[0] == '\0' ? KN_OK : KN_E_SYNTAX);
        CHECK_STR(cases[i].text, err.text, cases[i].want);
    }
}

static void names_and_labels_have_a_longest_length(void **state)
{
    char name[256];
    struct kn_error err = { 0 };

    (void)state;
    memset(name, 'a', sizeof(name));
    CHECK_EQ("label", kn_host_name_check(name, 63, &err), KN_OK);
    CHECK_EQ("label", kn_host_name_check(name, 64, &err), KN_E_LIMIT);
    CHECK_STR("label", err.text, "label of 64 characters in a domain name; at most 63");
    name[63] = name[127] = name[191] = '.';
    CHECK_EQ("name", kn_host_name_check(name, 253, &err), KN_OK);
    CHECK_EQ("name", kn_host_name_check(name, 254, &err), KN_E_LIMIT);
    CHECK_STR("name", err.text, "domain name of 254 characters; at most 253");
    name[253] = '.';
    CHECK_EQ("name with a dot at its end", kn_host_name_check(name, 254, &err), KN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_has_one_spelling),
        cmocka_unit_test(ipv6_has_the_three_forms_of_its_standard),
        cmocka_unit_test(names_follow_the_rules_of_host_names),
        cmocka_unit_test(names_and_labels_have_a_longest_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
