#include "config/schema/form.h"

#include <stdio.h>
#include <string.h>

#include "config/schema/words.h"
#include "lib/base/number.h"
#include "lib/codec/host.h"
#include "lib/codec/multiaddr.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool refuse(struct kn_error *err, enum kn_problem_kind *kind, const struct kn_form *form,
                   const char *text)
{
    *kind = KN_P_INVALID;
    (void)kn_fail(err, KN_E_INVALID, "\"%.100s\" is no %s", text, form->name);
    kn_hint(err, "It is %s.", form->rule);
    return false;
}

static bool check_node_name(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    size_t n = strlen(text);

    if (n < 3 || n > 64 || text[0] == '-' || text[n - 1] == '-' ||
        strspn(text, LETTERS DIGITS "-") != n)
        return refuse(err, kind, &kn_form_node_name, text);
    return true;
}

/* The digits of one part of a version; NULL when there are none, or a zero leads. */
static const char *version_part(const char *at, unsigned *out)
{
    size_t n = strspn(at, DIGITS);
    int64_t value;
    char part[10];

    if (n == 0 || n >= sizeof(part))
        return NULL;
    memcpy(part, at, n);
    part[n] = '\0';
    if (kn_parse_whole(part, &value) != KN_OK)
        return NULL;
    *out = (unsigned)value;
    return at + n;
}

bool kn_semver_parse(const char *text, unsigned out[3])
{
    const char *at = text;

    for (int i = 0; i < 3; i++) {
        at = version_part(at, &out[i]);
        if (at == NULL || *at != (i < 2 ? '.' : '\0'))
            return false;
        at++;
    }
    return true;
}

bool kn_semver_less(const unsigned a[3], const unsigned b[3])
{
    for (int i = 0; i < 3; i++) {
        if (a[i] != b[i])
            return a[i] < b[i];
    }
    return false;
}

static bool check_semver(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    unsigned parts[3];

    return kn_semver_parse(text, parts) || refuse(err, kind, &kn_form_semver, text);
}

static bool check_filled(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    if (text[strspn(text, " \t\r\n")] != '\0')
        return true;
    *kind = KN_P_INVALID;
    (void)kn_fail(err, KN_E_INVALID, "the text is empty");
    kn_hint(err, "Write a value, or leave the line out.");
    return false;
}

/* Readers on the network drop records of nodes whose version is not X.Y.Z of at least 0.3.15. */
static bool check_version(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    static const unsigned oldest[] = { 0, 3, 15 };
    unsigned parts[3];

    if (!check_filled(text, kind, err))
        return false;
    if (kn_semver_parse(text, parts) && !kn_semver_less(parts, oldest))
        return true;
    *kind = KN_P_SUSPICIOUS;
    (void)kn_fail(err, KN_E_INVALID, "\"%.100s\" is not X.Y.Z of at least 0.3.15", text);
    kn_hint(err, "Other nodes ignore what a node of such a version announces.");
    return false;
}

static bool check_prefix(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    if (text[0] == '\0' || strpbrk(text, ". \t\r\n") != NULL)
        return refuse(err, kind, &kn_form_prefix, text);
    return true;
}

static bool check_device(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    static const char *const numbered[] = { "cuda", "rocm" };
    int64_t number;

    if (strcmp(text, "cpu") == 0 || strcmp(text, "mps") == 0)
        return true;
    for (size_t i = 0; i < KN_COUNT(numbered); i++) {
        size_t n = strlen(numbered[i]);

        if (strncmp(text, numbered[i], n) != 0)
            continue;
        if (text[n] == '\0' || (text[n] == ':' && kn_parse_whole(text + n + 1, &number) == KN_OK &&
                                number >= 0 && number <= 255))
            return true;
    }
    return refuse(err, kind, &kn_form_device, text);
}

static bool check_ip(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    uint8_t address[KN_HOST_IP6_SIZE];

    if (kn_host_ip4(text, strlen(text), address) == KN_OK ||
        kn_host_ip6(text, strlen(text), address) == KN_OK)
        return true;
    return refuse(err, kind, &kn_form_ip, text);
}

static bool is_url(const char *text)
{
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;

    return scheme > 0 && text[scheme] != '\0' && strchr("/:?#", text[scheme]) == NULL &&
           strpbrk(text, " \t\r\n\"<>") == NULL;
}

static bool check_url(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    return is_url(text) || refuse(err, kind, &kn_form_url, text);
}

static bool check_url_or_off(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    return strcmp(text, "off") == 0 || is_url(text) || refuse(err, kind, &kn_form_url_or_off, text);
}

static bool check_email(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    const char *at = strchr(text, '@');

    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        strpbrk(text, " \t\r\n,") != NULL)
        return refuse(err, kind, &kn_form_email, text);
    return true;
}

static bool check_word(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    if (text[0] == '\0' || text[0] == '[' || strpbrk(text, ", \t\r\n") != NULL)
        return refuse(err, kind, &kn_form_word, text);
    return true;
}

static bool is_word(const struct kn_word *words, const char *text, size_t n)
{
    while (words->name != NULL && (strncmp(text, words->name, n) != 0 || words->name[n] != '\0'))
        words++;
    return words->name != NULL;
}

/* A module that another version may have is no reason not to start. */
static bool warn_of_module(const char *text, size_t n, enum kn_problem_kind *kind,
                           struct kn_error *err)
{
    char names[KN_ERROR_HINT_SIZE] = "";
    size_t used = 0;

    for (const struct kn_word *word = kn_words_log_module; word->name != NULL; word++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? ", " : "",
                                 word->name);
    *kind = KN_P_SUSPICIOUS;
    (void)kn_fail(err, KN_E_INVALID, "no module is called \"%.*s\"", (int)(n < 40 ? n : 40), text);
    kn_hint(err, "Modules are %s.", names);
    return false;
}

static bool check_module(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    size_t n = strspn(text, LETTERS DIGITS "_/.-");

    if (n == 0 || text[n] != '=' || !is_word(kn_words_level, text + n + 1, strlen(text + n + 1)))
        return refuse(err, kind, &kn_form_module, text);
    return is_word(kn_words_log_module, text, n) || warn_of_module(text, n, kind, err);
}

static bool check_multiaddr(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    struct kn_multiaddr_facts facts;

    *kind = KN_P_INVALID;
    return kn_multiaddr_check(text, &facts, err) == KN_OK;
}

static bool check_peer(const char *text, enum kn_problem_kind *kind, struct kn_error *err)
{
    struct kn_multiaddr_facts facts;

    *kind = KN_P_INVALID;
    if (kn_multiaddr_check(text, &facts, err) != KN_OK)
        return false;
    if (facts.has_peer_id)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "\"%.140s\" does not say which peer answers there", text);
    kn_hint(err, "Add /p2p/ and the peer's id at its end.");
    return false;
}

const struct kn_form kn_form_node_name = {
    "node name", "^[A-Za-z0-9][A-Za-z0-9-]{1,62}[A-Za-z0-9]$",
    "3 to 64 letters, digits and hyphens, with no hyphen at either end", check_node_name
};
const struct kn_form kn_form_version = {
    "version", "[^ \\t\\r\\n]", "X.Y.Z of at least 0.3.15; other texts are accepted with a warning",
    check_version
};
const struct kn_form kn_form_semver = {
    "semantic version", "^(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})$",
    "three numbers, such as 1.0.0", check_semver
};
const struct kn_form kn_form_filled = { "text", "[^ \\t\\r\\n]", "any text but an empty one",
                                        check_filled };
const struct kn_form kn_form_prefix = { "DHT prefix", "^[^. \\t\\r\\n]+$",
                                        "a text without dot and white space", check_prefix };
const struct kn_form kn_form_device = {
    "device", "^(cpu|mps|(cuda|rocm)(:(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]))?)$",
    "cpu, mps, cuda, cuda:N, rocm or rocm:N with N from 0 to 255", check_device
};
const struct kn_form kn_form_ip = { "IP address", "^([0-9.]{7,15}|[0-9A-Fa-f:.]{2,45})$",
                                    "an IPv4 or IPv6 address", check_ip };
const struct kn_form kn_form_url = { "URL", "^https?://[^/:?# \\t\\r\\n\"<>][^ \\t\\r\\n\"<>]*$",
                                     "an http:// or https:// address", check_url };
const struct kn_form kn_form_url_or_off = {
    "URL", "^(off|https?://[^/:?# \\t\\r\\n\"<>][^ \\t\\r\\n\"<>]*)$",
    "an http:// or https:// address, or off", check_url_or_off
};
const struct kn_form kn_form_email = { "mail address", "^[^@ \\t\\r\\n,]+@[^@ \\t\\r\\n,]+$",
                                       "one address with one @", check_email };
const struct kn_form kn_form_word = { "item of a list", "^[^,\\[ \\t\\r\\n][^, \\t\\r\\n]*$",
                                      "a text without comma and white space", check_word };
const struct kn_form kn_form_module = { "module level",
                                        "^[A-Za-z0-9_/.-]+=(error|warn|info|debug|trace)$",
                                        "a module, =, and error, warn, info, debug or trace",
                                        check_module };
const struct kn_form kn_form_multiaddr = { "multiaddr", "^/",
                                           "a libp2p address, such as /ip4/0.0.0.0/tcp/8080",
                                           check_multiaddr };
const struct kn_form kn_form_peer = {
    "peer address", "^/.*/(p2p|ipfs)/[1-9A-Za-z]+$",
    "a libp2p address with its peer, such as /dns/example.org/tcp/8000/p2p/ID", check_peer
};
