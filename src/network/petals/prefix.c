#include "network/petals/prefix.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/utf8.h"
#include "network/petals/model_name.h"

static const char suffix_hf[] = "-hf", suffix_petals[] = "-petals";

static struct kn_span cut(struct kn_span text, size_t from, size_t to)
{
    return kn_span(text.at + from, to - from);
}

static bool ends_with(struct kn_span text, const char *suffix)
{
    size_t n = strlen(suffix);

    return text.n > n && memcmp(text.at + text.n - n, suffix, n) == 0;
}

static struct kn_span without_suffix(struct kn_span text, const char *suffix)
{
    return ends_with(text, suffix) ? cut(text, 0, text.n - strlen(suffix)) : text;
}

static struct kn_span last_part(struct kn_span text)
{
    size_t at = text.n;

    while (at > 0 && text.at[at - 1] != '/')
        at--;
    return cut(text, at, text.n);
}

/* What is added to `out` past its end makes it fail. */
struct draft {
    struct kn_prefix text;
    size_t n;
    bool failed;
};

/* spec: a dot would end the prefix of a block's key, so Petals writes a dash. */
static void add(struct draft *out, struct kn_span text)
{
    if (out->failed || text.n > KN_PREFIX_MAX - out->n) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < text.n; i++)
        out->text.text[out->n++] = text.at[i] == '.' ? '-' : (char)text.at[i];
}

static struct kn_span drafted(const struct draft *draft)
{
    return kn_span(draft->text.text, draft->n);
}

static void add_unless_there(struct draft *out, const char *suffix)
{
    if (!ends_with(drafted(out), suffix))
        add(out, kn_span_text(suffix));
}

static enum kn_code finish(const struct draft *draft, struct kn_prefix *out)
{
    if (draft->failed)
        return KN_E_LIMIT;
    if (!kn_prefix_is_legal(drafted(draft)))
        return KN_E_INVALID;
    *out = draft->text;
    return KN_OK;
}

/* spec: petals/utils/version.py, get_compatible_model_repo */
static struct kn_span todays_name(const char *name)
{
    struct kn_span text = kn_span_text(kn_repository_name(name));
    static const char owner[] = "bigscience/";
    size_t n = sizeof(owner) - 1;

    if (text.n > n && memcmp(text.at, owner, n) == 0)
        return without_suffix(text, suffix_petals);
    return text;
}

enum kn_code kn_prefix_of_model(const char *name, enum kn_prefix_family family,
                                struct kn_prefix *petals, struct kn_prefix *plain)
{
    struct kn_span whole = todays_name(name);
    struct draft theirs = { 0 }, short_one = { 0 };
    struct kn_prefix found;
    enum kn_code rc;

    add(&short_one, last_part(whole));
    switch (family) {
    case KN_PREFIX_LLAMA:
        add(&theirs, last_part(whole));
        add_unless_there(&theirs, suffix_hf);
        break;
    case KN_PREFIX_MIXTRAL:
        add(&theirs, whole);
        break;
    case KN_PREFIX_BLOOM:
        add(&theirs, whole);
        add(&theirs, kn_span_text(suffix_petals));
        break;
    case KN_PREFIX_FALCON:
    case KN_PREFIX_OTHER:
        theirs = short_one;
        break;
    }
    rc = finish(&short_one, &found);
    if (rc == KN_OK)
        rc = finish(&theirs, petals);
    if (rc == KN_OK)
        *plain = found;
    return rc;
}

static bool toggled(const char *prefix, struct kn_prefix *out)
{
    struct kn_span text = kn_span_text(prefix), bare = without_suffix(text, suffix_hf);
    struct draft draft = { 0 };

    add(&draft, bare);
    if (bare.n == text.n) {
        if (kn_prefix_family_of(prefix) != KN_PREFIX_LLAMA)
            return false;
        add(&draft, kn_span_text(suffix_hf));
    }
    return finish(&draft, out) == KN_OK;
}

bool kn_prefix_other_spelling(const char *prefix, const char *repository, struct kn_prefix *out)
{
    struct kn_prefix petals, plain;
    bool is_petals, is_plain;

    if (repository == NULL ||
        kn_prefix_of_model(repository, kn_prefix_family_of(repository), &petals, &plain) != KN_OK)
        return toggled(prefix, out);
    is_petals = strcmp(prefix, petals.text) == 0;
    is_plain = strcmp(prefix, plain.text) == 0;
    if (!is_petals && !is_plain)
        return toggled(prefix, out);
    if (is_petals && is_plain)
        return false;
    *out = is_petals ? plain : petals;
    return true;
}

struct kn_span kn_prefix_stem(const char *prefix)
{
    struct kn_span text = last_part(kn_span_text(prefix));

    return without_suffix(without_suffix(text, suffix_petals), suffix_hf);
}

/* A dot or a blank would end the prefix in a block's key; the others hide in a terminal. */
static bool is_allowed(uint32_t point)
{
    return point > ' ' && point != '.' && (point < 0x7f || point > 0xa0);
}

bool kn_prefix_is_legal(struct kn_span prefix)
{
    size_t at = 0;

    while (at < prefix.n && prefix.n <= KN_PREFIX_MAX) {
        uint32_t point;
        size_t n = kn_utf8_decode((const char *)prefix.at + at, prefix.n - at, &point);

        if (n == 0 || !is_allowed(point))
            return false;
        at += n;
    }
    return prefix.n > 0 && at == prefix.n;
}

bool kn_prefix_is_private(const char *prefix)
{
    return prefix[0] == '_';
}

void kn_block_key(const char *prefix, uint32_t index, char out[KN_BLOCK_KEY_SIZE])
{
    (void)snprintf(out, KN_BLOCK_KEY_SIZE, "%.*s.%" PRIu32, KN_PREFIX_MAX, prefix, index);
}

/* spec: Petals takes what Python's int() takes; we take what Petals writes. */
static bool read_index(struct kn_span digits, uint32_t *out)
{
    uint32_t number = 0;

    if (digits.n == 0 || (digits.n > 1 && digits.at[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(digits.at[i] - '0');
        if (number >= KN_BLOCKS_MAX)
            return false;
    }
    *out = number;
    return true;
}

bool kn_block_key_parse(struct kn_span key, struct kn_prefix *prefix, uint32_t *index)
{
    size_t dot = 0;

    while (dot < key.n && key.at[dot] != '.')
        dot++;
    if (dot == key.n || !kn_prefix_is_legal(cut(key, 0, dot)) ||
        !read_index(cut(key, dot + 1, key.n), index))
        return false;
    memcpy(prefix->text, key.at, dot);
    prefix->text[dot] = '\0';
    return true;
}
