/*
 * Property: what decodes encodes to the same text, what encodes decodes to the same bytes, and the
 * span of good characters tells when decoding is refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/base58.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void as_text(const char *text, size_t n)
{
    uint8_t bytes[KN_BASE58_TEXT_MAX];
    char again[KN_BASE58_TEXT_MAX + 1];
    size_t bytes_n = 0, good = kn_base58_span(text, n);
    enum kn_code rc = kn_base58_decode(text, n, bytes, sizeof(bytes), &bytes_n);

    require(good <= n);
    if (n > KN_BASE58_TEXT_MAX)
        require(rc == KN_E_LIMIT);
    else
        require(rc == (good == n ? KN_OK : KN_E_SYNTAX));
    if (rc != KN_OK || bytes_n > KN_BASE58_BYTES_MAX)
        return;
    require(kn_base58_encode(bytes, bytes_n, again, sizeof(again)) == KN_OK);
    require(strlen(again) == n && memcmp(again, text, n) == 0);
}

static void as_bytes(const uint8_t *bytes, size_t n)
{
    uint8_t again[KN_BASE58_BYTES_MAX];
    char text[KN_BASE58_TEXT_MAX + 1];
    size_t again_n = 0;
    enum kn_code rc = kn_base58_encode(bytes, n, text, sizeof(text));

    require(rc == (n <= KN_BASE58_BYTES_MAX ? KN_OK : KN_E_LIMIT));
    if (rc != KN_OK)
        return;
    /* Exactly the room that is needed. */
    require(kn_base58_decode(text, strlen(text), again, n, &again_n) == KN_OK);
    require(again_n == n && memcmp(again, bytes, n) == 0);
    if (n > 0)
        require(kn_base58_decode(text, strlen(text), again, n - 1, &again_n) == KN_E_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_text((const char *)data, size);
    as_bytes(data, size);
    return 0;
}
