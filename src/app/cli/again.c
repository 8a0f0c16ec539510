#include "app/cli/again.h"

#include "app/cli/cli.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/process.h"
#include "lib/os/process_info.h"
#include "lib/os/working.h"

const char *kn_again_program(struct kn_cli *cli)
{
    struct kn_text path = { 0 };
    struct kn_error ignored = { 0 };
    const char *program = NULL;

    if (kn_process_program(&path, &ignored) == KN_OK) {
        program = kn_arena_dup(cli->arena, path.at);
        if (program == NULL)
            kn_out_of_memory();
    }
    kn_text_done(&path);
    return program;
}

enum kn_code kn_again_may(const char *program, struct kn_error *err)
{
    struct kn_text folder = { 0 };
    enum kn_code rc;

    if (program == NULL) {
        (void)kn_fail(err, KN_E_UNKNOWN, "it is not known where the node's program lies");
        kn_hint(err, "Stop the node and start it.");
        return KN_E_UNKNOWN;
    }
    rc = kn_process_may_run(program, err);
    if (rc != KN_OK)
        kn_hint(err, "Put the program back to where the node was started from.");
    if (rc == KN_OK) {
        rc = kn_working_folder(&folder, err);
        kn_text_done(&folder);
    }
    return rc;
}

enum kn_code kn_again(const struct kn_cli *cli, const char *program, struct kn_error *err)
{
    return kn_process_become(program, cli->words, cli->request.environment, err);
}
