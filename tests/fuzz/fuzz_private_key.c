/*
 * Property: what is refused has a reason and gives no key. What is taken writes itself in a form
 * that reads back as the same key and writes the same bytes, has a public half of the same id, and
 * signs what that half verifies.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_again(const struct kn_key *key)
{
    struct kn_buffer first = { 0 }, second = { 0 };
    struct kn_key *again = NULL;

    kn_key_encode(key, &first);
    require(kn_key_decode(kn_buffer_get(&first), &again, NULL) == KN_OK);
    kn_key_encode(again, &second);
    require(kn_span_equal(kn_buffer_get(&first), kn_buffer_get(&second)));
    require(kn_span_equal(kn_key_public(key), kn_key_public(again)));
    require(kn_peer_id_equal(kn_key_peer_id(key), kn_key_peer_id(again)));
    kn_buffer_done(&first);
    kn_buffer_done(&second);
    kn_key_free(again);
}

static void check_public(const struct kn_key *key)
{
    struct kn_public_key *half = NULL;
    struct kn_buffer signature = { 0 };
    struct kn_peer_id id;

    require(kn_public_key_decode(kn_key_public(key), &half, NULL) == KN_OK);
    require(kn_public_key_type(half) == kn_key_type(key));
    kn_public_key_peer_id(half, &id);
    require(kn_peer_id_equal(&id, kn_key_peer_id(key)));
    require(kn_key_sign(key, kn_key_public(key), &signature) == KN_OK);
    require(signature.n <= KN_SIGNATURE_MAX);
    require(kn_public_key_verify(half, kn_key_public(key), kn_buffer_get(&signature)) == KN_OK);
    kn_buffer_done(&signature);
    kn_public_key_free(half);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_error err = { 0 };
    struct kn_key *key = NULL;
    enum kn_code rc = kn_key_decode(kn_span(data, size), &key, &err);

    require((rc == KN_OK) == (key != NULL) && (rc == KN_OK) == (err.text[0] == '\0'));
    require((rc == KN_E_LIMIT) == (size > KN_PRIVATE_KEY_MAX));
    if (rc != KN_OK)
        return 0;
    check_again(key);
    check_public(key);
    kn_key_free(key);
    return 0;
}
