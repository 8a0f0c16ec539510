#include "lib/codec/base58.h"

#include <string.h>

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* 0..57, -1 for a character that base58 has not. The alphabet has gaps: no 0, O, I and l. */
static int digit_of(char c)
{
    if (c >= '1' && c <= '9')
        return c - '1';
    if (c >= 'A' && c <= 'Z')
        return c == 'I' || c == 'O' ? -1 : c - 'A' + 9 - (c > 'I') - (c > 'O');
    if (c >= 'a' && c <= 'z')
        return c == 'l' ? -1 : c - 'a' + 33 - (c > 'l');
    return -1;
}

size_t kn_base58_span(const char *text, size_t n)
{
    size_t i = 0;

    while (i < n && digit_of(text[i]) >= 0)
        i++;
    return i;
}

enum kn_code kn_base58_decode(const char *text, size_t n, uint8_t *out, size_t room, size_t *out_n)
{
    size_t zeros = 0, used = 0;

    if (n > KN_BASE58_TEXT_MAX)
        return KN_E_LIMIT;
    while (zeros < n && text[zeros] == alphabet[0])
        zeros++;
    /* The number grows from the end of the buffer towards its front, most significant byte first.
     * Five digits at a time: their product and any carry fit 64 bits. */
    for (size_t i = zeros; i < n;) {
        uint64_t carry = 0, factor = 1;

        for (; i < n && factor < (uint64_t)58 * 58 * 58 * 58 * 58; i++, factor *= 58) {
            int digit = digit_of(text[i]);

            if (digit < 0)
                return KN_E_SYNTAX;
            carry = carry * 58 + (uint64_t)digit;
        }
        for (size_t j = 0; j < used; j++) {
            carry += factor * out[room - 1 - j];
            out[room - 1 - j] = (uint8_t)(carry & 0xff);
            carry >>= 8;
        }
        for (; carry != 0; carry >>= 8) {
            if (used == room)
                return KN_E_LIMIT;
            used++;
            out[room - used] = (uint8_t)(carry & 0xff);
        }
    }
    if (zeros > room - used)
        return KN_E_LIMIT;
    if (used > 0)
        memmove(out + zeros, out + room - used, used);
    if (zeros > 0)
        memset(out, 0, zeros);
    *out_n = zeros + used;
    return KN_OK;
}

enum kn_code kn_base58_encode(const uint8_t *bytes, size_t n, char *out, size_t room)
{
    uint8_t digits[KN_BASE58_TEXT_MAX]; /* least significant first */
    size_t zeros = 0, used = 0;

    if (n > KN_BASE58_BYTES_MAX)
        return KN_E_LIMIT;
    while (zeros < n && bytes[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < n; i++) {
        unsigned carry = bytes[i];

        for (size_t j = 0; j < used; j++) {
            carry += 256u * digits[j];
            digits[j] = (uint8_t)(carry % 58);
            carry /= 58;
        }
        for (; carry != 0; carry /= 58)
            digits[used++] = (uint8_t)(carry % 58);
    }
    if (zeros + used >= room)
        return KN_E_LIMIT;
    memset(out, alphabet[0], zeros);
    for (size_t i = 0; i < used; i++)
        out[zeros + i] = alphabet[digits[used - 1 - i]];
    out[zeros + used] = '\0';
    return KN_OK;
}
