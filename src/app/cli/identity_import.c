/* identity import: the key of another node, taken over. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/identity_report.h"

static enum kn_exit import(struct kn_cli *cli, const struct kn_identity_place *place)
{
    const struct kn_identity_order order = kn_identity_ordered(cli);
    const struct kn_identity_deed deed = { .makes = true, .from = cli->arguments[0] };
    struct kn_identity identity = { 0 };
    struct kn_text remark = { 0 };
    struct kn_error err = { 0 };

    if (kn_identity_import(place, deed.from, &order, &identity, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    cli->answer_first = true;
    kn_identity_report(cli, place, &identity, &deed);
    kn_identity_remark(place, &identity, &remark);
    kn_identity_say(cli, kn_text_get(&remark));
    if (identity.is_new)
        kn_identity_say(cli, "two running nodes with one key confuse their peers: stop the other "
                             "one before this one starts");
    else
        kn_identity_say(cli, "this key has its place already; nothing was written");
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
    code = import(cli, &place);
    kn_snapshot_unref(snapshot);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--replace", NULL, "Keep the key that is there under a dated name and take the other." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_identity_import = {
    .name = "identity import",
    .brief = "Take over the private key, and with it the peer id, of another node.",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .flags = flags,
    .loads_configuration = true,
    .detail = "FILE is the identity file of a node of hivemind, Petals, KwaaiNet or go-libp2p: the "
              "protobuf of a private key of type Ed25519, RSA, Secp256k1 or ECDSA. It is copied to "
              "the file that node.identity_key names, else to identity.key in the data folder, "
              "where nobody else may read it; FILE itself stays as it is. A key that is there is "
              "never written over: without --replace the command ends with 1, with it the old one "
              "is renamed to identity.key.DATE. The same key again is no failure.\n\n"
              "With --json: {\"peer_id\", \"type\", \"file\", \"mode\", \"created\", \"kept\", "
              "\"from\"}; \"created\" is false when the key had its place already.",
    .run = run,
};
