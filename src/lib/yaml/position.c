#include <string.h>

#include "lib/base/arena.h"
#include "lib/yaml/reading.h"
#include "lib/yaml/yaml.h"

static const char bom[] = "\xef\xbb\xbf";
enum { BOM_SIZE = 3 };

static bool continues_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The byte at `at` is the last one of a line break. */
static bool ends_line(const char *bytes, size_t size, size_t at)
{
    return bytes[at] == '\n' || (bytes[at] == '\r' && (at + 1 == size || bytes[at + 1] != '\n'));
}

/* How often `byte` occurs, eight bytes at a time. */
static size_t count_bytes(const char *bytes, size_t size, char byte)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f, ones = 0x0101010101010101;
    uint64_t word, pattern = ones * (unsigned char)byte;
    size_t n = 0, i = 0;

    for (; i + sizeof(word) <= size; i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        word ^= pattern;
        word = ~(((word & low) + low) | word | low); /* 0x80 where the byte was */
        n += (size_t)(((word >> 7) * ones) >> 56);
    }
    for (; i < size; i++)
        n += bytes[i] == byte;
    return n;
}

/* Index of the byte that ends the line around `at`, or `size`. Most files have no CR at all. */
static size_t next_break(const char *bytes, size_t size, size_t at, bool returns)
{
    const char *found;

    if (!returns) {
        found = memchr(bytes + at, '\n', size - at);
        return found != NULL ? (size_t)(found - bytes) : size;
    }
    while (at < size && !ends_line(bytes, size, at))
        at++;
    return at;
}

/* Fills the line table: where each line begins. */
void kn_yaml_index_lines(struct kn_yaml_reading *r)
{
    const char *bytes = r->doc.bytes;
    size_t size = r->doc.size, n = 1;
    bool returns;
    uint32_t *lines;

    if (size > KN_YAML_SIZE_MAX)
        size = 0; /* one line is all that will be asked for */
    returns = memchr(bytes, '\r', size) != NULL;
    n += count_bytes(bytes, size, '\n') + (returns ? count_bytes(bytes, size, '\r') : 0);
    lines = kn_arena_alloc(r->arena, n * sizeof(*lines));
    if (lines == NULL) {
        r->no_memory = true;
        return;
    }
    n = 1;
    for (size_t at = 0; at < size; at++) {
        at = next_break(bytes, size, at, returns);
        if (at < size)
            lines[n++] = (uint32_t)(at + 1);
    }
    r->doc.lines = lines;
    r->doc.line_count = n;
}

/* Index of the line that holds the byte at `offset`. */
static size_t line_of(const struct kn_yaml_document *doc, size_t offset)
{
    size_t low = 0, high = doc->line_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (doc->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Where the line ends, without its break. */
static size_t end_of_line(const struct kn_yaml_document *doc, size_t line)
{
    size_t end, start = doc->lines[line];

    if (doc->size > KN_YAML_SIZE_MAX) {
        for (end = 0; end < KN_YAML_SIZE_MAX; end++) {
            if (doc->bytes[end] == '\n' || doc->bytes[end] == '\r')
                break;
        }
        return end;
    }
    if (line + 1 == doc->line_count)
        return doc->size;
    end = doc->lines[line + 1] - 1;
    if (end > start && doc->bytes[end] == '\n' && doc->bytes[end - 1] == '\r')
        end--;
    return end;
}

struct kn_yaml_position kn_yaml_locate(const struct kn_yaml_document *doc, size_t offset)
{
    size_t line, start, column = 1;

    if (offset > doc->size)
        offset = doc->size;
    line = line_of(doc, offset);
    start = doc->lines[line];
    if (line == 0 && doc->size >= BOM_SIZE && memcmp(doc->bytes, bom, BOM_SIZE) == 0)
        start = BOM_SIZE;
    for (size_t i = start; i < offset; i++)
        column += !continues_character(doc->bytes[i]);
    return (struct kn_yaml_position){ .line = (uint32_t)line + 1,
                                      .column = (uint32_t)column,
                                      .line_start = doc->lines[line],
                                      .line_end = (uint32_t)end_of_line(doc, line) };
}

/* How many characters begin in these eight bytes. */
static uint32_t begin_in_word(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t word, continued;

    memcpy(&word, bytes, sizeof(word));
    continued = (word >> 7) & ~(word >> 6) & ones;
    return 8 - (uint32_t)((continued * ones) >> 56);
}

/*
 * Marks come in rising order but for a few, so that walking from the one before is linear over a
 * whole file.
 */
uint32_t kn_yaml_byte_of(struct kn_yaml_reading *r, yaml_mark_t mark)
{
    const char *bytes = r->doc.bytes + r->first;
    size_t left = r->doc.size - r->first;
    uint32_t want = mark.index < left ? (uint32_t)mark.index : (uint32_t)left;
    uint32_t chars = r->at_char, at = r->at_byte;

    if (r->ascii)
        return r->first + want;
    for (; chars + 8 <= want && at + 8 <= left; at += 8)
        chars += begin_in_word(bytes + at);
    while (at < left && continues_character(bytes[at]))
        at++;
    for (; chars < want && at < left; chars++) {
        for (at++; at < left && continues_character(bytes[at]);)
            at++;
    }
    for (; chars > want; chars--) {
        for (at--; at > 0 && continues_character(bytes[at]);)
            at--;
    }
    r->at_char = chars;
    r->at_byte = at;
    return r->first + at;
}
