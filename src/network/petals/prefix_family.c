#include "network/petals/prefix.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(const char *text, const char *part)
{
    for (; *text != '\0'; text++) {
        size_t n = 0;

        while (part[n] != '\0' && lower(text[n]) == part[n])
            n++;
        if (part[n] == '\0')
            return true;
    }
    return false;
}

enum kn_prefix_family kn_prefix_family_of(const char *type_or_name)
{
    static const struct {
        const char *part;
        enum kn_prefix_family family;
    } rows[] = {
        { "mixtral", KN_PREFIX_MIXTRAL },
        { "falcon", KN_PREFIX_FALCON },
        { "bloom", KN_PREFIX_BLOOM },
        { "llama", KN_PREFIX_LLAMA },
    };
    const char *slash = strrchr(type_or_name, '/');
    const char *name = slash != NULL ? slash + 1 : type_or_name;

    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        if (contains(name, rows[i].part))
            return rows[i].family;
    }
    return KN_PREFIX_OTHER;
}
