#include "node/presence/known_peers_file.h"

#include <string.h>

#include "lib/codec/multiaddr.h"
#include "lib/codec/peer_id.h"

#define MAGIC "kwaainet-peers 1"

/* Does `id` stand in ` ID ID…`, as a whole word? */
static bool has_word(const char *words, const char *id)
{
    size_t n = strlen(id);

    for (const char *at = words; (at = strstr(at, id)) != NULL; at += n) {
        if (at > words && at[-1] == ' ' && (at[n] == ' ' || at[n] == '\0'))
            return true;
    }
    return false;
}

static size_t count_words(const char *words)
{
    size_t n = 0;

    for (; *words != '\0'; words++)
        n += *words == ' ';
    return n;
}

/* " ID ID…", each once. */
static void add_ids(const char *const *bootstraps, size_t n, struct kn_text *out)
{
    for (size_t i = 0; i < n; i++) {
        char id[KN_PEER_ID_TEXT_MAX + 1] = "";
        struct kn_multiaddr_facts facts;

        if (kn_multiaddr_check(bootstraps[i], &facts, NULL) != KN_OK || !facts.has_peer_id ||
            facts.peer_id.n >= sizeof(id))
            continue;
        memcpy(id, bootstraps[i] + facts.peer_id.at, facts.peer_id.n);
        if (!has_word(kn_text_get(out), id))
            kn_text_addf(out, " %s", id);
    }
}

void kn_known_header_print(const char *const *bootstraps, size_t n, struct kn_text *out)
{
    struct kn_text ids = { 0 };

    add_ids(bootstraps, n, &ids);
    kn_text_addf(out, MAGIC "%s\n", kn_text_get(&ids));
    if (ids.failed) {
        kn_text_done(out);
        out->failed = true;
    }
    kn_text_done(&ids);
}

static enum kn_code compare(const char *theirs, const char *const *bootstraps, size_t n)
{
    struct kn_text ours = { 0 };
    enum kn_code rc = KN_OK;

    add_ids(bootstraps, n, &ours);
    if (count_words(theirs) != count_words(kn_text_get(&ours)))
        rc = KN_E_NOT_FOUND;
    for (const char *at = kn_text_get(&ours); rc == KN_OK && *at != '\0';) {
        size_t size = 1 + strcspn(at + 1, " ");
        char id[KN_PEER_ID_TEXT_MAX + 1] = "";

        memcpy(id, at + 1, size - 1);
        if (!has_word(theirs, id))
            rc = KN_E_NOT_FOUND;
        at += size;
    }
    if (ours.failed)
        rc = KN_E_NO_MEMORY;
    kn_text_done(&ours);
    return rc;
}

enum kn_code kn_known_header_read(struct kn_span text, const char *const *bootstraps, size_t n,
                                  struct kn_span *peers)
{
    const size_t magic = strlen(MAGIC);
    const uint8_t *end = text.n > 0 ? memchr(text.at, '\n', text.n) : NULL;
    struct kn_text ids = { 0 };
    size_t size;
    enum kn_code rc;

    if (end == NULL)
        return KN_E_SYNTAX;
    size = (size_t)(end - text.at);
    if (size < magic || memcmp(text.at, MAGIC, magic) != 0 ||
        (size > magic && text.at[magic] != ' ') || memchr(text.at, '\0', size) != NULL)
        return KN_E_SYNTAX;
    kn_text_add_n(&ids, (const char *)text.at + magic, size - magic);
    rc = ids.failed ? KN_E_NO_MEMORY : compare(kn_text_get(&ids), bootstraps, n);
    kn_text_done(&ids);
    if (rc == KN_OK)
        *peers = kn_span(text.at + size + 1, text.n - size - 1);
    return rc;
}
