/*
 * Property: what is read lies inside the input, a muxer that is found is one of ours and of theirs,
 * and a key that did not sign is never taken for one that did.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "network/noise/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_inside(struct kn_span part, struct kn_span whole)
{
    require(part.n <= whole.n);
    require(part.n == 0 || (part.at >= whole.at && part.at + part.n <= whole.at + whole.n));
}

static void check_muxer(const struct kn_noise_payload *payload, enum kn_role role)
{
    static const char *const ours[] = { "/yamux/1.0.0", "", "x", NULL };
    const char *found = kn_noise_payload_muxer(payload, role, ours);
    bool is_theirs = false, is_ours = false;

    for (size_t i = 0; i < payload->muxer_count && found != NULL; i++)
        is_theirs = is_theirs || kn_span_equal(payload->muxers[i], kn_span_text(found));
    for (size_t i = 0; ours[i] != NULL; i++)
        is_ours = is_ours || found == ours[i];
    require(found == NULL || (is_theirs && is_ours));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Nobody has signed for this key. */
    static const uint8_t static_key[KN_X25519_SIZE] = { 1, 2, 3 };
    struct kn_span bytes = kn_span(data, size);
    struct kn_noise_payload payload;
    struct kn_peer_id peer;
    enum kn_code rc = kn_noise_payload_read(bytes, &payload, NULL);

    require(rc == KN_OK || rc == KN_E_PROTOCOL);
    require(payload.muxer_count <= KN_NOISE_MUXERS_MAX);
    require_inside(payload.key, bytes);
    require_inside(payload.signature, bytes);
    for (size_t i = 0; i < payload.muxer_count; i++)
        require_inside(payload.muxers[i], bytes);
    if (rc != KN_OK)
        return 0;
    check_muxer(&payload, KN_ROLE_DIALER);
    check_muxer(&payload, KN_ROLE_LISTENER);
    rc = kn_noise_payload_verify(&payload, static_key, &peer, NULL);
    require(rc == KN_E_PROTOCOL || rc == KN_E_IDENTITY);
    return 0;
}
