#include "network/petals/names.h"

#include "lib/base/memory.h"

enum { FIRST_ROOM = 64 };

#define IS_TEXT (UINT32_C(1) << 31) /* in a child: the rest is the number of a text */

/* What lies past the end counts as zeros. */
static uint8_t byte_at(struct kn_span text, size_t at)
{
    return at < text.n ? text.at[at] : 0;
}

static unsigned side_of(struct kn_span text, uint32_t bit)
{
    return (byte_at(text, bit / 8) & 0x80u >> bit % 8) != 0 ? 1 : 0;
}

/* The only text that could be equal. */
static uint32_t descend(const struct kn_names *names, struct kn_span text)
{
    uint32_t at = names->root;

    while ((at & IS_TEXT) == 0)
        at = names->nodes[at].child[side_of(text, names->nodes[at].bit)];
    return at & ~IS_TEXT;
}

uint32_t kn_names_find(const struct kn_names *names, struct kn_span text)
{
    uint32_t at;

    if (names->n == 0)
        return KN_NAMES_NONE;
    at = descend(names, text);
    return kn_span_equal(kn_span_text(names->texts[at]), text) ? at : KN_NAMES_NONE;
}

/* Both differ somewhere. */
static uint32_t first_difference(struct kn_span a, struct kn_span b)
{
    uint32_t bit = 0;

    while (byte_at(a, bit / 8) == byte_at(b, bit / 8))
        bit += 8;
    while (side_of(a, bit) == side_of(b, bit))
        bit++;
    return bit;
}

static bool grow(struct kn_names *names)
{
    uint32_t room = names->room > 0 ? 2 * names->room : FIRST_ROOM;
    struct kn_names_node *nodes;
    const char **texts;

    if (names->n < names->room)
        return true;
    nodes = kn_try_realloc(names->nodes, room * sizeof(*nodes));
    if (nodes == NULL)
        return false;
    names->nodes = nodes;
    texts = kn_try_realloc(names->texts, room * sizeof(*texts));
    if (texts == NULL)
        return false;
    names->texts = texts;
    names->room = room;
    return true;
}

/* Hang the newest text where its first difference from all others belongs. */
static void link_newest(struct kn_names *names, struct kn_span text, uint32_t bit)
{
    uint32_t fresh = names->n - 1, *at = &names->root;
    struct kn_names_node *node = &names->nodes[fresh];
    unsigned side = side_of(text, bit);

    while ((*at & IS_TEXT) == 0 && names->nodes[*at].bit < bit)
        at = &names->nodes[*at].child[side_of(text, names->nodes[*at].bit)];
    node->bit = bit;
    node->child[side] = names->n | IS_TEXT;
    node->child[1 - side] = *at;
    *at = fresh;
}

uint32_t kn_names_add(struct kn_names *names, struct kn_arena *arena, struct kn_span text)
{
    uint32_t found = kn_names_find(names, text);
    const char *copy;

    if (found != KN_NAMES_NONE)
        return found;
    if (!grow(names))
        return KN_NAMES_NONE;
    copy = kn_arena_dup_n(arena, (const char *)text.at, text.n);
    if (copy == NULL)
        return KN_NAMES_NONE;
    if (names->n == 0) {
        names->root = IS_TEXT;
    } else {
        const char *other = names->texts[descend(names, text)];

        link_newest(names, text, first_difference(kn_span_text(other), text));
    }
    names->texts[names->n] = copy;
    return names->n++;
}

void kn_names_done(struct kn_names *names)
{
    kn_free(names->nodes);
    kn_free(names->texts);
    *names = (struct kn_names){ 0 };
}
