#include "network/petals/malformed.h"

const char *kn_malformed_text(enum kn_malformed kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        KN_MALFORMED_KINDS(X)
#undef X
    };

    return texts[kind];
}
