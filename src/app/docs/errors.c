/* Problem kinds, result codes, exit codes, and the states of a node. */
#include "app/docs/docs.h"
#include "app/docs/exit_codes.h"
#include "config/schema/problem.h"
#include "config/schema/setting.h"
#include "lib/base/code.h"
#include "lib/base/text.h"

static void add_problems(struct kn_text *out)
{
    kn_text_add(out, "## Problems of a configuration\n\n"
                     "| word | severity | kind | what it means | what to do |\n"
                     "| --- | --- | --- | --- | --- |\n");
    for (int kind = 0; kind < KN_PROBLEM_KIND_COUNT; kind++) {
        const struct kn_problem_info *info = kn_problem_info((enum kn_problem_kind)kind);

        kn_text_addf(out, "| `%s` | %s | %s | %s | %s |\n", info->word,
                     kn_severity_word(info->severity), kn_error_kind_word(info->error_kind),
                     info->meaning, info->remedy);
    }
}

void kn_docs_errors(struct kn_text *out)
{
    static const struct {
        const char *name, *brief;
    } codes[] = {
#define X(name, brief) { #name, brief },
        KN_CODES(X)
#undef X
    };

    add_problems(out);
    kn_text_add(out, "\n## Exit codes\n\n| code | word | what it means |\n| --- | --- | --- |\n");
    for (const struct kn_exit_info *info = kn_exit_infos; info->word != NULL; info++)
        kn_text_addf(out, "| %d | `%s` | %s |\n", (int)info->code, info->word, info->brief);
    kn_text_add(out, "\n## Result codes of the library\n\n"
                     "| code | what it means |\n| --- | --- |\n");
    for (size_t i = 0; i < KN_COUNT(codes); i++)
        kn_text_addf(out, "| `%s` | %s |\n", codes[i].name, codes[i].brief);
}

void kn_docs_states(struct kn_text *out)
{
    const struct kn_setting *initial = kn_setting_find("state.initial");

    kn_text_add(out, "## States of a node\n\n");
    for (const struct kn_word *word = initial->words; word->name != NULL; word++)
        kn_text_addf(out, "- `%s`: %s\n", word->name, word->brief);
    kn_text_add(out,
                "- `DRAINING`: Finishes the open sessions and takes no new ones, before it ends, "
                "pauses or goes to other blocks. The swarm never sees this word: there the "
                "blocks that are given up are OFFLINE at once, and those that the node goes "
                "to JOINING.\n");
    kn_text_addf(out, "\n`%s` says in which of the first three a node begins; built in is `%s`.\n",
                 initial->key, initial->fallback);
}
