#include "lib/base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"

static void fail(struct kn_text *text)
{
    kn_text_done(text);
    text->failed = true;
}

/* Make room for `more` bytes and a NUL. */
static bool reserve(struct kn_text *text, size_t more)
{
    size_t room = text->room > 0 ? text->room : 64;
    char *at;

    if (text->failed)
        return false;
    if (more > SIZE_MAX / 4 - text->n) {
        fail(text);
        return false;
    }
    while (room < text->n + more + 1)
        room *= 2;
    if (room == text->room)
        return true;
    at = kn_try_realloc(text->at, room);
    if (at == NULL) {
        fail(text);
        return false;
    }
    text->at = at;
    text->room = room;
    return true;
}

void kn_text_add_n(struct kn_text *text, const char *bytes, size_t n)
{
    if (!reserve(text, n))
        return;
    if (n > 0)
        memcpy(text->at + text->n, bytes, n);
    text->n += n;
    text->at[text->n] = '\0';
}

void kn_text_add(struct kn_text *text, const char *more)
{
    kn_text_add_n(text, more, strlen(more));
}

void kn_text_add_char(struct kn_text *text, char c)
{
    kn_text_add_n(text, &c, 1);
}

void kn_text_addf(struct kn_text *text, const char *format, ...)
{
    enum { USUAL = 80 };
    va_list args, again;
    int n;

    if (!reserve(text, USUAL))
        return;
    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(text->at + text->n, text->room - text->n, format, args);
    if (n >= 0 && (size_t)n >= text->room - text->n && reserve(text, (size_t)n))
        (void)vsnprintf(text->at + text->n, (size_t)n + 1, format, again);
    if (n >= 0 && !text->failed)
        text->n += (size_t)n;
    va_end(again);
    va_end(args);
}

void kn_text_fill(struct kn_text *text, char c, size_t n)
{
    if (!reserve(text, n))
        return;
    memset(text->at + text->n, c, n);
    text->n += n;
    text->at[text->n] = '\0';
}

void kn_text_cut(struct kn_text *text, size_t n)
{
    if (n < text->n) {
        text->n = n;
        text->at[n] = '\0';
    }
}

const char *kn_text_get(const struct kn_text *text)
{
    return text->at != NULL ? text->at : "";
}

void kn_text_done(struct kn_text *text)
{
    kn_free(text->at);
    *text = (struct kn_text){ 0 };
}
