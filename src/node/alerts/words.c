#include "node/alerts/words.h"

#include <stdbool.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

/* One word from `*at` on to `*room`. False: a quote is not closed. */
static bool take_word(const char **at, char **room)
{
    char quote = '\0';
    const char *from = *at;
    char *to = *room;

    for (; *from != '\0' && (quote != '\0' || strchr(blanks, *from) == NULL); from++) {
        if (quote != '\0' && *from == quote)
            quote = '\0';
        else if (quote == '\0' && (*from == '\'' || *from == '"'))
            quote = *from;
        else if (quote != '\'' && *from == '\\' && from[1] != '\0')
            *to++ = *++from;
        else
            *to++ = *from;
    }
    *to++ = '\0';
    *at = from;
    *room = to;
    return quote == '\0';
}

enum kn_code kn_words_cut(const char *command, char *room, const char *words[KN_WORDS_MAX + 1],
                          struct kn_error *err)
{
    size_t n = 0;

    words[0] = NULL;
    if (strlen(command) > KN_COMMAND_MAX)
        return kn_fail(err, KN_E_LIMIT, "the command has more than %d bytes", KN_COMMAND_MAX);
    for (command += strspn(command, blanks); *command != '\0'; command += strspn(command, blanks)) {
        if (n == KN_WORDS_MAX)
            return kn_fail(err, KN_E_LIMIT, "the command has more than %d words", KN_WORDS_MAX);
        words[n] = room;
        if (!take_word(&command, &room))
            return kn_fail(err, KN_E_INVALID, "a quote of the command is not closed");
        words[++n] = NULL;
    }
    if (n == 0 || words[0][0] == '\0')
        return kn_fail(err, KN_E_INVALID, "the command names no program");
    return KN_OK;
}
