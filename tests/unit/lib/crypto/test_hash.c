#include "lib/crypto/hash.h"
#include "lib/crypto/running_hash.h"

#include "support/hex.h"

/* proves: TR-1/sha1 */
static void digests_are_those_of_their_standards(void **state)
{
    /* FIPS 180-4, the examples of NIST; "" and the hash of nothing. */
    static const struct {
        const char *text, *sha1, *sha256;
    } cases[] = {
        { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        uint8_t sha1[KN_SHA1_SIZE], sha256[KN_SHA256_SIZE];

        kn_sha1(kn_span_text(cases[i].text), sha1);
        CHECK_HEX(cases[i].text, kn_span(sha1, sizeof(sha1)), cases[i].sha1);
        kn_sha256(kn_span_text(cases[i].text), sha256);
        CHECK_HEX(cases[i].text, kn_span(sha256, sizeof(sha256)), cases[i].sha256);
    }
}

static void bytes_cut_in_two_have_the_hash_of_the_whole(void **state)
{
    const struct kn_span whole = kn_span_text("abcdbcdecdefdefgefghfghighijhijk");
    uint8_t want[KN_SHA256_SIZE];

    (void)state;
    kn_sha256(whole, want);
    for (size_t at = 0; at <= whole.n; at++) {
        uint8_t got[KN_SHA256_SIZE];

        kn_sha256_of_two(kn_span(whole.at, at), kn_span(whole.at + at, whole.n - at), got);
        CHECK("cut", memcmp(got, want, sizeof(want)) == 0);
    }
}

static void no_bytes_may_be_null(void **state)
{
    const struct kn_span nothing = { NULL, 0 };
    uint8_t got[KN_SHA256_SIZE];

    (void)state;
    kn_sha256_of_two(nothing, nothing, got);
    CHECK_HEX("sha256", kn_span(got, sizeof(got)),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    kn_hmac_sha256(nothing, nothing, got);
    CHECK_HEX("hmac", kn_span(got, sizeof(got)),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void hmac_is_that_of_rfc_4231(void **state)
{
#define X20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define X131 X20 X20 X20 X20 X20 X20 "aaaaaaaaaaaaaaaaaaaaaa"
    static const struct {
        const char *name, *key, *data, *want;
    } cases[] = {
        { "case 1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { "case 2", "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { "case 3", X20,
          "dddddddddddddddddddddddddddddddddddddddddddddddddd"
          "dddddddddddddddddddddddddddddddddddddddddddddddddd",
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
        { "case 4", "0102030405060708090a0b0c0d0e0f10111213141516171819",
          "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
          "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
        { "case 6: a key longer than a block", X131,
          "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048"
          "617368204b6579204669727374",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span key = hex_bytes(cases[i].key), data = hex_bytes(cases[i].data);
        uint8_t got[KN_SHA256_SIZE];

        kn_hmac_sha256(key, data, got);
        CHECK_HEX(cases[i].name, kn_span(got, sizeof(got)), cases[i].want);
        hex_done(key);
        hex_done(data);
    }
}

static void pieces_hash_as_the_whole_does(void **state)
{
    static const char text[] = "The quick brown fox jumps over the lazy dog";
    struct kn_running_hash *hash = kn_running_hash_new();
    uint8_t whole[KN_SHA256_SIZE], pieces[KN_SHA256_SIZE];

    (void)state;
    CHECK("memory", hash != NULL);
    kn_sha256(kn_span_text(text), whole);
    kn_running_hash_add(hash, kn_span_text("something else"));
    kn_running_hash_clear(hash);
    for (size_t at = 0; text[at] != '\0'; at++)
        kn_running_hash_add(hash, kn_span(text + at, 1));
    kn_running_hash_end(hash, pieces);
    CHECK("the same", memcmp(whole, pieces, sizeof(whole)) == 0);
    kn_running_hash_free(hash);
    kn_running_hash_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_hash_as_the_whole_does),
        cmocka_unit_test(digests_are_those_of_their_standards),
        cmocka_unit_test(bytes_cut_in_two_have_the_hash_of_the_whole),
        cmocka_unit_test(no_bytes_may_be_null),
        cmocka_unit_test(hmac_is_that_of_rfc_4231),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
