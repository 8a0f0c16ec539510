#include "config/discovery/node_name.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/attributes.h"

#define DIGITS "0123456789"
#define HEXADECIMAL DIGITS "abcdefABCDEF"
#define MIDDLE "-C-" /* names the implementation, as -Rust- does that of another */

enum {
    WORDS_ROOM = KN_NODE_NAME_MAX - (int)sizeof(MIDDLE) + 1, /* of user and suffix together */
    HOST_ROOM = 30, /* that a long user name leaves to the host */
    CONTAINER_ID_DIGITS = 12,
    DECIMAL = 10,
};

/* spec: REQ-0.4.4 */
static const char *const adjectives[] = { "Swift", "Brave", "Keen", "Bold",   "Bright",
                                          "Quick", "Wise",  "Fast", "Strong", "Noble" };

/* Host names of machines that nobody named; "(none)" is what the Linux kernel starts with. */
static const char *const nameless[] = { "localhost", "localdomain", "(none)" };

struct word {
    char at[KN_NODE_NAME_SIZE];
    size_t n;
};

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void cut(struct word *word, size_t room)
{
    if (word->n > room)
        word->n = room;
    while (word->n > 0 && word->at[word->n - 1] == '-')
        word->n--;
    word->at[word->n] = '\0';
}

/* Letters and digits, whatever stands between them as one hyphen. */
static struct word clean(const char *bytes, size_t n)
{
    struct word word = { .n = 0 };

    for (size_t i = 0; i < n && word.n < KN_NODE_NAME_MAX; i++) {
        if (is_plain(bytes[i]))
            word.at[word.n++] = bytes[i];
        else if (word.n > 0 && word.at[word.n - 1] != '-')
            word.at[word.n++] = '-';
    }
    cut(&word, KN_NODE_NAME_MAX);
    return word;
}

/* A user of a directory service carries its domain: CORP\ann, ann@corp.example. */
static struct word user_word(const char *user)
{
    const char *start = user != NULL ? user : "";
    const char *domain_end = strrchr(start, '\\');
    struct word word;

    if (domain_end != NULL)
        start = domain_end + 1;
    word = clean(start, strcspn(start, "@"));
    return word.n > 0 ? word : clean("node", strlen("node"));
}

static bool equals(const char *bytes, size_t n, const char *text)
{
    if (strlen(text) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (lower(bytes[i]) != text[i])
            return false;
    }
    return true;
}

bool kn_node_name_host_identifies(const char *host)
{
    size_t n = host != NULL ? strcspn(host, ".") : 0;

    for (size_t i = 0; i < KN_COUNT(nameless); i++) {
        if (equals(host, n, nameless[i]))
            return false;
    }
    if (n == 0 || strspn(host, DIGITS) >= n || clean(host, n).n == 0)
        return false;
    return n != CONTAINER_ID_DIGITS || strspn(host, HEXADECIMAL) < n;
}

static struct word suffix_word(const struct kn_node_name_facts *facts, enum kn_node_name_by *by)
{
    struct word word = { .n = 0 };

    if (kn_node_name_host_identifies(facts->host)) {
        *by = KN_NAME_BY_HOST;
        return clean(facts->host, strcspn(facts->host, "."));
    }
    if (facts->port != 0) {
        *by = KN_NAME_BY_PORT;
        (void)snprintf(word.at, sizeof(word.at), "%u", (unsigned)facts->port);
    } else {
        *by = KN_NAME_BY_ADJECTIVE;
        (void)snprintf(word.at, sizeof(word.at), "%s",
                       adjectives[facts->seed % KN_COUNT(adjectives)]);
    }
    word.n = strlen(word.at);
    return word;
}

static void add(struct word *word, const char *bytes, size_t n)
{
    memcpy(word->at + word->n, bytes, n);
    word->n += n;
    word->at[word->n] = '\0';
}

/* Both are cut only when they do not fit together, and then both leave room to the other. */
static struct word join(struct word user, struct word suffix)
{
    struct word name = { .n = 0 };

    if (user.n + suffix.n > WORDS_ROOM) {
        size_t left = user.n < WORDS_ROOM ? WORDS_ROOM - user.n : 0;

        cut(&suffix, left > HOST_ROOM ? left : HOST_ROOM);
        cut(&user, WORDS_ROOM - suffix.n);
    }
    add(&name, user.at, user.n);
    add(&name, MIDDLE, sizeof(MIDDLE) - 1);
    add(&name, suffix.at, suffix.n);
    return name;
}

/* `base` with `number` behind it, within the room for a name; as it is for number 1. */
static struct word numbered(struct word base, uint32_t number)
{
    char digits[16];
    size_t n;

    if (number < 2)
        return base;
    n = (size_t)snprintf(digits, sizeof(digits), "-%u", number);
    cut(&base, KN_NODE_NAME_MAX - n);
    add(&base, digits, n);
    return base;
}

/* Which number of `base` this name is; 0: none that is tried. */
static uint32_t number_of(const char *name, const struct word *base)
{
    size_t n = strlen(name);
    size_t digits = n;
    uint32_t number = 0;

    if (n == base->n && memcmp(name, base->at, n) == 0)
        return 1;
    while (digits > 0 && strchr(DIGITS, name[digits - 1]) != NULL)
        digits--;
    if (n > KN_NODE_NAME_MAX || digits == n)
        return 0;
    for (size_t i = digits; i < n && number <= KN_NODE_NAME_NUMBER_MAX; i++)
        number = number * DECIMAL + (uint32_t)(name[i] - '0');
    if (number < 2 || number > KN_NODE_NAME_NUMBER_MAX)
        return 0;
    return strcmp(numbered(*base, number).at, name) == 0 ? number : 0;
}

/* In one pass, because a peer may announce as many of our names as it likes. */
static uint32_t free_number(const struct kn_node_name_facts *facts, const struct word *base)
{
    bool is_taken[KN_NODE_NAME_NUMBER_MAX + 1] = { false };

    for (size_t i = 0; i < facts->taken_count; i++) {
        if (facts->taken[i] != NULL)
            is_taken[number_of(facts->taken[i], base)] = true;
    }
    for (uint32_t number = 1; number <= KN_NODE_NAME_NUMBER_MAX; number++) {
        if (!is_taken[number])
            return number;
    }
    return KN_NODE_NAME_NUMBER_MAX + 1 + (uint32_t)(facts->seed % KN_NODE_NAME_NUMBER_MAX);
}

static const char *origin_text(enum kn_node_name_by by)
{
    switch (by) {
    case KN_NAME_BY_HOST:
        return "of the user and the host name";
    case KN_NAME_BY_PORT:
        return "of the user and the port, as the host name tells no machine";
    case KN_NAME_BY_ADJECTIVE:
        break;
    }
    return "of the user and a word, as neither host name nor port is known";
}

void kn_node_name_choose(const struct kn_node_name_facts *facts, struct kn_node_name *out)
{
    struct word suffix = suffix_word(facts, &out->by);
    struct word base = join(user_word(facts->user), suffix);
    uint32_t number = free_number(facts, &base);

    (void)snprintf(out->text, sizeof(out->text), "%s", numbered(base, number).at);
    out->number = number > 1 ? number : 0;
    if (number > 1)
        (void)snprintf(out->reason, sizeof(out->reason), "%s; %s is taken", origin_text(out->by),
                       base.at);
    else
        (void)snprintf(out->reason, sizeof(out->reason), "%s", origin_text(out->by));
}
