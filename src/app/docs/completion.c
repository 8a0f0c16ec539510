#include <string.h>

#include "app/docs/completion_parts.h"
#include "app/docs/docs.h"
#include "config/schema/type.h"
#include "lib/base/text.h"

bool kn_docs_completion(const char *shell, const struct kn_command *const *commands,
                        struct kn_text *out)
{
    if (strcmp(shell, "bash") == 0)
        kn_completion_bash(commands, out);
    else if (strcmp(shell, "zsh") == 0)
        kn_completion_zsh(commands, out);
    else if (strcmp(shell, "fish") == 0)
        kn_completion_fish(commands, out);
    else
        return false;
    return true;
}
