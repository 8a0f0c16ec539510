#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/utf8.h"
#include "lib/yaml/faults.h"
#include "lib/yaml/reading.h"

static const char bom[] = "\xef\xbb\xbf";
enum { BOM_SIZE = 3, WORD = sizeof(uint64_t) };

/* Eight bytes of printable ASCII or LF. spec: "Bit Twiddling Hacks", bytes less than n. */
static bool is_printable_word(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t word, del, feed;

    memcpy(&word, bytes, WORD);
    feed = word ^ ('\n' * ones);
    feed = ~(((feed & ~high) + ~high) | feed | ~high); /* 0x80 where an LF is */
    word |= feed >> 2;                                 /* and now a printable byte */
    del = word ^ (0x7f * ones);
    return ((word | ((word - 0x20 * ones) & ~word) | ((del - ones) & ~del)) & high) == 0;
}

static bool is_plain_ascii(char byte)
{
    return (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\r' || byte == '\t';
}

/* A break to some readers and none to others: lines would be counted differently. */
static bool is_foreign_break(uint32_t code)
{
    return code == 0x85 || code == 0x2028 || code == 0x2029;
}

/* spec: YAML 1.2.2 §5.1, without 0x7f as libyaml has it. */
static bool is_allowed(uint32_t code)
{
    if (code < 0x20)
        return code == '\t' || code == '\n' || code == '\r';
    return !(code >= 0x7f && code < 0xa0) && code != 0xfffe && code != 0xffff && code != 0xfeff &&
           !is_foreign_break(code);
}

static void refuse(struct kn_yaml_reading *r, size_t at, size_t length, const char *message,
                   const char *hint)
{
    kn_yaml_fatal(r, (struct kn_yaml_fault){ .kind = KN_YAML_FAULT_ENCODING,
                                             .start = (uint32_t)at,
                                             .end = (uint32_t)(at + length),
                                             .message = message,
                                             .hint = hint });
}

static void refuse_byte(struct kn_yaml_reading *r, size_t at)
{
    const char *message = kn_arena_printf(r->arena, "byte 0x%02x at offset %zu is not UTF-8",
                                          (unsigned)(unsigned char)r->doc.bytes[at], at);

    refuse(r, at, 1, message, "Save the file as UTF-8.");
}

static void refuse_character(struct kn_yaml_reading *r, size_t at, size_t length, uint32_t code)
{
    const char *message, *hint = "Remove it.";

    if (code == 0xfeff) {
        message = "a byte order mark in the middle of the file";
    } else if (is_foreign_break(code)) {
        message = kn_arena_printf(r->arena, "line separator U+%04X at offset %zu is not allowed",
                                  (unsigned)code, at);
        hint = "Use an ordinary line break.";
    } else {
        message = kn_arena_printf(r->arena, "%scharacter U+%04X at offset %zu is not allowed",
                                  code < 0xa0 ? "control " : "", (unsigned)code, at);
        if (code == 0)
            hint = "Check that this is a text file, saved as UTF-8.";
    }
    refuse(r, at, length, message, hint);
}

/* With or without a byte order mark: one of the first two bytes of a text in ASCII is 0. */
static bool is_utf16(const char *bytes, size_t size)
{
    if (size < 2)
        return false;
    return memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0 ||
           (bytes[0] == '\0') != (bytes[1] == '\0');
}

bool kn_yaml_check_bytes(struct kn_yaml_reading *r)
{
    const char *bytes = r->doc.bytes;
    size_t size = r->doc.size, at = 0, length;
    uint32_t code;

    if (is_utf16(bytes, size)) {
        refuse(r, 0, 2, "the file is UTF-16", "Save it as UTF-8.");
        return false;
    }
    if (size >= BOM_SIZE && memcmp(bytes, bom, BOM_SIZE) == 0)
        at = BOM_SIZE;
    r->first = (uint32_t)at;
    r->ascii = true;
    for (; at < size; at += length) {
        length = WORD;
        if (size - at >= WORD && is_printable_word(bytes + at))
            continue;
        length = 1;
        if (is_plain_ascii(bytes[at]))
            continue;
        length = kn_utf8_decode(bytes + at, size - at, &code);
        if (length == 0) {
            refuse_byte(r, at);
            return false;
        }
        if (!is_allowed(code)) {
            refuse_character(r, at, length, code);
            return false;
        }
        r->ascii &= length == 1;
    }
    return true;
}
