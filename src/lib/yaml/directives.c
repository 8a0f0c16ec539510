#include <string.h>

#include "lib/yaml/faults.h"
#include "lib/yaml/ranges.h"
#include "lib/yaml/reading.h"

static void refuse(struct kn_yaml_reading *r, enum kn_yaml_fault_kind kind, uint32_t start,
                   uint32_t end, const char *message, const char *hint)
{
    kn_yaml_fault(r,
                  (struct kn_yaml_fault){
                      .kind = kind, .start = start, .end = end, .message = message, .hint = hint });
}

/* A line that begins with '%'. Only "%YAML 1.x" says what we do anyway. */
static void read_directive(struct kn_yaml_reading *r, uint32_t at)
{
    const struct kn_yaml_document *doc = &r->doc;
    uint32_t end = kn_yaml_word_end(doc, at), value = kn_yaml_skip_blanks(doc, end);
    bool version = end - at == 5 && memcmp(doc->bytes + at, "%YAML", 5) == 0;

    if (version && kn_yaml_at(doc, value) == '1' && kn_yaml_at(doc, value + 1) == '.')
        return;
    if (version && !kn_yaml_is_gap(kn_yaml_at(doc, value)))
        end = kn_yaml_word_end(doc, value);
    if (kn_yaml_faults_full(r))
        refuse(r, KN_YAML_FAULT_FEATURE, at, end, "", "");
    else
        refuse(r, KN_YAML_FAULT_FEATURE, at, end,
               kn_yaml_with_slice(r, "directive \"@\" is not supported", at, end),
               version ? "Remove the line, or write \"%YAML 1.2\"." : "Remove the line.");
}

static bool begins_directive(const struct kn_yaml_reading *r, uint32_t at)
{
    return kn_yaml_at(&r->doc, at) == '%' &&
           (at == r->first || kn_yaml_is_break(kn_yaml_at(&r->doc, at - 1)));
}

static uint32_t next_line(const struct kn_yaml_reading *r, uint32_t at)
{
    return kn_yaml_skip_space(&r->doc, kn_yaml_line_end(&r->doc, at));
}

/*
 * libyaml never sees a directive: it compares each %TAG with all before it, which a hostile file
 * makes slow.
 */
void kn_yaml_read_directives(struct kn_yaml_reading *r)
{
    uint32_t first = kn_yaml_skip_space(&r->doc, r->first), end = first, last = first;

    while (begins_directive(r, end)) {
        last = end;
        end = next_line(r, end);
    }
    if (end == first)
        return;
    if (!kn_yaml_is_document_mark(&r->doc, end) || kn_yaml_at(&r->doc, end) == '.') {
        kn_yaml_fatal(r, (struct kn_yaml_fault){
                             .kind = KN_YAML_FAULT_SYNTAX,
                             .start = last,
                             .end = kn_yaml_word_end(&r->doc, last),
                             .message = "\"%\" begins a directive, and no \"---\" follows",
                             .hint = "Remove the line, or put the value in quotes." });
        return;
    }
    for (uint32_t at = first; at < end; at = next_line(r, at))
        read_directive(r, at);
    r->first = end;
}

void kn_yaml_read_rest(struct kn_yaml_reading *r, uint32_t at, bool ended)
{
    const struct kn_yaml_document *doc = &r->doc;

    at = kn_yaml_skip_space(doc, at);
    while (kn_yaml_is_document_mark(doc, at) && kn_yaml_at(doc, at) == '.')
        at = kn_yaml_skip_space(doc, at + 3);
    if (at == doc->size)
        return;
    if (ended || kn_yaml_is_document_mark(doc, at) || kn_yaml_at(doc, at) == '%')
        refuse(r, KN_YAML_FAULT_FEATURE, at, kn_yaml_word_end(doc, at),
               "a second document begins here",
               "One file holds one document: remove everything from here on.");
    else
        kn_yaml_misfit(r, at, "this line does not fit the indentation of the lines above",
                       "Indent it like the first line of the file.");
}
