#include "app/cli/parse.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/detached.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"

struct parsing {
    struct kn_cli *cli;
    const char *const *words;
    size_t n, at;
    const char **arguments;
    struct kn_flag *flags;
    bool flags_ended;
};

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !(word[1] >= '0' && word[1] <= '9') &&
           word[1] != '.';
}

/* How many of the words make up `name` ("config show"): 0 when they do not. */
static size_t match_name(const char *name, const char *const *words, size_t n)
{
    size_t used = 0;

    while (used < n) {
        size_t length = strlen(words[used]);

        if (length == 0 || strncmp(name, words[used], length) != 0)
            return 0;
        name += length;
        used++;
        if (*name == '\0')
            return used;
        if (*name++ != ' ')
            return 0;
    }
    return 0;
}

/* Is `word` the first of the words of some command that has more? */
static bool is_group(const char *word)
{
    size_t n = word != NULL ? strlen(word) : 0;

    for (const struct kn_command *const *at = kn_commands; *at != NULL && n > 0; at++) {
        if (strncmp((*at)->name, word, n) == 0 && (*at)->name[n] == ' ')
            return true;
    }
    return false;
}

static void offer_group(struct kn_arena *arena, struct kn_nearest *nearest, const char *name,
                        size_t n)
{
    const char *group = kn_arena_dup_n(arena, name, n);

    if (group != NULL)
        kn_nearest_offer(nearest, group);
}

/* The command, or the group of commands, that `typed` is nearest to; NULL when none is near. */
static const char *nearest_command(struct kn_arena *arena, const char *typed)
{
    struct kn_nearest nearest = kn_nearest_to(typed);
    const char *best = NULL;

    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        const char *blank = strchr((*at)->name, ' '), *kept = nearest.best;

        kn_nearest_offer(&nearest, (*at)->name);
        if (blank != NULL)
            kn_nearest_offer(&nearest, blank + 1); /* "show" alone */
        if (nearest.best != kept)
            best = (*at)->name;
        kept = nearest.best;
        if (blank != NULL) /* "config" alone */
            offer_group(arena, &nearest, (*at)->name, (size_t)(blank - (*at)->name));
        if (nearest.best != kept)
            best = nearest.best;
    }
    return best;
}

static enum kn_code unknown_command(struct parsing *parsing, const char *first,
                                    struct kn_error *err)
{
    const char *second = parsing->n > 1 ? parsing->words[1] : "--";
    const char *typed = first, *best = NULL;
    bool group = is_group(first);

    if (!is_flag(second)) {
        const char *both = kn_arena_printf(parsing->cli->arena, "%s %s", first, second);

        if (both == NULL)
            return kn_fail_no_memory(err);
        best = nearest_command(parsing->cli->arena, both);
        if (best != NULL || group)
            typed = both;
    }
    if (best == NULL)
        best = nearest_command(parsing->cli->arena, first);
    (void)kn_fail(err, KN_E_INVALID, "unknown command \"%.100s\"", typed);
    if (best != NULL)
        kn_hint(err, "Did you mean kwaainet %s?", best);
    else
        kn_hint(err, "kwaainet --help lists the commands.");
    return KN_E_INVALID;
}

/* The longest name that the first words make up. */
static enum kn_code find_command(struct parsing *parsing, struct kn_error *err)
{
    const char *first = parsing->n > 0 ? parsing->words[0] : NULL;
    size_t longest = 0;

    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        size_t used = match_name((*at)->name, parsing->words, parsing->n);

        if (used > longest) {
            parsing->cli->command = *at;
            longest = used;
        }
    }
    parsing->at = longest;
    if (longest > 0)
        return KN_OK;
    if (first == NULL || is_flag(first)) { /* kwaainet [FLAGS] is kwaainet start [FLAGS] */
        parsing->cli->command = &kn_cmd_start;
        parsing->cli->unnamed = true;
        return KN_OK;
    }
    if (is_group(first) && (parsing->n == 1 || is_flag(parsing->words[1]))) {
        parsing->cli->group = first;
        parsing->at = 1;
        return KN_OK;
    }
    return unknown_command(parsing, first, err);
}

/* What the program tells itself, and nobody types. */
static const struct kn_command_flag between_ourselves[] = {
    { KN_DETACHED_FLAG, "CHANNEL", NULL },
    { NULL, NULL, NULL },
};

static const struct kn_command_flag *find_flag(const struct kn_command_flag *flags,
                                               const char *word, size_t n)
{
    for (; flags != NULL && flags->name != NULL; flags++) {
        if (strncmp(flags->name, word, n) == 0 && flags->name[n] == '\0')
            return flags;
    }
    return NULL;
}

static bool may_stand_alone(const struct kn_command_flag *flag)
{
    return flag->value_name != NULL && flag->value_name[0] == '[';
}

/* Is it one of "[quick|full]", or the number that "[SECONDS]" means? */
static bool is_one_of(const char *names, const char *word)
{
    size_t n = strlen(word), m;

    if (strcmp(names, "[SECONDS]") == 0)
        return n > 0 && strspn(word, "0123456789") == n;
    for (const char *at = names + 1; n > 0; at += m + 1) {
        m = strcspn(at, "|]");
        if (m == n && strncmp(at, word, n) == 0)
            return true;
        if (at[m] != '|')
            return false;
    }
    return false;
}

/* The value of a flag that may stand alone: "" when it does. */
static enum kn_code take_optional(struct parsing *parsing, const struct kn_command_flag *flag,
                                  const char **value, struct kn_error *err)
{
    const char *next = parsing->at < parsing->n ? parsing->words[parsing->at] : "";

    if (*value == NULL && is_one_of(flag->value_name, next)) {
        *value = next;
        parsing->at++;
    }
    if (*value == NULL)
        *value = "";
    else if (!is_one_of(flag->value_name, *value)) {
        (void)kn_fail(err, KN_E_INVALID, "%s does not take \"%.100s\"", flag->name, *value);
        kn_hint(err, "Write %s %s.", flag->name, flag->value_name);
        return KN_E_INVALID;
    }
    return KN_OK;
}

static void keep_option(struct kn_cli *cli, const char *name, const char *value)
{
    if (strcmp(name, "--json") == 0)
        cli->json = true;
    else if (strcmp(name, "--quiet") == 0)
        cli->quiet = true;
    else if (strcmp(name, "--help") == 0)
        cli->help = true;
    else
        cli->options[cli->option_count++] =
            (struct kn_cli_option){ name, value != NULL ? value : "" };
}

/* Take a flag that the command or every command has. */
static enum kn_code take_own(struct parsing *parsing, const struct kn_command_flag *flag,
                             struct kn_error *err)
{
    const char *word = parsing->words[parsing->at], *value = strchr(word, '=');
    bool alone = may_stand_alone(flag);
    enum kn_code rc = KN_OK;

    if (value == NULL && flag->value_name != NULL && !alone && parsing->at + 1 < parsing->n &&
        strncmp(parsing->words[parsing->at + 1], "--", 2) != 0)
        value = parsing->words[++parsing->at];
    else if (value != NULL)
        value++;
    parsing->at++;
    if (flag->value_name == NULL && value != NULL)
        return kn_fail(err, KN_E_INVALID, "%s takes no value", flag->name);
    if (alone)
        rc = take_optional(parsing, flag, &value, err);
    if (rc != KN_OK)
        return rc;
    if (flag->value_name != NULL && !alone && (value == NULL || value[0] == '\0')) {
        (void)kn_fail(err, KN_E_INVALID, "%s has no value", flag->name);
        kn_hint(err, "Write %s %s.", flag->name, flag->value_name);
        return KN_E_INVALID;
    }
    keep_option(parsing->cli, flag->name, value);
    return KN_OK;
}

static enum kn_code unknown_flag(struct parsing *parsing, const char *name, struct kn_error *err)
{
    const struct kn_command *command = parsing->cli->command;
    struct kn_nearest nearest = kn_nearest_to(name);
    const struct kn_command_flag *flag = command != NULL ? command->flags : NULL;

    (void)kn_fail(err, KN_E_INVALID, "unknown flag \"%.100s\"", name);
    for (; flag != NULL && flag->name != NULL; flag++)
        kn_nearest_offer(&nearest, flag->name);
    for (flag = kn_common_flags; flag->name != NULL; flag++)
        kn_nearest_offer(&nearest, flag->name);
    if (command != NULL && command->loads_configuration)
        kn_flag_offer_all(&nearest);
    if (nearest.best != NULL)
        kn_hint(err, "Did you mean %s?", nearest.best);
    else
        kn_hint(err, "kwaainet %s%s--help lists the flags.", command != NULL ? command->name : "",
                command != NULL ? " " : "");
    return KN_E_INVALID;
}

/* Take a flag of the settings. */
static enum kn_code take_setting(struct parsing *parsing, const char *name, struct kn_error *err)
{
    struct kn_cli *cli = parsing->cli;
    struct kn_config_request *request = &cli->request;
    struct kn_flag flag;

    if (cli->command == NULL || !cli->command->loads_configuration)
        return unknown_flag(parsing, name, err);
    flag = kn_flag_match(cli->arena, parsing->words + parsing->at, parsing->n - parsing->at, err);
    parsing->at += flag.used;
    switch (flag.kind) {
    case KN_FLAG_UNKNOWN:
        return unknown_flag(parsing, name, err);
    case KN_FLAG_WRONG:
        err->code = err->code == KN_E_NO_MEMORY ? KN_E_NO_MEMORY : KN_E_INVALID;
        return err->code;
    case KN_FLAG_CONFIG:
        request->config_path = flag.value;
        return KN_OK;
    case KN_FLAG_HOME:
        request->home = flag.value;
        return KN_OK;
    case KN_FLAG_SETTING:
        parsing->flags[request->flag_count++] = flag;
        return KN_OK;
    }
    return KN_OK;
}

static enum kn_code take_flag(struct parsing *parsing, struct kn_error *err)
{
    const struct kn_command *command = parsing->cli->command;
    const char *word = parsing->words[parsing->at];
    size_t n = strcspn(word, "=");
    const struct kn_command_flag *flag;
    const char *name;

    if (strcmp(word, "-h") == 0) {
        parsing->cli->help = true;
        parsing->at++;
        return KN_OK;
    }
    flag = find_flag(kn_common_flags, word, n);
    if (flag == NULL && command == &kn_cmd_start)
        flag = find_flag(between_ourselves, word, n);
    if (flag == NULL && command != NULL)
        flag = find_flag(command->flags, word, n);
    if (flag != NULL)
        return take_own(parsing, flag, err);
    name = kn_arena_dup_n(parsing->cli->arena, word, n);
    return name != NULL ? take_setting(parsing, name, err) : kn_fail_no_memory(err);
}

static enum kn_code take_words(struct parsing *parsing, struct kn_error *err)
{
    struct kn_cli *cli = parsing->cli;

    while (parsing->at < parsing->n) {
        const char *word = parsing->words[parsing->at];
        enum kn_code rc;

        if (!parsing->flags_ended && strcmp(word, "--") == 0) {
            parsing->flags_ended = true;
            parsing->at++;
        } else if (parsing->flags_ended || !is_flag(word)) {
            parsing->arguments[cli->argument_count++] = word;
            parsing->at++;
        } else {
            rc = take_flag(parsing, err);
            if (rc != KN_OK)
                return rc;
        }
    }
    return KN_OK;
}

/* --json shapes the report of every mistake, also of one that stands in front of it. */
static bool asks_for_json(const char *const *words, size_t n)
{
    for (size_t i = 0; i < n && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--json") == 0)
            return true;
    }
    return false;
}

static enum kn_code check_count(const struct kn_cli *cli, struct kn_error *err)
{
    const struct kn_command *command = cli->command;
    size_t n = cli->argument_count;
    const char *extra;
    int shown;

    if (command == NULL || cli->help)
        return KN_OK;
    if (n < (size_t)command->least) {
        (void)kn_fail(err, KN_E_INVALID, "%s needs %s", command->name, command->arguments);
        kn_hint(err, "kwaainet %s --help says more.", command->name);
        return KN_E_INVALID;
    }
    if (command->most == KN_ARGUMENTS_ANY || n <= (size_t)command->most)
        return KN_OK;
    extra = cli->arguments[command->most];
    shown = kn_key_shown(extra);
    (void)kn_fail(err, KN_E_INVALID, "%s does not take \"%.*s%s\"", command->name, shown, extra,
                  extra[shown] != '\0' ? "…" : "");
    if (command->arguments != NULL)
        kn_hint(err, "Write kwaainet %s %s.", command->name, command->arguments);
    else
        kn_hint(err, "It takes no arguments.");
    return KN_E_INVALID;
}

enum kn_code kn_cli_parse(struct kn_cli *cli, const char *const *words, size_t n,
                          struct kn_error *err)
{
    struct parsing parsing = { .cli = cli, .words = words, .n = n };
    enum kn_code rc;

    cli->json = asks_for_json(words, n);
    /* Every word is at most one of these. */
    parsing.arguments = kn_arena_alloc(cli->arena, (n + 1) * sizeof(*parsing.arguments));
    parsing.flags = kn_arena_alloc(cli->arena, (n + 1) * sizeof(*parsing.flags));
    cli->options = kn_arena_alloc(cli->arena, (n + 1) * sizeof(*cli->options));
    if (kn_arena_failed(cli->arena))
        return kn_fail_no_memory(err);
    cli->arguments = parsing.arguments;
    cli->request.flags = parsing.flags;
    if (n == 1 && strcmp(words[0], "--version") == 0) {
        cli->version = true;
        return KN_OK;
    }
    rc = find_command(&parsing, err);
    if (rc == KN_OK)
        rc = take_words(&parsing, err);
    return rc == KN_OK ? check_count(cli, err) : rc;
}
