#include <string.h>

#include "lib/base/arena.h"
#include "lib/yaml/faults.h"
#include "lib/yaml/ranges.h"
#include "lib/yaml/reading.h"

static struct kn_yaml_frame *top(struct kn_yaml_reading *r)
{
    return r->depth > 0 ? &r->stack[r->depth - 1] : NULL;
}

/* The next node is a key. */
static bool wants_key(const struct kn_yaml_frame *frame)
{
    return frame != NULL && frame->node->kind == KN_YAML_MAPPING && !frame->wants_value;
}

static void limit(struct kn_yaml_reading *r, uint32_t at, const char *message, const char *hint)
{
    kn_yaml_fatal(r, (struct kn_yaml_fault){ .kind = KN_YAML_FAULT_LIMIT,
                                             .start = at,
                                             .end = kn_yaml_word_end(&r->doc, at),
                                             .message = message,
                                             .hint = hint });
}

/* A feature of YAML that we refuse; "@" in the message stands for the bytes pointed at. */
static void feature(struct kn_yaml_reading *r, uint32_t start, uint32_t end, const char *message,
                    const char *hint)
{
    kn_yaml_fault(
        r, (struct kn_yaml_fault){
               .kind = KN_YAML_FAULT_FEATURE,
               .start = start,
               .end = end,
               .message = kn_yaml_faults_full(r) ? "" : kn_yaml_with_slice(r, message, start, end),
               .hint = hint,
               .pattern = message });
}

static struct kn_yaml_node *new_node(struct kn_yaml_reading *r, enum kn_yaml_kind kind,
                                     enum kn_yaml_style style, uint32_t start)
{
    struct kn_yaml_node *node;

    if (r->nodes == KN_YAML_NODES_MAX) {
        limit(r, start, "more than 65536 values and keys in one file",
              "Check that this is the right file.");
        return NULL;
    }
    r->nodes++;
    node = kn_arena_alloc(r->arena, sizeof(*node));
    if (node == NULL) {
        r->no_memory = true;
        return NULL;
    }
    node->kind = kind;
    node->style = style;
    node->start = node->end = start;
    return node;
}

/* Report up to `most` anchors and tags at `at`; where the thing behind them begins. */
static uint32_t read_properties(struct kn_yaml_reading *r, uint32_t at, unsigned most)
{
    for (; most > 0; most--) {
        unsigned char byte = kn_yaml_at(&r->doc, at);
        uint32_t end;

        if (byte != '&' && byte != '!')
            break;
        end = kn_yaml_property_end(&r->doc, at);
        if (byte == '&')
            feature(r, at, end, "anchor \"@\" is not supported",
                    "Remove it, and write the value out wherever it is needed.");
        else
            feature(r, at, end, "tag \"@\" is not supported",
                    "Remove it; a value in quotes is always a text.");
        at = kn_yaml_skip_space(&r->doc, end);
    }
    return at;
}

/* A scalar as it is quoted in a message: a mark of its own around it would stand there twice. */
static const char *inside_quotes(struct kn_yaml_reading *r, const char *pattern,
                                 const struct kn_yaml_node *node)
{
    uint32_t mark = node->style == KN_YAML_SINGLE_QUOTED || node->style == KN_YAML_DOUBLE_QUOTED;

    return kn_yaml_with_slice(r, pattern, node->start + mark, node->end - mark);
}

/* Whether the pair of this key stays in the tree. */
static bool keep_key(struct kn_yaml_reading *r, struct kn_yaml_frame *frame,
                     const struct kn_yaml_node *key)
{
    const struct kn_yaml_node *earlier;
    bool full = kn_yaml_faults_full(r);

    if (key->kind != KN_YAML_SCALAR)
        return false; /* open_collection() said so */
    if (kn_yaml_is_null(key)) {
        feature(r, key->start, key->length > 0 ? key->end : kn_yaml_word_end(&r->doc, key->start),
                key->length == 0 ? "a key is missing" : "null cannot be a key",
                "Write a key, in quotes if need be.");
        return false;
    }
    if (key->style == KN_YAML_PLAIN && strcmp(key->text, "<<") == 0) {
        frame->merges = true;
        feature(r, key->start, key->end, "merge key \"@\" is not supported",
                "Write the keys out here.");
        return false;
    }
    earlier = kn_yaml_keys_add(&r->keys, key);
    r->no_memory |= r->keys.failed;
    if (earlier == NULL)
        return true;
    kn_yaml_fault(
        r, (struct kn_yaml_fault){
               .kind = KN_YAML_FAULT_DUPLICATE,
               .start = key->start,
               .end = key->end,
               .other = earlier->start,
               .pattern = "duplicate key \"@\"",
               .message = full ? "" : inside_quotes(r, "duplicate key \"@\"", key),
               .hint = full ? ""
                            : kn_arena_printf(
                                  r->arena, "It stands on line %u already; keep one of them.",
                                  (unsigned)kn_yaml_locate(&r->doc, earlier->start).line) });
    return false;
}

static void append(struct kn_yaml_frame *frame, struct kn_yaml_node *node)
{
    if (frame->last != NULL)
        frame->last->next = node;
    else
        frame->node->first = node;
    frame->last = node;
    frame->node->count++;
}

/*
 * Put a finished node where it belongs. NULL: nothing is left of it, as of an alias. `end` is
 * where it ends with all that belongs to it.
 */
static void attach(struct kn_yaml_reading *r, struct kn_yaml_node *node, uint32_t end)
{
    struct kn_yaml_frame *frame = top(r);

    if (frame == NULL) {
        r->doc.root = node;
        return;
    }
    if (end > frame->end)
        frame->end = end;
    if (node != NULL)
        node->parent = frame->node;
    if (frame->node->kind == KN_YAML_SEQUENCE) {
        if (node != NULL)
            append(frame, node);
    } else if (!frame->wants_value) {
        frame->wants_value = true;
        frame->merges = false;
        frame->key_end = end;
        frame->key = node != NULL && keep_key(r, frame, node) ? node : NULL;
    } else {
        frame->wants_value = false;
        if (frame->key != NULL && node != NULL) {
            frame->key->value = node;
            append(frame, frame->key);
        }
    }
}

/* Where a value that is not there would begin; `at` when it is no value of a mapping. */
static uint32_t absent_place(struct kn_yaml_reading *r, uint32_t at)
{
    const struct kn_yaml_frame *frame = top(r);

    if (frame == NULL || frame->node->kind != KN_YAML_MAPPING || !frame->wants_value)
        return at;
    return kn_yaml_after_colon(&r->doc, frame->key_end, frame->node->style == KN_YAML_FLOW);
}

static enum kn_yaml_style style_of(yaml_scalar_style_t style)
{
    if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE)
        return KN_YAML_SINGLE_QUOTED;
    if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return KN_YAML_DOUBLE_QUOTED;
    if (style == YAML_LITERAL_SCALAR_STYLE)
        return KN_YAML_LITERAL;
    return style == YAML_FOLDED_SCALAR_STYLE ? KN_YAML_FOLDED : KN_YAML_PLAIN;
}

static bool copy_text(struct kn_yaml_reading *r, struct kn_yaml_node *node, const char *text,
                      size_t length)
{
    if (memchr(text, '\0', length) != NULL) {
        kn_yaml_fatal(r, (struct kn_yaml_fault){ .kind = KN_YAML_FAULT_ENCODING,
                                                 .start = node->start,
                                                 .end = node->end,
                                                 .message = "a text with a NUL character (\"\\0\")",
                                                 .hint = "Remove the escape." });
        return false;
    }
    node->text = kn_arena_dup_n(r->arena, text, length);
    node->length = (uint32_t)length;
    r->no_memory |= node->text == NULL;
    return node->text != NULL;
}

static void on_scalar(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    enum kn_yaml_style style = style_of(event->data.scalar.style);
    uint32_t start = kn_yaml_byte_of(r, event->start_mark), begin = start;
    uint32_t end = kn_yaml_byte_of(r, event->end_mark), extent = end;
    struct kn_yaml_node *node;

    if (start < end)
        start = read_properties(r, start, 2);
    if (style == KN_YAML_PLAIN && length == 0) {
        start = absent_place(r, begin);
        extent = begin < end ? end : start;
        end = start;
    } else if (style == KN_YAML_LITERAL || style == KN_YAML_FOLDED) {
        end = extent = kn_yaml_block_scalar_end(&r->doc, start, end, text, length);
    }
    node = new_node(r, KN_YAML_SCALAR, style, start);
    if (node == NULL)
        return;
    node->end = end;
    if (!copy_text(r, node, text, length))
        return;
    r->last = node;
    attach(r, node, extent);
}

static void on_alias(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    struct kn_yaml_frame *frame = top(r);
    uint32_t start = kn_yaml_byte_of(r, event->start_mark);
    uint32_t end = kn_yaml_byte_of(r, event->end_mark);
    struct kn_yaml_node *node = NULL;

    if (frame == NULL || !frame->wants_value || !frame->merges)
        feature(r, start, end, "alias \"@\" is not supported", "Write the value out here.");
    if (frame != NULL && frame->wants_value) {
        node = new_node(r, KN_YAML_SCALAR, KN_YAML_PLAIN, absent_place(r, start));
        if (node == NULL)
            return;
        node->text = "";
    }
    attach(r, node, end);
}

static void open_collection(struct kn_yaml_reading *r, const yaml_event_t *event,
                            enum kn_yaml_kind kind, bool flow, unsigned properties)
{
    uint32_t start = kn_yaml_byte_of(r, event->start_mark);
    struct kn_yaml_node *node;
    unsigned char byte;

    start = read_properties(r, start, properties);
    if (r->depth == KN_YAML_DEPTH_MAX) {
        limit(r, start, "more than 64 lists and mappings inside each other",
              "Check that this is the right file.");
        return;
    }
    if (wants_key(top(r)))
        feature(r, start, start + 1, "a list or mapping cannot be a key",
                "Write a word as the key; put a value that begins with \"{\" or \"[\" in quotes.");
    node = new_node(r, kind, flow ? KN_YAML_FLOW : KN_YAML_BLOCK, start);
    if (node == NULL)
        return;
    byte = kn_yaml_at(&r->doc, start);
    r->stack[r->depth++] = (struct kn_yaml_frame){
        .node = node,
        .end = start,
        .bracket = flow && (byte == '[' || byte == '{') &&
                   event->start_mark.index < event->end_mark.index, /* not "[[1]: 2]" */
    };
}

static void on_sequence(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    bool flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;

    open_collection(r, event, KN_YAML_SEQUENCE, flow, 2);
}

/* Without brackets a mapping begins with its first key, whose anchor is not the mapping's. */
static void on_mapping(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    bool flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    unsigned properties = (event->data.mapping_start.anchor != NULL) +
                          (unsigned)(event->data.mapping_start.tag != NULL);

    open_collection(r, event, KN_YAML_MAPPING, flow, properties);
}

/* A collection with brackets ends behind them, every other one where its last child ends. */
static void on_end(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    struct kn_yaml_frame *frame = &r->stack[r->depth - 1];
    struct kn_yaml_node *node = frame->node;

    node->end = frame->end;
    if (frame->bracket) {
        node->end = kn_yaml_byte_of(r, event->end_mark);
        r->last = node;
    }
    r->depth--;
    attach(r, node, node->end);
}

static void on_document_end(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    r->done = true;
    if (r->doc.root != NULL && kn_yaml_is_absent(r->doc.root))
        r->doc.root = NULL;
    kn_yaml_read_rest(r, kn_yaml_byte_of(r, event->end_mark),
                      event->start_mark.index < event->end_mark.index);
}

static void take_event(struct kn_yaml_reading *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(r, event);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_sequence(r, event);
        break;
    case YAML_MAPPING_START_EVENT:
        on_mapping(r, event);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(r, event);
        break;
    case YAML_DOCUMENT_END_EVENT:
        on_document_end(r, event);
        break;
    case YAML_STREAM_END_EVENT:
        r->done = true;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_START_EVENT:
        break;
    }
}

static void read_events(struct kn_yaml_reading *r)
{
    yaml_event_t event;

    if (!yaml_parser_initialize(&r->parser)) {
        r->no_memory = true;
        return;
    }
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->doc.bytes + r->first,
                                 r->doc.size - r->first);
    while (!r->done && !r->fatal && !r->no_memory) {
        if (!yaml_parser_parse(&r->parser, &event)) {
            kn_yaml_syntax_fault(r);
            break;
        }
        take_event(r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&r->parser);
}

static void refuse_size(struct kn_yaml_reading *r)
{
    kn_yaml_fatal(
        r, (struct kn_yaml_fault){
               .kind = KN_YAML_FAULT_LIMIT,
               .message = kn_arena_printf(
                   r->arena, "the file has %zu bytes, more than 1048576 (1 MiB)", r->doc.size),
               .hint = "Check that this is the right file." });
}

enum kn_code kn_yaml_parse(struct kn_arena *arena, const char *bytes, size_t size,
                           struct kn_yaml_document *out)
{
    struct kn_yaml_reading r = { .arena = arena, .doc = { .bytes = bytes, .size = size } };

    /* Where the system puts things is different in every process and unknown to a file. */
    r.keys.secret[0] = (uint64_t)(uintptr_t)arena;
    r.keys.secret[1] = (uint64_t)(uintptr_t)&r;
    kn_yaml_index_lines(&r);
    if (!r.no_memory && size > KN_YAML_SIZE_MAX)
        refuse_size(&r);
    else if (!r.no_memory && kn_yaml_check_bytes(&r))
        kn_yaml_read_directives(&r);
    if (!r.fatal && !r.no_memory)
        read_events(&r);
    kn_yaml_keys_done(&r.keys);
    if (r.no_memory)
        return KN_E_NO_MEMORY;
    if (r.fatal)
        r.doc.root = NULL;
    *out = r.doc;
    return KN_OK;
}
