#include "app/docs/command.h"

#include <stddef.h>

const struct kn_command_flag kn_common_flags[] = {
    { "--json", NULL, "Print one JSON document instead of text." },
    { "--quiet", NULL, "Print nothing but the answer and what is wrong." },
    { "--help", NULL, "Show this help; -h does the same." },
    { NULL, NULL, NULL },
};
