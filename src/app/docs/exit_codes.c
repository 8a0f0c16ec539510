#include "app/docs/exit_codes.h"

#include <stddef.h>

const struct kn_exit_info kn_exit_infos[] = {
    { KN_EXIT_DONE, "done", "Done; warnings may have been shown." },
    { KN_EXIT_FAILED, "failed", "It could not be done; the message says why." },
    { KN_EXIT_USAGE, "usage", "The command line is wrong; nothing was done." },
    { KN_EXIT_UNREACHABLE, "unreachable", "The swarm or the node does not answer." },
    { KN_EXIT_TRY_AGAIN, "try-again", "Something is busy, such as a port or a lock; try again." },
    { KN_EXIT_CONFIGURATION, "configuration", "The configuration is wrong; nothing was done." },
    { KN_EXIT_DONE, NULL, NULL },
};

const struct kn_exit_info *kn_exit_info(enum kn_exit code)
{
    const struct kn_exit_info *info = kn_exit_infos;

    while (info->word != NULL && info->code != code)
        info++;
    return info;
}
