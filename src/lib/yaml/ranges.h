/*
 * ranges — where things really begin and end, which libyaml's marks do not say. Internal to
 * lib/yaml. All offsets are bytes of the file.
 */
#ifndef KN_YAML_RANGES_H
#define KN_YAML_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/yaml/yaml.h"

/* The byte at `at`, 0 at the end of the file (which holds no NUL). */
static inline unsigned char kn_yaml_at(const struct kn_yaml_document *doc, size_t at)
{
    return at < doc->size ? (unsigned char)doc->bytes[at] : 0;
}

static inline bool kn_yaml_is_blank(unsigned char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Part of a line break. */
static inline bool kn_yaml_is_break(unsigned char byte)
{
    return byte == '\n' || byte == '\r';
}

/* Blank, line break, or the end of the file. */
static inline bool kn_yaml_is_gap(unsigned char byte)
{
    return byte == 0 || kn_yaml_is_blank(byte) || kn_yaml_is_break(byte);
}

/* Past spaces and tabs. */
uint32_t kn_yaml_skip_blanks(const struct kn_yaml_document *doc, uint32_t at);

/* Past spaces, line breaks and comments. */
uint32_t kn_yaml_skip_space(const struct kn_yaml_document *doc, uint32_t at);

/* The first byte of the line that holds `at`; the line break behind it or the end of the file. */
uint32_t kn_yaml_line_start(const struct kn_yaml_document *doc, uint32_t at);
uint32_t kn_yaml_line_end(const struct kn_yaml_document *doc, uint32_t at);

/* End of the anchor, alias or tag that begins at `at`. */
uint32_t kn_yaml_property_end(const struct kn_yaml_document *doc, uint32_t at);

/* Right after the colon that follows a key; where the key ends when there is none. */
uint32_t kn_yaml_after_colon(const struct kn_yaml_document *doc, uint32_t key_end, bool flow);

/* End of a block scalar whose last blank lines may stand before `end`. */
uint32_t kn_yaml_block_scalar_end(const struct kn_yaml_document *doc, uint32_t start, uint32_t end,
                                  const char *text, size_t length);

/* End of the word at `at`: the next gap, comma or bracket. At least one character. */
uint32_t kn_yaml_word_end(const struct kn_yaml_document *doc, uint32_t at);

/* "---" or "..." alone at the start of a line. */
bool kn_yaml_is_document_mark(const struct kn_yaml_document *doc, uint32_t at);

#endif
