/*
 * Property: what is read, written again, is the same text; exactly the room that is needed is
 * enough, and one byte less is not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 4096 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_text(const uint8_t *bytes, size_t n, const uint8_t *text, size_t text_n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    require(text_n == (n + 2) / 3 * 4);
    for (size_t i = 0; i < text_n; i++) {
        size_t bit = 6 * i;
        unsigned high = bit / 8 < n ? bytes[bit / 8] : 0;
        unsigned low = bit / 8 + 1 < n ? bytes[bit / 8 + 1] : 0;
        unsigned value = (high << 8 | low) >> (10 - bit % 8) & 63;

        require(text[i] == (bit < 8 * n ? (uint8_t)digits[value] : '='));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[LONGEST], exact[LONGEST];
    struct kn_span text = { data, size };
    size_t n = 0, again = 0;

    if (size > LONGEST)
        return 0;
    if (kn_base64_decode(text, bytes, sizeof(bytes), &n) != KN_OK)
        return 0;
    check_text(bytes, n, data, size);
    require(kn_base64_decode(text, exact, n, &again) == KN_OK && again == n);
    if (n > 0)
        require(kn_base64_decode(text, exact, n - 1, &again) == KN_E_LIMIT);
    return 0;
}
