#include "lib/crypto/aead.h"

#include <limits.h>

#include "lib/base/memory.h"
#include "support/hex.h"

#define KEY_A5 "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"

static struct kn_aead *aead_of(const char *hex)
{
    struct kn_span key = hex_bytes(hex);
    struct kn_aead *aead = kn_aead_new(key.at);

    CHECK("new", aead != NULL);
    hex_done(key);
    return aead;
}

/* The first is RFC 8439, A.5; the others were computed from the RFC's text with Python integers. */
static const struct {
    const char *name;
    uint64_t nonce;
    const char *ad, *plain, *sealed;
} vectors[] = {
    { "RFC 8439, A.5", UINT64_C(0x0807060504030201), "f33388860000000000004e91",
      "496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c69"
      "6420666f722061206d6178696d756d206f6620736978206d6f6e74687320616e64206d6179206265"
      "20757064617465642c207265706c616365642c206f72206f62736f6c65746564206279206f746865"
      "7220646f63756d656e747320617420616e792074696d652e20497420697320696e617070726f7072"
      "6961746520746f2075736520496e7465726e65742d447261667473206173207265666572656e6365"
      "206d6174657269616c206f7220746f2063697465207468656d206f74686572207468616e20617320"
      "2fe2809c776f726b20696e2070726f67726573732e2fe2809d",
      "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43ee"
      "a09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b9481"
      "14ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0"
      "f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
      "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb2316053fa7699"
      "1955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
      "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f"
      "38" },
    { "nothing at all", 0, "", "", "26edab23e9e2b84722a2d89156ef8b24" },
    { "the last nonce, no text", UINT64_MAX - 1, "6164", "", "58a904eeb760e4a7beb2db25334b661b" },
};

static void messages_are_sealed_and_opened_as_rfc_8439_does(void **state)
{
    struct kn_aead *aead = aead_of(KEY_A5);

    (void)state;
    for (size_t i = 0; i < KN_COUNT(vectors); i++) {
        struct kn_span ad = hex_bytes(vectors[i].ad), plain = hex_bytes(vectors[i].plain);
        size_t n = plain.n + KN_AEAD_TAG_SIZE;
        uint8_t *sealed = kn_alloc(n), *opened = kn_alloc(plain.n);

        CHECK_EQ(vectors[i].name, kn_aead_seal(aead, vectors[i].nonce, ad, plain, sealed), KN_OK);
        CHECK_HEX(vectors[i].name, kn_span(sealed, n), vectors[i].sealed);
        CHECK_EQ(vectors[i].name,
                 kn_aead_open(aead, vectors[i].nonce, ad, kn_span(sealed, n), opened), KN_OK);
        CHECK_HEX(vectors[i].name, kn_span(opened, plain.n), vectors[i].plain);
        kn_free(sealed);
        kn_free(opened);
        hex_done(ad);
        hex_done(plain);
    }
    kn_aead_free(aead);
}

static void both_ways_work_in_place(void **state)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog, and then once more";
    struct kn_aead *aead = aead_of(KEY_A5);
    uint8_t bytes[sizeof(text) + KN_AEAD_TAG_SIZE], apart[sizeof(bytes)];
    const struct kn_span none = { NULL, 0 };

    (void)state;
    memcpy(bytes, text, sizeof(text));
    CHECK_EQ("apart", kn_aead_seal(aead, 7, none, kn_span(text, sizeof(text)), apart), KN_OK);
    CHECK_EQ("seal", kn_aead_seal(aead, 7, none, kn_span(bytes, sizeof(text)), bytes), KN_OK);
    CHECK("same", memcmp(bytes, apart, sizeof(bytes)) == 0);
    CHECK_EQ("open", kn_aead_open(aead, 7, none, kn_span(bytes, sizeof(bytes)), bytes), KN_OK);
    CHECK("text", memcmp(bytes, text, sizeof(text)) == 0);
    kn_aead_free(aead);
}

/* `sealed` must be refused, leave nothing in `out` and not disturb the next message. */
static void check_refused(const char *row, struct kn_aead *aead, uint64_t nonce, struct kn_span ad,
                          struct kn_span sealed)
{
    uint8_t out[64];

    memset(out, 0xee, sizeof(out));
    CHECK_EQ(row, kn_aead_open(aead, nonce, ad, sealed, out), KN_E_INVALID);
    for (size_t i = 0; i + KN_AEAD_TAG_SIZE < sealed.n; i++)
        CHECK_EQ(row, out[i], 0);
}

static void a_changed_bit_anywhere_is_refused(void **state)
{
    static const char text[] = "a short text";
    struct kn_aead *aead = aead_of(KEY_A5);
    struct kn_span ad = kn_span_text("ad");
    uint8_t good[sizeof(text) + KN_AEAD_TAG_SIZE], bad[sizeof(good)], out[sizeof(good)];

    (void)state;
    CHECK_EQ("seal", kn_aead_seal(aead, 1, ad, kn_span(text, sizeof(text)), good), KN_OK);
    for (size_t bit = 0; bit < 8 * sizeof(good); bit++) {
        memcpy(bad, good, sizeof(good));
        bad[bit / 8] = (uint8_t)(bad[bit / 8] ^ 1u << bit % 8);
        check_refused("bit", aead, 1, ad, kn_span(bad, sizeof(bad)));
    }
    check_refused("nonce", aead, 2, ad, kn_span(good, sizeof(good)));
    check_refused("ad", aead, 1, kn_span_text("aD"), kn_span(good, sizeof(good)));
    check_refused("no ad", aead, 1, kn_span(NULL, 0), kn_span(good, sizeof(good)));
    for (size_t n = 0; n < sizeof(good); n++)
        check_refused("cut", aead, 1, ad, kn_span(good, n));
    CHECK_EQ("then", kn_aead_open(aead, 1, ad, kn_span(good, sizeof(good)), out), KN_OK);
    CHECK("then", memcmp(out, text, sizeof(text)) == 0);
    kn_aead_free(aead);
}

/* Only lengths are looked at: there are no such messages. */
static void messages_longer_than_the_cipher_counts_are_refused(void **state)
{
    struct kn_aead *aead = aead_of(KEY_A5);
    const struct kn_span huge = { (const uint8_t *)"", (size_t)INT_MAX + 1 };
    const struct kn_span none = { NULL, 0 };
    uint8_t out[1];

    (void)state;
    CHECK_EQ("plain", kn_aead_seal(aead, 0, none, huge, out), KN_E_LIMIT);
    CHECK_EQ("ad", kn_aead_seal(aead, 0, huge, none, out), KN_E_LIMIT);
    CHECK_EQ("sealed", kn_aead_open(aead, 0, none, huge, out), KN_E_LIMIT);
    kn_aead_free(aead);
    kn_aead_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_sealed_and_opened_as_rfc_8439_does),
        cmocka_unit_test(both_ways_work_in_place),
        cmocka_unit_test(a_changed_bit_anywhere_is_refused),
        cmocka_unit_test(messages_longer_than_the_cipher_counts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
