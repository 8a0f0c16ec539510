/* stop: ask the running node to leave the swarm and end, and wait until it has. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/running.h"
#include "app/cli/tree.h"
#include "node/control/run_folder.h"

enum { WAIT_S = 30, MS_PER_S = 1000 };

static void say_process(struct kn_text *out, const struct kn_running *running)
{
    kn_text_add(out, "the node");
    if (running->pid > 0)
        kn_text_addf(out, " (process %lld)", (long long)running->pid);
}

/* Leaving takes a while: whoever looks shall know what goes on. */
static void say_waiting(struct kn_cli *cli, const struct kn_running *running)
{
    struct kn_error ignored = { 0 };

    if (cli->json || cli->quiet || !cli->err_term.is_terminal)
        return;
    kn_text_add(&cli->talk, "Waiting until ");
    say_process(&cli->talk, running);
    kn_text_add(&cli->talk, " has left the swarm.\n");
    (void)!kn_cli_flush(cli, &ignored);
}

static enum kn_exit still_runs(struct kn_cli *cli, const struct kn_running *running,
                               int64_t seconds)
{
    struct kn_text who = { 0 };
    struct kn_error err = { 0 };

    say_process(&who, running);
    (void)kn_fail(&err, KN_E_TIMEOUT, "%s was asked to stop and runs still after %lld s",
                  kn_text_get(&who), (long long)seconds);
    kn_hint(&err, "It may need longer to leave the swarm; see kwaainet status.");
    kn_text_done(&who);
    return kn_cli_fail(cli, KN_EXIT_TRY_AGAIN, &err);
}

static void report(struct kn_cli *cli, const struct kn_running *running)
{
    struct kn_json *json;

    if (!cli->json) {
        if (!cli->quiet) {
            say_process(&cli->answer, running);
            kn_text_add(&cli->answer, " has stopped\n");
        }
        return;
    }
    json = kn_json_object();
    kn_tree_set(json, "stopped", kn_json_bool(true));
    kn_tree_set(json, "pid", running->pid > 0 ? kn_json_int(running->pid) : kn_json_null());
    kn_cli_answer(cli, json);
}

static enum kn_exit wait_for(struct kn_cli *cli, const struct kn_running *running, int64_t seconds)
{
    struct kn_error err = { 0 };
    enum kn_code rc;

    say_waiting(cli, running);
    rc = kn_run_folder_await_end(running->home, running->pid, seconds * MS_PER_S, &err);
    if (rc == KN_E_TIMEOUT)
        return still_runs(cli, running, seconds);
    if (rc != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    report(cli, running);
    return KN_EXIT_DONE;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_running running;
    struct kn_json *answer = NULL;
    int64_t seconds;
    enum kn_exit code = kn_read_wait(cli, WAIT_S, &seconds);

    if (code == KN_EXIT_DONE)
        code = kn_running_find(cli, &running);
    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "stop", &answer);
    kn_json_free(answer);
    return code == KN_EXIT_DONE ? wait_for(cli, &running, seconds) : code;
}

static const struct kn_command_flag flags[] = {
    { "--wait", "SECONDS", "Wait so long for its end; 30 unless given." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_stop = {
    .name = "stop",
    .brief = "Let the running node leave the swarm and end.",
    .flags = flags,
    .loads_configuration = true,
    .detail = "Asks the node that runs with the data folder, and waits until it has given the "
              "folder back; no process is ever ended by force. The exit code is 69 when none runs "
              "or it does not answer, and 75 when it runs still after the time to wait.\n\n"
              "With --json: {\"stopped\", \"pid\"}.",
    .run = run,
};
