/* identity show: who this node is to its peers. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/identity_report.h"

static enum kn_exit show(struct kn_cli *cli, const struct kn_identity_place *place)
{
    const struct kn_identity_deed deed = { 0 };
    struct kn_identity identity = { 0 };
    struct kn_text remark = { 0 };
    struct kn_error err = { 0 };

    if (kn_identity_look(place, &identity, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    kn_identity_remark(place, &identity, &remark);
    kn_identity_say(cli, kn_text_get(&remark));
    cli->answer_first = true;
    kn_identity_report(cli, place, &identity, &deed);
    kn_text_done(&remark);
    kn_identity_done(&identity);
    return KN_EXIT_DONE;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_identity_place place;
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_identity_locate(cli, &snapshot, &place);

    if (code != KN_EXIT_DONE)
        return code;
    code = show(cli, &place);
    kn_snapshot_unref(snapshot);
    return code;
}

const struct kn_command kn_cmd_identity_show = {
    .name = "identity show",
    .brief = "Show the node's peer id and the file of its private key.",
    .loads_configuration = true,
    .detail = "The file is the one that node.identity_key names, else identity.key in the data "
              "folder. Changes nothing. Ends with 1 when there is no key, when it cannot be read, "
              "and when the node would refuse it: because it belongs to another user, or because "
              "others may read a file that node.identity_key names.\n\n"
              "With --json: {\"peer_id\", \"type\", \"file\", \"mode\"}.",
    .run = run,
};
