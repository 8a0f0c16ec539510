#include "lib/codec/host.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum kn_code kn_host_ip4(const char *text, size_t n, uint8_t out[KN_HOST_IP4_SIZE])
{
    uint8_t octets[KN_HOST_IP4_SIZE];
    size_t at = 0;

    for (size_t i = 0; i < KN_HOST_IP4_SIZE; i++) {
        size_t start;
        unsigned value = 0;

        if (i > 0 && (at == n || text[at++] != '.'))
            return KN_E_SYNTAX;
        start = at;
        while (at < n && at - start < 3 && is_digit(text[at]))
            value = value * 10 + (unsigned)(text[at++] - '0');
        if (at == start || value > 255 || (at - start > 1 && text[start] == '0'))
            return KN_E_SYNTAX;
        octets[i] = (uint8_t)value;
    }
    if (at != n)
        return KN_E_SYNTAX;
    memcpy(out, octets, sizeof(octets));
    return KN_OK;
}

/* One to four hexadecimal digits; how many there were, 0 for none. */
static size_t read_group(const char *text, size_t n, uint8_t out[2])
{
    unsigned value = 0;
    size_t used = 0;

    while (used < n && used < 4 && hex_digit(text[used]) >= 0)
        value = value << 4 | (unsigned)hex_digit(text[used++]);
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)(value & 0xff);
    return used;
}

/*
 * The groups from `*at` up to the end of the text or up to "::", where `*at` then stands. The last
 * may be an IPv4 address. False when there is none, one is wrong, or more than `room` bytes.
 */
static bool read_groups(const char *text, size_t n, size_t *at, uint8_t *out, size_t room,
                        size_t *used)
{
    for (*used = 0;;) {
        const char *here = text + *at;
        size_t left = n - *at, digits;

        if (room - *used >= KN_HOST_IP4_SIZE && kn_host_ip4(here, left, out + *used) == KN_OK) {
            *used += KN_HOST_IP4_SIZE;
            *at = n;
            return true;
        }
        if (room - *used < 2)
            return false;
        digits = read_group(here, left, out + *used);
        if (digits == 0)
            return false;
        *used += 2;
        *at += digits;
        if (*at == n || (n - *at >= 2 && memcmp(text + *at, "::", 2) == 0))
            return true;
        if (text[(*at)++] != ':')
            return false;
    }
}

enum kn_code kn_host_ip6(const char *text, size_t n, uint8_t out[KN_HOST_IP6_SIZE])
{
    uint8_t head[KN_HOST_IP6_SIZE] = { 0 }, tail[KN_HOST_IP6_SIZE];
    size_t at = 0, head_n = 0, tail_n = 0;
    bool gap = n >= 2 && memcmp(text, "::", 2) == 0;

    if (!gap) {
        if (!read_groups(text, n, &at, head, sizeof(head), &head_n))
            return KN_E_SYNTAX;
        gap = at < n;
    }
    if (gap) {
        at += 2;
        if (head_n + 2 > sizeof(head))
            return KN_E_SYNTAX;
        if (at < n && !read_groups(text, n, &at, tail, sizeof(tail) - head_n - 2, &tail_n))
            return KN_E_SYNTAX;
    }
    if (at != n || (!gap && head_n != sizeof(head)))
        return KN_E_SYNTAX;
    if (tail_n > 0)
        memcpy(head + sizeof(head) - tail_n, tail, tail_n);
    memcpy(out, head, sizeof(head));
    return KN_OK;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

static enum kn_code check_label(const char *label, size_t n, struct kn_error *err)
{
    if (n == 0)
        return kn_fail(err, KN_E_SYNTAX, "empty label in a domain name");
    if (n > KN_HOST_LABEL_MAX)
        return kn_fail(err, KN_E_LIMIT, "label of %zu characters in a domain name; at most %d", n,
                       KN_HOST_LABEL_MAX);
    for (size_t i = 0; i < n; i++) {
        enum kn_code rc;

        if (is_name_char(label[i]))
            continue;
        if (label[i] > ' ' && label[i] <= '~')
            return kn_fail(err, KN_E_SYNTAX, "character \"%c\" in a domain name", label[i]);
        rc = kn_fail(err, KN_E_SYNTAX, "byte 0x%02x in a domain name", (unsigned char)label[i]);
        kn_hint(err, "Write a name with other letters than a to z in its \"xn--\" form.");
        return rc;
    }
    if (label[0] == '-' || label[n - 1] == '-')
        return kn_fail(err, KN_E_SYNTAX, "\"-\" at the end of \"%.*s\" in a domain name", (int)n,
                       label);
    return KN_OK;
}

static bool is_number(const char *text, size_t n)
{
    size_t i = 0;

    while (i < n && is_digit(text[i]))
        i++;
    return i == n;
}

enum kn_code kn_host_name_check(const char *text, size_t n, struct kn_error *err)
{
    size_t end = n > 0 && text[n - 1] == '.' ? n - 1 : n, start = 0, at = 0;

    if (end == 0)
        return kn_fail(err, KN_E_SYNTAX, "empty domain name");
    if (end > KN_HOST_NAME_MAX)
        return kn_fail(err, KN_E_LIMIT, "domain name of %zu characters; at most %d", end,
                       KN_HOST_NAME_MAX);
    for (;; start = ++at) {
        enum kn_code rc;

        while (at < end && text[at] != '.')
            at++;
        rc = check_label(text + start, at - start, err);
        if (rc != KN_OK)
            return rc;
        if (at == end)
            break;
    }
    if (is_number(text + start, end - start))
        return kn_fail(err, KN_E_SYNTAX, "last label \"%.*s\" of a domain name is a number",
                       (int)(end - start), text + start);
    return KN_OK;
}
