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

/* Length of the line break at `at`: 2 for CR LF, 0 when there is none. */
static size_t break_length(const char *bytes, size_t size, size_t at)
{
    if (bytes[at] == '\n')
        return 1;
    if (bytes[at] != '\r')
        return 0;
    return at + 1 < size && bytes[at + 1] == '\n' ? 2 : 1;
}

void kn_yaml_index_lines(struct kn_yaml_reading *r)
{
    const char *bytes = r->doc.bytes;
    size_t size = r->doc.size, n = 1, length;
    uint32_t *lines;

    if (size > KN_YAML_SIZE_MAX)
        size = 0; /* one line is all that will be asked for */
    for (size_t i = 0; i < size; i++)
        n += bytes[i] == '\n' || (bytes[i] == '\r' && break_length(bytes, size, i) == 1);
    lines = kn_arena_alloc(r->arena, n * sizeof(*lines));
    if (lines == NULL) {
        r->no_memory = true;
        return;
    }
    n = 1;
    for (size_t i = 0; i<size; i += length> 0 ? length : 1) {
        length = break_length(bytes, size, i);
        if (length > 0)
            lines[n++] = (uint32_t)(i + length);
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
        for (end = 0; end < KN_YAML_SIZE_MAX && break_length(doc->bytes, doc->size, end) == 0;)
            end++;
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

/*
 * Marks come in rising order but for a few, so that walking from the one before is linear over a
 * whole file.
 */
uint32_t kn_yaml_byte_of(struct kn_yaml_reading *r, yaml_mark_t mark)
{
    const char *bytes = r->doc.bytes;
    size_t left = r->doc.size - r->first;
    uint32_t want = mark.index < left ? (uint32_t)mark.index : (uint32_t)left;

    if (r->ascii)
        return r->first + want;
    bytes += r->first;
    while (r->at_char < want && r->at_byte < left) {
        do
            r->at_byte++;
        while (r->at_byte < left && continues_character(bytes[r->at_byte]));
        r->at_char++;
    }
    while (r->at_char > want) {
        do
            r->at_byte--;
        while (r->at_byte > 0 && continues_character(bytes[r->at_byte]));
        r->at_char--;
    }
    return r->first + r->at_byte;
}
