#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"

static const struct {
    const char *name, *brief;
} codes[] = {
#define X(name, brief) [name] = { #name, brief },
    KN_CODES(X)
#undef X
};

const char *kn_code_name(enum kn_code code)
{
    return codes[code].name;
}

const char *kn_code_brief(enum kn_code code)
{
    return codes[code].brief;
}

static void format_into(char *buffer, size_t size, const char *format, va_list args)
    KN_PRINTF(3, 0);

static void format_into(char *buffer, size_t size, const char *format, va_list args)
{
    int n = vsnprintf(buffer, size, format, args);

    if (n < 0)
        buffer[0] = '\0';
    else if ((size_t)n >= size)
        buffer[kn_utf8_cut(buffer, size - 1)] = '\0';
}

enum kn_code kn_fail(struct kn_error *err, enum kn_code code, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return code;
    err->code = code;
    err->hint[0] = '\0';
    va_start(args, format);
    format_into(err->text, sizeof(err->text), format, args);
    va_end(args);
    return code;
}

enum kn_code kn_fail_no_memory(struct kn_error *err)
{
    return kn_fail(err, KN_E_NO_MEMORY, "out of memory");
}

void kn_hint(struct kn_error *err, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return;
    va_start(args, format);
    format_into(err->hint, sizeof(err->hint), format, args);
    va_end(args);
}

void kn_wrap(struct kn_error *err, const char *format, ...)
{
    char inner[KN_ERROR_TEXT_SIZE];
    size_t used;
    va_list args;

    if (err == NULL)
        return;
    memcpy(inner, err->text, sizeof(inner));
    va_start(args, format);
    format_into(err->text, sizeof(err->text), format, args);
    va_end(args);
    used = strlen(err->text);
    if (used + 2 < sizeof(err->text)) {
        int n = snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);

        if (n > 0 && (size_t)n >= sizeof(err->text) - used)
            err->text[kn_utf8_cut(err->text, sizeof(err->text) - 1)] = '\0';
    }
}
