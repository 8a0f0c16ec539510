#include "network/petals/block_chain.h"

enum { SHOWN = KN_PREFIX_MAX }; /* bytes of a name that is repeated in a text */

static struct kn_span first_word(struct kn_span text)
{
    const uint8_t *blank = text.n > 0 ? memchr(text.at, ' ', text.n) : NULL;

    return blank == NULL ? text : kn_span(text.at, (size_t)(blank - text.at));
}

static enum kn_code fail_unknown(struct kn_span uid, enum kn_code code, struct kn_error *err)
{
    return kn_fail(err, code, "Remote peer does not serve %.*s",
                   (int)(uid.n < SHOWN ? uid.n : SHOWN), uid.n > 0 ? (const char *)uid.at : "");
}

static enum kn_code take(struct kn_span uid, struct kn_block_chain *chain, struct kn_error *err)
{
    struct kn_prefix prefix;
    uint32_t index;

    if (!kn_block_key_parse(uid, &prefix, &index))
        return fail_unknown(uid, KN_E_SYNTAX, err);
    if (chain->end == chain->first)
        *chain = (struct kn_block_chain){ prefix, index, index };
    if (index != chain->end || strcmp(prefix.text, chain->prefix.text) != 0)
        return kn_fail(err, KN_E_INVALID, "%.*s does not follow %s.%u", (int)uid.n,
                       (const char *)uid.at, chain->prefix.text, (unsigned)(chain->end - 1));
    if (chain->end - chain->first == KN_BLOCK_CHAIN_MAX)
        return kn_fail(err, KN_E_LIMIT, "more than %d blocks in a request", KN_BLOCK_CHAIN_MAX);
    chain->end++;
    return KN_OK;
}

enum kn_code kn_block_chain_parse(struct kn_span uids, struct kn_block_chain *out,
                                  struct kn_error *err)
{
    struct kn_block_chain chain = { .first = 0 };
    enum kn_code rc = KN_OK;
    bool more = uids.n > 0;

    if (!more)
        return kn_fail(err, KN_E_SYNTAX,
                       "User must specify at least one block for inference, but got none");
    while (more && rc == KN_OK) {
        struct kn_span uid = first_word(uids);

        rc = take(uid, &chain, err);
        more = uid.n < uids.n;
        uids = more ? kn_span(uids.at + uid.n + 1, uids.n - uid.n - 1) : kn_span(NULL, 0);
    }
    if (rc == KN_OK)
        *out = chain;
    return rc;
}

enum kn_code kn_block_chain_within(const struct kn_block_chain *chain, const char *prefix,
                                   uint32_t first, uint32_t end, struct kn_error *err)
{
    bool known = strcmp(chain->prefix.text, prefix) == 0 && chain->first >= first;
    uint32_t missing = known && chain->first < end ? end : chain->first;
    char key[KN_BLOCK_KEY_SIZE];

    if (known && chain->end <= end)
        return KN_OK;
    kn_block_key(chain->prefix.text, missing, key);
    return fail_unknown(kn_span_text(key), KN_E_NOT_FOUND, err);
}

void kn_block_chain_print(const struct kn_block_chain *chain, struct kn_buffer *out)
{
    char key[KN_BLOCK_KEY_SIZE];

    for (uint32_t i = chain->first; i < chain->end; i++) {
        if (i > chain->first)
            kn_buffer_add_byte(out, ' ');
        kn_block_key(chain->prefix.text, i, key);
        kn_buffer_add_span(out, kn_span_text(key));
    }
}
