#include "lib/yaml/faults.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"
#include "lib/yaml/ranges.h"

enum { SLICE_MAX = 60 };

bool kn_yaml_faults_full(const struct kn_yaml_reading *r)
{
    return r->doc.fault_count == KN_YAML_FAULTS_MAX;
}

static bool have_room(struct kn_yaml_reading *r)
{
    if (r->doc.faults == NULL)
        r->doc.faults = kn_arena_alloc(r->arena, KN_YAML_FAULTS_MAX * sizeof(*r->doc.faults));
    r->no_memory |= r->doc.faults == NULL;
    return r->doc.faults != NULL;
}

void kn_yaml_fault(struct kn_yaml_reading *r, struct kn_yaml_fault fault)
{
    r->doc.fault_total++;
    if (kn_yaml_faults_full(r))
        return;
    if (fault.message == NULL || fault.hint == NULL)
        r->no_memory = true;
    else if (have_room(r))
        r->doc.faults[r->doc.fault_count++] = fault;
}

void kn_yaml_fatal(struct kn_yaml_reading *r, struct kn_yaml_fault fault)
{
    r->fatal = true;
    if (kn_yaml_faults_full(r))
        r->doc.fault_count--; /* one of a hundred gives way to the one that explains the end */
    kn_yaml_fault(r, fault);
}

/* The part of [start, end) to show, in `*n` bytes. */
static const char *slice(const struct kn_yaml_reading *r, uint32_t start, uint32_t end, size_t *n)
{
    *n = 0;
    while (*n < end - start && *n < SLICE_MAX && !kn_yaml_is_break(kn_yaml_at(&r->doc, start + *n)))
        ++*n;
    if (*n == SLICE_MAX && *n < end - start)
        *n = kn_utf8_cut(r->doc.bytes + start, SLICE_MAX);
    return r->doc.bytes + start;
}

const char *kn_yaml_with_slice(struct kn_yaml_reading *r, const char *pattern, uint32_t start,
                               uint32_t end)
{
    struct kn_text text = { 0 };
    char *copy = NULL;
    size_t n, part;
    const char *shown = slice(r, start, end, &n);

    for (; *pattern != '\0'; pattern += part) {
        part = strcspn(pattern, "@");
        kn_text_add_n(&text, pattern, part);
        if (pattern[part] == '@') {
            kn_text_add_n(&text, shown, n);
            kn_text_add(&text, start + n < end ? "…" : "");
            part++;
        }
    }
    if (!text.failed)
        copy = kn_arena_dup(r->arena, kn_text_get(&text));
    kn_text_done(&text);
    r->no_memory |= copy == NULL;
    return copy;
}
