#include "lib/codec/peer_id.h"

#include "support/vectors.h"

static uint8_t hex_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return n;
}

static enum kn_peer_id_kind kind_of(const char *type)
{
    if (strcmp(type, "Ed25519") == 0)
        return KN_PEER_ID_ED25519;
    return strcmp(type, "secp256k1") == 0 ? KN_PEER_ID_SECP256K1 : KN_PEER_ID_HASHED;
}

static void all_forms_of_an_id_are_the_same_id(void **state)
{
    json_t *rows = vectors_list("peer_ids.json", "ids"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "base58"), *cid = vectors_text(row, "cid");
        struct kn_peer_id a, b;
        struct kn_error err = { 0 };
        uint8_t bytes[64];
        size_t n = from_hex(vectors_text(row, "multihash"), bytes);
        char again[KN_PEER_ID_TEXT_SIZE];

        CHECK_EQ(text, kn_peer_id_parse(text, strlen(text), &a, &err), KN_OK);
        CHECK_EQ(text, a.kind, kind_of(vectors_text(row, "type")));
        CHECK_EQ(text, a.n, n);
        CHECK(text, memcmp(a.bytes, bytes, n) == 0);
        CHECK_EQ(cid, kn_peer_id_parse(cid, strlen(cid), &b, &err), KN_OK);
        CHECK(cid, kn_peer_id_equal(&a, &b));
        kn_peer_id_print(&b, again);
        CHECK_STR(cid, again, text);
        b.bytes[b.n - 1] ^= 1;
        CHECK(cid, !kn_peer_id_equal(&a, &b));
    }
    vectors_done(rows);
}

static void wrong_ids_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text;
        enum kn_code code;
        const char *want, *hint;
    } cases[] = {
        { "", KN_E_SYNTAX, "the peer id is empty", "" },
        { "notbase58!", KN_E_SYNTAX, "peer id \"notbase58!\" is not base58",
          "Base58 has no \"!\", the character 10 of the peer id." },
        { "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7Kha0c", KN_E_SYNTAX,
          "peer id \"QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7Kha0c\" is not base58",
          "Base58 has no \"0\", the character 45 of the peer id." },
        { "Qm", KN_E_SYNTAX, "peer id \"Qm\" has 2 characters, not 46",
          "Look whether the peer id was copied whole." },
        { "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJ", KN_E_SYNTAX,
          "peer id \"QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJ\" has 45 characters, not 46",
          "Look whether the peer id was copied whole." },
        { "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJcc", KN_E_SYNTAX,
          "peer id \"QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJcc\" has 47 characters, not 46",
          "Look whether the peer id was copied whole." },
        { "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p", KN_E_SYNTAX,
          "peer id \"12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p\" has 51 characters, not "
          "52",
          "Look whether the peer id was copied whole." },
        { "16Uiu2HAm4Ms862Gnqafssgvik4JJ1LuqWMcKNipq4nm2UaoLRbePP", KN_E_SYNTAX,
          "peer id \"16Uiu2HAm4Ms862Gnqafssgvik4JJ1LuqWMcKNipq4nm2UaoLRbePP\" has 54 characters, "
          "not 53",
          "Look whether the peer id was copied whole." },
        { "Qm11111111111111111111111111111111111111111111", KN_E_SYNTAX,
          "peer id \"Qm11111111111111111111111111111111111111111111\" announces a hash of 30 bytes "
          "and has 32; both must be 32",
          "" },
        { "mhQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc", KN_E_SYNTAX,
          "peer id \"mhQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc\" does not begin as a peer id "
          "does",
          "A peer id begins with \"Qm\", \"12D3KooW\", \"16Uiu2HA\" or \"bafz\"." },
        { "1", KN_E_SYNTAX, "peer id \"1\" is too short", "" },
        { "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt", KN_E_SYNTAX,
          "peer id \"bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt\" is not "
          "base32",
          "" },
        { "bafzAajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6", KN_E_SYNTAX,
          "peer id \"bafzAajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6\" is not "
          "base32",
          "" },
        { "bafybeigrobyeuuwypi32bnvuozxo73qxtf3wfwnlionoldmzicz4rp7cbm", KN_E_UNSUPPORTED,
          "peer id \"bafybeigrobyeuuwypi32bnvuozxo73qxtf3wfwnlionoldmzicz4rp7cbm\" is a cid, but "
          "not of a libp2p key",
          "" },
        { "b", KN_E_UNSUPPORTED, "peer id \"b\" is a cid, but not of a libp2p key", "" },
        { "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p\n", KN_E_SYNTAX,
          "the byte 0x0a at 52 of the peer id is not base58", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_error err = { 0 };
        struct kn_peer_id id = { .n = 7 };

        CHECK_EQ(cases[i].text, kn_peer_id_parse(cases[i].text, strlen(cases[i].text), &id, &err),
                 cases[i].code);
        CHECK_EQ(cases[i].text, err.code, cases[i].code);
        CHECK_STR(cases[i].text, err.text, cases[i].want);
        CHECK_STR(cases[i].text, err.hint, cases[i].hint);
        CHECK_EQ(cases[i].text, id.n, 7);
        CHECK_EQ(cases[i].text, kn_peer_id_parse(cases[i].text, strlen(cases[i].text), &id, NULL),
                 cases[i].code);
    }
}

static void the_longest_text_is_read_and_one_more_character_is_not(void **state)
{
    char text[KN_PEER_ID_TEXT_MAX + 1];
    struct kn_error err = { 0 };
    struct kn_peer_id id;

    (void)state;
    memset(text, '1', sizeof(text));
    CHECK_EQ("67", kn_peer_id_parse(text, KN_PEER_ID_TEXT_MAX, &id, &err), KN_E_LIMIT);
    CHECK_HAS("67", err.text, "has more than 44 bytes");
    CHECK_EQ("68", kn_peer_id_parse(text, sizeof(text), &id, &err), KN_E_LIMIT);
    CHECK_STR("68", err.text, "a peer id of 68 characters; the longest has 67");
}

#define KEY32 "1111111111111111111111111111111111111111111111111111111111111111"

static void multihashes_are_looked_into(void **state)
{
    static const struct {
        const char *hex;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "1220" KEY32, KN_OK, "" },
        { "002408011220" KEY32, KN_OK, "" },
        { "00250802122102" KEY32, KN_OK, "" },
        { "00250802122103" KEY32, KN_OK, "" },
        { "", KN_E_SYNTAX, "is too short" },
        { "12", KN_E_SYNTAX, "is too short" },
        { "1220", KN_E_SYNTAX, "announces a hash of 32 bytes and has 0; both must be 32" },
        { "1220" KEY32 "11", KN_E_SYNTAX,
          "announces a hash of 32 bytes and has 33; both must be 32" },
        { "1120" KEY32, KN_E_UNSUPPORTED, "is no sha2-256 multihash and contains no key" },
        { "0000", KN_E_SYNTAX, "contains no public key" },
        { "002508011220" KEY32, KN_E_SYNTAX, "announces 37 bytes of key and has 36" },
        { "0023080112"
          "1f1111",
          KN_E_SYNTAX, "announces 35 bytes of key and has 6" },
        { "00250801122111" KEY32, KN_E_SYNTAX, "contains the Ed25519 key in 33 bytes, not 32" },
        { "002408021220" KEY32, KN_E_SYNTAX, "contains the secp256k1 key in 32 bytes, not 33" },
        { "00250802122104" KEY32, KN_E_SYNTAX, "contains a secp256k1 key that is not compressed" },
        { "002408001220" KEY32, KN_E_SYNTAX, "contains an RSA key, which has to be hashed" },
        { "002408031220" KEY32, KN_E_SYNTAX, "contains an ECDSA key, which has to be hashed" },
        { "002408041220" KEY32, KN_E_UNSUPPORTED, "has a key of the unknown type 4" },
        { "002409011220" KEY32, KN_E_SYNTAX, "contains no public key" },
        { "0024"
          "1220" KEY32 "0801",
          KN_E_SYNTAX, "contains no public key" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_error err = { 0 };
        struct kn_peer_id id;
        uint8_t bytes[64];
        size_t n = from_hex(cases[i].hex, bytes);

        CHECK_EQ(cases[i].hex, kn_peer_id_from_bytes(bytes, n, &id, &err), cases[i].code);
        CHECK_STR(cases[i].hex, err.text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_of_an_id_are_the_same_id),
        cmocka_unit_test(wrong_ids_are_refused_with_the_reason),
        cmocka_unit_test(the_longest_text_is_read_and_one_more_character_is_not),
        cmocka_unit_test(multihashes_are_looked_into),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
