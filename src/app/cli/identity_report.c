#include "app/cli/identity_report.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"

enum { MODE_SIZE = 8 };

enum kn_exit kn_identity_locate(struct kn_cli *cli, struct kn_snapshot **out,
                                struct kn_identity_place *place)
{
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_load_any(cli, &snapshot);

    if (code != KN_EXIT_DONE)
        return code;
    code = kn_refuse_key(cli, snapshot, kn_setting_find("node.identity_key"));
    if (code != KN_EXIT_DONE) {
        kn_snapshot_unref(snapshot);
        return code;
    }
    *place = kn_identity_place_of(snapshot);
    *out = snapshot;
    return KN_EXIT_DONE;
}

struct kn_identity_order kn_identity_ordered(const struct kn_cli *cli)
{
    return (struct kn_identity_order){ .replace = kn_cli_option(cli, "--replace") != NULL,
                                       .now_s = cli->request.now_s };
}

void kn_identity_say(struct kn_cli *cli, const char *text)
{
    struct kn_fold fold = { .columns = cli->err_term.columns, .hang = 2 };
    struct kn_text safe = { 0 };

    if (cli->json || cli->quiet || text[0] == '\0')
        return;
    kn_text_add(&safe, "kwaainet: ");
    kn_term_add_safe(&safe, text);
    (void)kn_fold_add(&cli->talk, kn_text_get(&safe), &fold);
    kn_text_add_char(&cli->talk, '\n');
    kn_text_done(&safe);
}

static void add_line(struct kn_cli *cli, const char *name, const char *value)
{
    kn_text_addf(&cli->answer, "%-9s", name);
    kn_term_add_safe(&cli->answer, value);
    kn_text_add_char(&cli->answer, '\n');
}

static const char *filled(const struct kn_text *text)
{
    return text->n > 0 ? kn_text_get(text) : NULL;
}

void kn_identity_report(struct kn_cli *cli, const struct kn_identity_place *place,
                        const struct kn_identity *identity, const struct kn_identity_deed *deed)
{
    const char *type = kn_key_type_name(kn_key_type(identity->key));
    char id[KN_PEER_ID_TEXT_SIZE], mode[MODE_SIZE];
    struct kn_json *json;

    kn_peer_id_print(kn_key_peer_id(identity->key), id);
    (void)snprintf(mode, sizeof(mode), "%04o", identity->mode & 07777u);
    if (!cli->json) {
        add_line(cli, "peer id", id);
        add_line(cli, "type", type);
        add_line(cli, "file", place->path);
        add_line(cli, "mode", mode);
        if (identity->kept.n > 0)
            add_line(cli, "kept", kn_text_get(&identity->kept));
        return;
    }
    json = kn_json_object();
    kn_tree_text(json, "peer_id", id);
    kn_tree_text(json, "type", type);
    kn_tree_text(json, "file", place->path);
    kn_tree_text(json, "mode", mode);
    if (deed->makes) {
        kn_tree_set(json, "created", kn_json_bool(identity->is_new));
        kn_tree_text(json, "kept", filled(&identity->kept));
    }
    if (deed->from != NULL)
        kn_tree_text(json, "from", deed->from);
    kn_cli_answer(cli, json);
}
