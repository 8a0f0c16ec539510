#include "lib/base/shell.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "@%+=:,./_-";

void kn_shell_add(struct kn_text *out, const char *word)
{
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        kn_text_add(out, word);
        return;
    }
    kn_text_add_char(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            kn_text_add(out, "'\\''");
        else
            kn_text_add_char(out, *word);
    }
    kn_text_add_char(out, '\'');
}
