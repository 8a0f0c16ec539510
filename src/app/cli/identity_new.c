/* identity new: a key for a node that has none, or another one. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/identity_report.h"
#include "lib/crypto/random.h"

static enum kn_exit make(struct kn_cli *cli, const struct kn_identity_place *place)
{
    const struct kn_identity_order order = kn_identity_ordered(cli);
    const struct kn_identity_deed deed = { .makes = true };
    const struct kn_random random = kn_random_system();
    struct kn_identity identity = { 0 };
    struct kn_error err = { 0 };

    if (kn_identity_new(place, &random, &order, &identity, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    cli->answer_first = true;
    kn_identity_report(cli, place, &identity, &deed);
    if (identity.kept.n > 0)
        kn_identity_say(cli, "peers know this node by the new peer id from its next start on; "
                             "the old key is kept");
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
    code = make(cli, &place);
    kn_snapshot_unref(snapshot);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--replace", NULL, "Keep the key that is there under a dated name and make another." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_identity_new = {
    .name = "identity new",
    .brief = "Make a private key for the node, and with it its peer id.",
    .flags = flags,
    .loads_configuration = true,
    .detail = "The key is of type Ed25519 and goes to the file that node.identity_key names, else "
              "to identity.key in the data folder, which is made when it is missing. Nobody else "
              "may read the file. A key that is there is never written over: without --replace "
              "the command ends with 1, with it the old one is renamed to identity.key.DATE.\n\n"
              "With --json: {\"peer_id\", \"type\", \"file\", \"mode\", \"created\", \"kept\"}; "
              "\"kept\" is the new path of the old key, or null.",
    .run = run,
};
