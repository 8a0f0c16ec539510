/*
 * place — lines, columns and comments of a file that is being edited. Internal to config/edit.
 *
 * Lines end in LF, CR LF or CR. A byte order mark belongs to no line. Offsets are bytes.
 */
#ifndef KN_EDIT_PLACE_H
#define KN_EDIT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kn_text;
struct kn_yaml_document;
struct kn_yaml_node;

/* The byte at `at`, 0 at the end. */
unsigned char kn_place_byte(const struct kn_yaml_document *doc, uint32_t at);

/* The first byte behind a byte order mark. */
uint32_t kn_place_first(const struct kn_yaml_document *doc);

uint32_t kn_place_line_start(const struct kn_yaml_document *doc, uint32_t at);
uint32_t kn_place_line_end(const struct kn_yaml_document *doc, uint32_t at); /* at the break */
uint32_t kn_place_next_line(const struct kn_yaml_document *doc, uint32_t at);

/* `at`, the start of a line, without the line break before it. */
uint32_t kn_place_before_break(const struct kn_yaml_document *doc, uint32_t at);

/* Past spaces and tabs; past these, line breaks and comments. */
uint32_t kn_place_skip_blanks(const struct kn_yaml_document *doc, uint32_t at);
uint32_t kn_place_skip_space(const struct kn_yaml_document *doc, uint32_t at);

bool kn_place_same_line(const struct kn_yaml_document *doc, uint32_t a, uint32_t b);

/* Nothing but spaces and tabs stands before `at` on its line; behind it, a comment may. */
bool kn_place_begins_line(const struct kn_yaml_document *doc, uint32_t at);
bool kn_place_ends_line(const struct kn_yaml_document *doc, uint32_t at);

/* Spaces before `at` on its line. False when something else stands there too. */
bool kn_place_column(const struct kn_yaml_document *doc, uint32_t at, uint32_t *out);

/* The same for a key, which "? " may precede: the column of its entry, and where that begins. */
bool kn_place_entry(const struct kn_yaml_document *doc, uint32_t key, uint32_t *start,
                    uint32_t *column);

/* The line that begins at `line` holds a comment alone, or nothing. */
bool kn_place_is_comment(const struct kn_yaml_document *doc, uint32_t line);
bool kn_place_is_blank(const struct kn_yaml_document *doc, uint32_t line);

/* Lines in [start, end) that hold a comment alone. */
bool kn_place_has_comment(const struct kn_yaml_document *doc, uint32_t start, uint32_t end);

/* End of the line where a block entry ends, with the deeper comments that follow it. */
uint32_t kn_place_entry_end(const struct kn_yaml_document *doc, uint32_t end, uint32_t column);

/* The line break in use around `at`. */
const char *kn_place_break(const struct kn_yaml_document *doc, uint32_t at);

/* By how much the first section is indented; 2 when there is none. */
uint32_t kn_place_step(const struct kn_yaml_document *doc);

void kn_place_copy(const struct kn_yaml_document *doc, uint32_t start, uint32_t end,
                   struct kn_text *out);

#endif
