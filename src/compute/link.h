/*
 * link — inside compute: lists whose members carry the link, so that joining needs no memory.
 */
#ifndef KN_COMPUTE_LINK_H
#define KN_COMPUTE_LINK_H

#include <stddef.h>

/* A member of a list or its head; all zero: a member of none. */
struct kn_link {
    struct kn_link *next, *prev;
};

#define KN_LINK_OF(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

static inline void kn_link_start(struct kn_link *head)
{
    head->next = head->prev = head;
}

static inline void kn_link_add_last(struct kn_link *head, struct kn_link *link)
{
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

static inline void kn_link_remove(struct kn_link *link)
{
    if (link->next == NULL)
        return;
    link->next->prev = link->prev;
    link->prev->next = link->next;
    link->next = link->prev = NULL;
}

/* NULL: it is empty. */
static inline struct kn_link *kn_link_first(const struct kn_link *head)
{
    return head->next != head ? head->next : NULL;
}

/* NULL: `link` was the last. */
static inline struct kn_link *kn_link_next(const struct kn_link *head, const struct kn_link *link)
{
    return link->next != head ? link->next : NULL;
}

/* All members of `from`, in their order, to the empty list `to`. */
static inline void kn_link_move_all(struct kn_link *from, struct kn_link *to)
{
    kn_link_start(to);
    while (kn_link_first(from) != NULL) {
        struct kn_link *link = kn_link_first(from);

        kn_link_remove(link);
        kn_link_add_last(to, link);
    }
}

#endif
