#include "lib/crypto/x25519.h"

#include "support/hex.h"

static enum kn_code shared(const uint8_t *secret, const uint8_t *peer, uint8_t *out)
{
    uint8_t public_half[KN_X25519_SIZE];

    CHECK_EQ("public half", kn_x25519_public(secret, public_half), KN_OK);
    return kn_x25519_shared(secret, public_half, peer, out);
}

static void shared_secrets_are_those_of_rfc_7748(void **state)
{
    static const struct {
        const char *name, *secret, *peer, *want;
    } cases[] = {
        { "5.2, first", "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
          "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
          "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
        { "5.2, second: the highest bit of the point is ignored",
          "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
          "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
          "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
        { "6.1, Alice", "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
          "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
          "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
        { "6.1, Bob", "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
          "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
          "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span secret = hex_bytes(cases[i].secret), peer = hex_bytes(cases[i].peer);
        uint8_t got[KN_X25519_SIZE];

        CHECK_EQ(cases[i].name, shared(secret.at, peer.at, got), KN_OK);
        CHECK_HEX(cases[i].name, kn_span(got, sizeof(got)), cases[i].want);
        hex_done(secret);
        hex_done(peer);
    }
}

static void public_keys_are_those_of_rfc_7748(void **state)
{
    static const char *const cases[][2] = {
        { "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
          "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a" },
        { "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
          "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span secret = hex_bytes(cases[i][0]);
        uint8_t got[KN_X25519_SIZE];

        CHECK_EQ("public", kn_x25519_public(secret.at, got), KN_OK);
        CHECK_HEX("public", kn_span(got, sizeof(got)), cases[i][1]);
        hex_done(secret);
    }
}

static void a_thousand_rounds_end_where_rfc_7748_says(void **state)
{
    uint8_t k[KN_X25519_SIZE] = { 9 }, u[KN_X25519_SIZE] = { 9 };

    (void)state;
    for (unsigned i = 1; i <= 1000; i++) {
        uint8_t next[KN_X25519_SIZE];

        CHECK_EQ("round", shared(k, u, next), KN_OK);
        memcpy(u, k, sizeof(u));
        memcpy(k, next, sizeof(k));
        if (i == 1)
            CHECK_HEX("1", kn_span(k, sizeof(k)),
                      "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
    CHECK_HEX("1000", kn_span(k, sizeof(k)),
              "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

static void points_of_low_order_are_refused(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const uint8_t secret[KN_X25519_SIZE] = { 1, 2, 3 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(points); i++) {
        struct kn_span peer = hex_bytes(points[i]);
        uint8_t got[KN_X25519_SIZE];

        CHECK_EQ(points[i], shared(secret, peer.at, got), KN_E_INVALID);
        hex_done(peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_secrets_are_those_of_rfc_7748),
        cmocka_unit_test(public_keys_are_those_of_rfc_7748),
        cmocka_unit_test(a_thousand_rounds_end_where_rfc_7748_says),
        cmocka_unit_test(points_of_low_order_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
