#include "lib/base/harmless.h"

#include <string.h>

#include "lib/base/utf8.h"

/* Controls of both sets, the marks that turn the direction of writing, line separators. */
static bool is_harmless(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x200e && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff;
}

void kn_text_add_harmless(struct kn_text *out, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n;) {
        uint32_t character;
        size_t length = kn_utf8_decode(text + i, n - i, &character);

        if (length > 0 && is_harmless(character))
            kn_text_add_n(out, text + i, length);
        else
            kn_text_add_char(out, '?');
        i += length > 0 ? length : 1;
    }
}
