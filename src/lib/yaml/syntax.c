#include <string.h>

#include "lib/base/arena.h"
#include "lib/yaml/faults.h"
#include "lib/yaml/ranges.h"
#include "lib/yaml/reading.h"

static const char quote_it[] = "Put the value in quotes.";
static const char remove_it[] = "Remove it, or put the value in quotes.";

static void refuse(struct kn_yaml_reading *r, uint32_t start, uint32_t end, const char *message,
                   const char *hint)
{
    kn_yaml_fatal(r, (struct kn_yaml_fault){ .kind = KN_YAML_FAULT_SYNTAX,
                                             .start = start,
                                             .end = end,
                                             .message = message,
                                             .hint = hint });
}

/* As refuse(), with the bytes pointed at in place of "@". */
static void refuse_slice(struct kn_yaml_reading *r, uint32_t start, uint32_t end,
                         const char *message, const char *hint)
{
    kn_yaml_fatal(r, (struct kn_yaml_fault){ .kind = KN_YAML_FAULT_SYNTAX,
                                             .start = start,
                                             .end = end,
                                             .message = kn_yaml_with_slice(r, message, start, end),
                                             .hint = hint,
                                             .pattern = message });
}

/* End of the character at `at`. */
static uint32_t character_end(const struct kn_yaml_reading *r, uint32_t at)
{
    if (at < r->doc.size)
        at++;
    while (at < r->doc.size && (kn_yaml_at(&r->doc, at) & 0xc0) == 0x80)
        at++;
    return at;
}

/* End of what stands on the line at `at`. */
static uint32_t rest_of_line(const struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t end = kn_yaml_line_end(&r->doc, at);

    while (end > at && kn_yaml_is_blank(kn_yaml_at(&r->doc, end - 1)))
        end--;
    return end;
}

static bool same_line(const struct kn_yaml_reading *r, uint32_t a, uint32_t b)
{
    return kn_yaml_line_start(&r->doc, a) == kn_yaml_line_start(&r->doc, b);
}

static uint32_t indent_of(const struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t start = kn_yaml_line_start(&r->doc, at), end = start;

    while (kn_yaml_at(&r->doc, end) == ' ')
        end++;
    return end - start;
}

/* Where the gap before `at` begins, on its line. */
static uint32_t before_blanks(const struct kn_yaml_reading *r, uint32_t at)
{
    while (at > 0 && kn_yaml_is_blank(kn_yaml_at(&r->doc, at - 1)))
        at--;
    return at;
}

static void refuse_tab(struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t start = kn_yaml_line_start(&r->doc, at);

    if (kn_yaml_skip_blanks(&r->doc, start) >= at)
        refuse(r, at, at + 1, "a tab in the indentation", "Indent with spaces.");
    else
        refuse(r, at, at + 1, "a tab where only spaces may stand", "Use a space here.");
}

static void bad_character(struct kn_yaml_reading *r, uint32_t at)
{
    if (kn_yaml_at(&r->doc, at) == '\t')
        refuse_tab(r, at);
    else
        refuse_slice(r, at, character_end(r, at), "\"@\" cannot begin a value", quote_it);
}

static void no_colon(struct kn_yaml_reading *r, uint32_t at)
{
    refuse_slice(r, at, rest_of_line(r, at), "expected \"key: value\", found \"@\"",
                 "Write a colon and a space after the key.");
}

/* A ':' after a value: "a: b: c", or a line too deep below "a: b". */
static void second_colon(struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t start = kn_yaml_skip_blanks(&r->doc, kn_yaml_line_start(&r->doc, at));

    for (uint32_t i = start; i + 1 < at; i++) {
        if (kn_yaml_at(&r->doc, i) == ':' && kn_yaml_is_blank(kn_yaml_at(&r->doc, i + 1))) {
            refuse(r, at, at + 1, "a second \": \" in one line", quote_it);
            return;
        }
    }
    if (r->last == NULL || r->last->start >= start || r->last->end < start)
        refuse(r, at, at + 1, "\":\" cannot stand here", quote_it);
    else if (before_blanks(r, r->last->start) == kn_yaml_line_start(&r->doc, r->last->start))
        no_colon(r, r->last->start);
    else
        refuse(r, start, at + 1, "this line is indented below a line that has a value already",
               "Indent it like the line above, or remove the value above it.");
}

static void open_quote(struct kn_yaml_reading *r, uint32_t at)
{
    if (kn_yaml_at(&r->doc, at) == '\'')
        refuse(r, at, rest_of_line(r, at), "this quote is not closed",
               "Add \"'\" at the end of the value; an apostrophe inside is written twice.");
    else
        refuse(r, at, rest_of_line(r, at), "this quote is not closed",
               "Add '\"' at the end of the value; a quote inside is written '\\\"'.");
}

static void unknown_escape(struct kn_yaml_reading *r, uint32_t at)
{
    refuse_slice(r, at, character_end(r, at + 1), "\"@\" is not an escape",
                 "Write \"\\\\\" for a backslash, or put the value in single quotes.");
}

/* libyaml points behind "\x", "\u" or "\U". */
static void bad_escape_digits(struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t start = at >= 2 ? at - 2 : 0;

    refuse_slice(r, start, at, "\"@\" needs hexadecimal digits behind it",
                 "Write \"\\\\\" for a backslash, or put the value in single quotes.");
}

static void bad_escape_value(struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t start = at >= 2 ? at - 2 : 0;
    uint32_t end = at + (kn_yaml_at(&r->doc, at - 1) == 'U' ? 8 : 4);

    refuse_slice(r, start, end, "\"@\" is not a character", "Write the character itself.");
}

static void special_begin(struct kn_yaml_reading *r, uint32_t at)
{
    refuse_slice(r, at, character_end(r, at), "\"@\" has a meaning of its own here", quote_it);
}

static void after_block_header(struct kn_yaml_reading *r, uint32_t at)
{
    refuse_slice(r, at, character_end(r, at), "only a comment may follow \"@\" on its line",
                 "Put the text on the lines below it, or put the value in quotes.");
}

static void zero_indent(struct kn_yaml_reading *r, uint32_t at)
{
    refuse(r, at, at + 2, "the indentation of a block of text cannot be 0",
           "Remove the digit, and indent the text.");
}

static void item_here(struct kn_yaml_reading *r, uint32_t at)
{
    refuse(r, at, at + 1, "a list item cannot begin here",
           "Begin the list on a line of its own, each item with \"- \".");
}

static void key_here(struct kn_yaml_reading *r, uint32_t at)
{
    refuse(r, at, at + 1, "\"? \" cannot stand here", quote_it);
}

static void tight_colon(struct kn_yaml_reading *r, uint32_t at)
{
    refuse(r, at, at + 1, "\":\" without a space behind it",
           "Put a space after the colon, or put the value in quotes.");
}

static void directive_here(struct kn_yaml_reading *r, uint32_t at)
{
    refuse(r, at, kn_yaml_word_end(&r->doc, at), "\"%\" cannot begin a line", quote_it);
}

/* Text right behind a quoted value or a bracket: the value ended earlier than was meant. */
static bool refuse_behind_last(struct kn_yaml_reading *r, uint32_t at)
{
    const struct kn_yaml_node *last = r->last;
    struct kn_yaml_position closed;

    if (last == NULL || last->style == KN_YAML_PLAIN || last->style == KN_YAML_LITERAL ||
        last->style == KN_YAML_FOLDED || before_blanks(r, at) != last->end)
        return false;
    if (last->style == KN_YAML_FLOW) {
        refuse_slice(r, at, kn_yaml_word_end(&r->doc, at), "\"@\" follows a closed bracket",
                     "Remove it, or put the whole value in quotes.");
    } else if (same_line(r, last->start, last->end)) {
        refuse_slice(r, at, kn_yaml_word_end(&r->doc, at), "\"@\" follows a closed quote",
                     last->style == KN_YAML_SINGLE_QUOTED
                         ? "Write an apostrophe inside single quotes twice."
                         : "Write '\\\"' for a quote inside double quotes.");
    } else {
        closed = kn_yaml_locate(&r->doc, last->end);
        refuse(r, last->start, rest_of_line(r, last->start),
               kn_arena_printf(r->arena, "this quote ends on line %u, and more text follows there",
                               (unsigned)closed.line),
               "Close the quote on its own line.");
    }
    return true;
}

void kn_yaml_misfit(struct kn_yaml_reading *r, uint32_t at, const char *message, const char *hint)
{
    unsigned char byte = kn_yaml_at(&r->doc, at);

    if (byte != 0 && strchr("]}", byte) != NULL)
        refuse_slice(r, at, at + 1, "\"@\" closes nothing", remove_it);
    else if (byte == ',')
        refuse(r, at, at + 1, "\",\" cannot stand here", remove_it);
    else if (!refuse_behind_last(r, at))
        refuse(r, at, rest_of_line(r, at), message, hint);
}

static void no_key(struct kn_yaml_reading *r, uint32_t at)
{
    if (kn_yaml_at(&r->doc, at) == ':')
        refuse(r, at, at + 1, "a key is missing before \":\"", "Write one.");
    else
        kn_yaml_misfit(r, at, "this line does not fit the indentation of the lines above",
                       "Indent it like the keys that it belongs to.");
}

static void no_item(struct kn_yaml_reading *r, uint32_t at)
{
    kn_yaml_misfit(r, at, "this line is not an item of the list above",
                   "Begin it with \"- \", or change its indentation.");
}

/* The innermost open bracket; NULL outside all. */
static const struct kn_yaml_node *open_bracket(const struct kn_yaml_reading *r)
{
    for (size_t i = r->depth; i > 0; i--) {
        if (r->stack[i - 1].bracket)
            return r->stack[i - 1].node;
    }
    return NULL;
}

/*
 * What stands at `at` is not inside the bracket: the file ends, another document begins, another
 * bracket closes, or the line belongs to the block around.
 */
static bool leaves(const struct kn_yaml_reading *r, const struct kn_yaml_node *open, uint32_t at)
{
    unsigned char byte = kn_yaml_at(&r->doc, at);

    if (at == r->doc.size || kn_yaml_is_document_mark(&r->doc, at))
        return true;
    if (byte == (open->kind == KN_YAML_SEQUENCE ? '}' : ']'))
        return true;
    return r->stack[0].node->style == KN_YAML_BLOCK && !same_line(r, open->start, at) &&
           indent_of(r, at) <= indent_of(r, open->start);
}

static void inside_bracket(struct kn_yaml_reading *r, uint32_t at)
{
    const struct kn_yaml_node *open = open_bracket(r);
    unsigned char byte = kn_yaml_at(&r->doc, at);

    if (open == NULL) {
        kn_yaml_misfit(r, at, "a value is missing here", "Write one, or remove this.");
    } else if (leaves(r, open, at)) {
        refuse_slice(r, open->start, open->start + 1, "this \"@\" is not closed",
                     open->kind == KN_YAML_SEQUENCE ? "Add \"]\" at the end of the list."
                                                    : "Add \"}\" at the end of the mapping.");
    } else if (byte == ',' || byte == ']' || byte == '}') {
        refuse_slice(r, at, at + 1, "a value is missing before \"@\"",
                     byte == ',' ? "Write one, or remove the comma." : "Write one.");
    } else if (byte == '-' && kn_yaml_is_gap(kn_yaml_at(&r->doc, at + 1))) {
        refuse(r, at, at + 1, "\"- \" cannot stand inside brackets",
               "Separate the items with commas.");
    } else if (byte == ':' && (r->last == NULL || same_line(r, r->last->start, at))) {
        refuse(r, at, at + 1, "\":\" cannot stand here", quote_it);
    } else {
        if (byte == ':') /* the value before reached into this line */
            at = kn_yaml_skip_blanks(&r->doc, kn_yaml_line_start(&r->doc, at));
        refuse(r, at, kn_yaml_word_end(&r->doc, at), "a comma is missing before this",
               "Separate the entries with commas.");
    }
}

static void unknown_handle(struct kn_yaml_reading *r, uint32_t at)
{
    uint32_t end = kn_yaml_property_end(&r->doc, at);

    kn_yaml_fatal(r, (struct kn_yaml_fault){
                         .kind = KN_YAML_FAULT_FEATURE,
                         .start = at,
                         .end = end,
                         .message = kn_yaml_with_slice(r, "tag \"@\" is not supported", at, end),
                         .hint = "Remove the tag.",
                         .pattern = "tag \"@\" is not supported" });
}

enum place { AT_PROBLEM, AT_CONTEXT };

/*
 * libyaml's problems and our words for them; the first row whose texts are part of libyaml's.
 * The places that its scanner calls the context are where a thing begins.
 */
static const struct {
    const char *context, *problem;
    enum place place;
    void (*say)(struct kn_yaml_reading *r, uint32_t at);
} problems[] = {
    { "", "cannot start any token", AT_PROBLEM, bad_character },
    { "", "found a tab character", AT_PROBLEM, refuse_tab },
    { "", "mapping values are not allowed", AT_PROBLEM, second_colon },
    { "", "could not find expected ':'", AT_CONTEXT, no_colon },
    { "", "block sequence entries are not allowed", AT_PROBLEM, item_here },
    { "", "mapping keys are not allowed", AT_PROBLEM, key_here },
    { "", "found unexpected document indicator", AT_CONTEXT, open_quote },
    { "", "found unexpected end of stream", AT_CONTEXT, open_quote },
    { "", "found unknown escape character", AT_PROBLEM, unknown_escape },
    { "", "did not find expected hexdecimal number", AT_PROBLEM, bad_escape_digits },
    { "", "found invalid Unicode character escape code", AT_PROBLEM, bad_escape_value },
    { "", "found unexpected ':'", AT_PROBLEM, tight_colon },
    { "an anchor", "", AT_CONTEXT, special_begin },
    { "an alias", "", AT_CONTEXT, special_begin },
    { "a block scalar", "expected comment or line break", AT_CONTEXT, after_block_header },
    { "a block scalar", "indicator equal to 0", AT_CONTEXT, zero_indent },
    { "directive", "", AT_CONTEXT, directive_here },
    { "a tag", "", AT_CONTEXT, special_begin },
    { "", "found undefined tag handle", AT_PROBLEM, unknown_handle },
    { "", "did not find expected key", AT_PROBLEM, no_key },
    { "", "did not find expected '-' indicator", AT_PROBLEM, no_item },
    { "", "did not find expected ',' or", AT_PROBLEM, inside_bracket },
    { "", "did not find expected node content", AT_PROBLEM, inside_bracket },
};

void kn_yaml_syntax_fault(struct kn_yaml_reading *r)
{
    const yaml_parser_t *parser = &r->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "";
    const char *context = parser->context != NULL ? parser->context : "";
    uint32_t at;

    if (parser->error == YAML_MEMORY_ERROR) {
        r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < KN_COUNT(problems); i++) {
        if (strstr(context, problems[i].context) == NULL ||
            strstr(problem, problems[i].problem) == NULL)
            continue;
        at = kn_yaml_byte_of(r, problems[i].place == AT_CONTEXT ? parser->context_mark
                                                                : parser->problem_mark);
        problems[i].say(r, at);
        return;
    }
    at = kn_yaml_byte_of(r, parser->problem_mark);
    refuse(r, at, kn_yaml_word_end(&r->doc, at), "this cannot stand here", remove_it);
}
