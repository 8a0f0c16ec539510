/*
 * A document read twice is the same; nodes lie inside each other and in order; the bytes of a
 * plain or quoted scalar alone read as the same text; faults point into the input.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                        \
    do {                                                                          \
        if (!(condition)) {                                                       \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                              \
        }                                                                         \
    } while (0)

static bool is_in_brackets(const struct kn_yaml_node *node)
{
    while (node->parent != NULL && node->style != KN_YAML_FLOW)
        node = node->parent;
    return node->style == KN_YAML_FLOW;
}

/* What stands for the scalar, read as a document of its own. */
static void check_slice(const struct kn_yaml_document *doc, const struct kn_yaml_node *node)
{
    bool brackets = is_in_brackets(node);
    struct kn_arena *arena = kn_arena_new();
    struct kn_yaml_document alone;
    const struct kn_yaml_node *found;
    uint32_t n = node->end - node->start;
    char *bytes;

    REQUIRE(arena != NULL);
    bytes = kn_arena_printf(arena, "%s%.*s%s", brackets ? "[" : "--- ", (int)n,
                            doc->bytes + node->start, brackets ? ",]" : "\n");
    REQUIRE(bytes != NULL);
    REQUIRE(kn_yaml_parse(arena, bytes, strlen(bytes), &alone) == KN_OK);
    REQUIRE(alone.fault_total == 0 && alone.root != NULL);
    found = alone.root->kind == KN_YAML_SEQUENCE ? alone.root->first : alone.root;
    REQUIRE(found->kind == KN_YAML_SCALAR && found->style == node->style);
    REQUIRE(found->end - found->start == n);
    REQUIRE(found->length == node->length);
    REQUIRE(memcmp(found->text, node->text, node->length) == 0);
    kn_arena_free(arena);
}

static void check_scalar(const struct kn_yaml_document *doc, const struct kn_yaml_node *node)
{
    static const char opens[] = { [KN_YAML_SINGLE_QUOTED] = '\'',
                                  [KN_YAML_DOUBLE_QUOTED] = '"',
                                  [KN_YAML_LITERAL] = '|',
                                  [KN_YAML_FOLDED] = '>' };

    REQUIRE(node->text != NULL && strlen(node->text) == node->length);
    REQUIRE(node->first == NULL && node->count == 0);
    if (kn_yaml_is_absent(node)) {
        REQUIRE(node->start == node->end && kn_yaml_is_null(node));
        return;
    }
    REQUIRE(node->start < node->end);
    if (node->style != KN_YAML_PLAIN)
        REQUIRE(doc->bytes[node->start] == opens[node->style]);
    if (node->style == KN_YAML_SINGLE_QUOTED || node->style == KN_YAML_DOUBLE_QUOTED)
        REQUIRE(doc->bytes[node->end - 1] == opens[node->style]);
    if (node->style == KN_YAML_LITERAL || node->style == KN_YAML_FOLDED)
        return;
    /* Alone, the key "a:" of "a::" would be the key "a", and the key "-" of "-:" a list. */
    if (node->style != KN_YAML_PLAIN || (node->length > 1 && doc->bytes[node->end - 1] != ':'))
        check_slice(doc, node);
}

static void check_node(const struct kn_yaml_document *doc, const struct kn_yaml_node *node);

static void check_children(const struct kn_yaml_document *doc, const struct kn_yaml_node *parent)
{
    uint32_t at = parent->start, count = 0;

    REQUIRE(parent->text == NULL);
    for (const struct kn_yaml_node *child = parent->first; child != NULL; child = child->next) {
        REQUIRE(child->start >= at && child->end <= parent->end && child->parent == parent);
        at = child->end;
        check_node(doc, child);
        count++;
        if (parent->kind == KN_YAML_SEQUENCE) {
            REQUIRE(child->value == NULL);
            continue;
        }
        REQUIRE(child->kind == KN_YAML_SCALAR && child->value != NULL);
        REQUIRE(child->value->start >= at && child->value->end <= parent->end);
        REQUIRE(child->value->parent == parent && child->value->next == NULL);
        at = child->value->end;
        check_node(doc, child->value);
    }
    REQUIRE(count == parent->count);
}

static void check_node(const struct kn_yaml_document *doc, const struct kn_yaml_node *node)
{
    REQUIRE(node->start <= node->end && node->end <= doc->size);
    if (node->kind == KN_YAML_SCALAR)
        check_scalar(doc, node);
    else
        check_children(doc, node);
}

static void check_place(const struct kn_yaml_document *doc, uint32_t offset)
{
    struct kn_yaml_position at = kn_yaml_locate(doc, offset);

    REQUIRE(at.line >= 1 && at.line <= doc->line_count && at.column >= 1);
    REQUIRE(at.line_start <= offset && at.line_start <= at.line_end && at.line_end <= doc->size);
    REQUIRE(at.line == 1 || doc->bytes[at.line_start - 1] == '\n' ||
            doc->bytes[at.line_start - 1] == '\r');
}

static void check_faults(const struct kn_yaml_document *doc)
{
    bool fatal = false;

    REQUIRE(doc->fault_count <= KN_YAML_FAULTS_MAX && doc->fault_count <= doc->fault_total);
    REQUIRE(doc->fault_count > 0 || doc->fault_total == 0);
    for (size_t i = 0; i < doc->fault_count; i++) {
        const struct kn_yaml_fault *fault = &doc->faults[i];

        REQUIRE(fault->start <= fault->end && fault->end <= doc->size);
        REQUIRE(fault->message[0] != '\0' && fault->hint[0] != '\0');
        REQUIRE(fault->kind != KN_YAML_FAULT_DUPLICATE || fault->other < fault->start);
        check_place(doc, fault->start);
        check_place(doc, fault->end);
        fatal |= fault->kind < KN_YAML_FAULT_DUPLICATE;
    }
    REQUIRE(!fatal || doc->root == NULL);
}

static void check_same(const struct kn_yaml_document *a, const struct kn_yaml_document *b)
{
    REQUIRE(kn_yaml_equal(a->root, b->root));
    REQUIRE(a->fault_total == b->fault_total && a->line_count == b->line_count);
    for (size_t i = 0; i < a->fault_count; i++) {
        REQUIRE(a->faults[i].start == b->faults[i].start);
        REQUIRE(strcmp(a->faults[i].message, b->faults[i].message) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_arena *arena = kn_arena_new(), *other = kn_arena_new();
    struct kn_yaml_document doc, again;

    REQUIRE(arena != NULL && other != NULL);
    REQUIRE(kn_yaml_parse(arena, (const char *)data, size, &doc) == KN_OK);
    REQUIRE(kn_yaml_parse(other, (const char *)data, size, &again) == KN_OK);
    check_same(&doc, &again);
    check_faults(&doc);
    if (doc.root != NULL)
        check_node(&doc, doc.root);
    kn_arena_free(arena);
    kn_arena_free(other);
    return 0;
}
