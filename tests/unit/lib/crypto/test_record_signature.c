#include "lib/crypto/record_signature.h"

#include "support/hex.h"
#include "support/vectors.h"

/* The span behind `head` and in front of the next "]", empty when there is none. */
static struct kn_span behind(struct kn_span bytes, const char *head)
{
    size_t head_n = strlen(head);

    for (size_t at = 0; at + head_n <= bytes.n; at++) {
        const uint8_t *from = bytes.at + at + head_n;
        const uint8_t *end;

        if (memcmp(bytes.at + at, head, head_n) != 0)
            continue;
        end = memchr(from, ']', bytes.n - at - head_n);
        return end == NULL ? kn_span(NULL, 0) : kn_span(from, (size_t)(end - from));
    }
    return kn_span(NULL, 0);
}

static void records_of_hivemind_are_signed_by_their_owners(void **state)
{
    json_t *rows = vectors_list("signed_record.json", "records"), *row;
    size_t i, seen = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        struct kn_span subkey = hex_bytes(vectors_text(row, "subkey_tag"));
        struct kn_span value = hex_bytes(vectors_text(row, "signed_value"));
        struct kn_span message = hex_bytes(vectors_text(row, "signed_bytes"));
        struct kn_span owner = behind(subkey, "[owner:");
        struct kn_span signature = behind(value, "[signature:");

        if (owner.n > 0) {
            seen++;
            CHECK_EQ(name, kn_record_signature_verify(owner, message, signature), KN_OK);
            CHECK_EQ(
                name,
                kn_record_signature_verify(owner, kn_span(message.at, message.n - 1), signature),
                KN_E_INVALID);
        }
        hex_done(subkey);
        hex_done(value);
        hex_done(message);
    }
    CHECK_EQ("rows", seen, 2);
    vectors_done(rows);
}

/* RSA-2048 with the exponent 3 and a modulus of ones: no key that signs, but one that is read. */
#define HEAD "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAQEA"
#define ONES "/////////////////////////////////////////////////////////////////////////////////////"
#define MODULUS ONES ONES ONES ONES "/w=="

static void wrong_owners_and_signatures_are_refused(void **state)
{
    static const struct {
        const char *name, *owner, *signature;
        enum kn_code code;
    } cases[] = {
        { "another's signature", HEAD MODULUS, "AAAA", KN_E_INVALID },
        { "a comment behind the key", HEAD MODULUS " me@here", "AAAA", KN_E_INVALID },
        { "no signature", HEAD MODULUS, "", KN_E_INVALID },
        { "a signature that is no base64", HEAD MODULUS, "AAA", KN_E_SYNTAX },
        { "nobody", "", "AAAA", KN_E_SYNTAX },
        { "a key without a name", MODULUS, "AAAA", KN_E_SYNTAX },
        { "a name without a key", "ssh-rsa ", "AAAA", KN_E_SYNTAX },
        { "no base64", "ssh-rsa AAAAB3Nz!C1yc2E=", "AAAA", KN_E_SYNTAX },
        { "another name in front", "ssh-dss AAAAB3NzaC1yc2EAAAABAwAAAAEB", "AAAA", KN_E_SYNTAX },
        { "another name inside", "ssh-rsa AAAAB3NzaC1kc3MAAAABAwAAAAEB", "AAAA", KN_E_SYNTAX },
        { "cut", "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAA", "AAAA", KN_E_SYNTAX },
        { "a modulus of 1", "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEB", "AAAA", KN_E_INVALID },
        { "a negative modulus", "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAGB", "AAAA", KN_E_SYNTAX },
        { "a byte behind it", "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEBAAAA", "AAAA", KN_E_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i].name,
                 kn_record_signature_verify(kn_span_text(cases[i].owner), kn_span_text("message"),
                                            kn_span_text(cases[i].signature)),
                 cases[i].code);
}

static void texts_beyond_the_limits_are_refused(void **state)
{
    char owner[KN_RECORD_OWNER_MAX + 1], signature[KN_RECORD_SIGNATURE_MAX + 4];
    const struct kn_span message = kn_span_text("message");

    (void)state;
    memset(owner, 'A', sizeof(owner));
    memset(signature, 'A', sizeof(signature));
    CHECK_EQ("1600",
             kn_record_signature_verify(kn_span(owner, KN_RECORD_OWNER_MAX), message,
                                        kn_span_text("AAAA")),
             KN_E_SYNTAX);
    CHECK_EQ(
        "1601",
        kn_record_signature_verify(kn_span(owner, sizeof(owner)), message, kn_span_text("AAAA")),
        KN_E_LIMIT);
    CHECK_EQ("1372",
             kn_record_signature_verify(kn_span_text(HEAD MODULUS), message,
                                        kn_span(signature, sizeof(signature))),
             KN_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_hivemind_are_signed_by_their_owners),
        cmocka_unit_test(wrong_owners_and_signatures_are_refused),
        cmocka_unit_test(texts_beyond_the_limits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
