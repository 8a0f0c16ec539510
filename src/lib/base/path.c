#include "lib/base/path.h"

#include <stdbool.h>
#include <string.h>

enum {
    NESTING_MAX = 16, /* of ${A:-${B:-...}} */
    QUOTED_MAX = 200  /* bytes of a name that a message shows */
};

struct expansion {
    const char *path; /* the whole of it, for messages */
    const char *at;
    kn_lookup_fn *lookup;
    void *arg;
    struct kn_text result;
    struct kn_error *err;
};

const char *kn_lookup_in(void *arg, const char *name)
{
    const char *const *entry = arg != NULL ? *(const char *const **)arg : NULL;
    size_t n = strlen(name);

    for (; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=')
            return *entry + n + 1;
    }
    return NULL;
}

/* `live` is false inside a word that is not used: it must be well formed, nothing more. */
static enum kn_code expand_text(struct expansion *e, int depth, bool live);

static enum kn_code too_long(struct kn_error *err)
{
    return kn_fail(err, KN_E_LIMIT, "path longer than %d bytes", KN_PATH_MAX);
}

static enum kn_code add(struct expansion *e, const char *bytes, size_t n)
{
    if (n > KN_PATH_MAX - e->result.n)
        return too_long(e->err);
    kn_text_add_n(&e->result, bytes, n);
    return e->result.failed ? kn_fail_no_memory(e->err) : KN_OK;
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t name_length(const char *text)
{
    size_t n = 0;

    while (is_name_start(text[n]) || (n > 0 && text[n] >= '0' && text[n] <= '9'))
        n++;
    return n;
}

/* The value of the variable in the `n` bytes at `name`, NULL when it is not set. */
static enum kn_code look_up(const struct expansion *e, const char *name, size_t n,
                            const char **value)
{
    struct kn_text text = { 0 };

    kn_text_add_n(&text, name, n);
    if (text.failed)
        return kn_fail_no_memory(e->err);
    *value = e->lookup(e->arg, text.at);
    kn_text_done(&text);
    return KN_OK;
}

static enum kn_code not_set(const struct expansion *e, const char *name, size_t n)
{
    int shown = n < QUOTED_MAX ? (int)n : QUOTED_MAX;

    (void)kn_fail(e->err, KN_E_INVALID, "the variable \"%.*s\" is not set", shown, name);
    kn_hint(e->err, "Set it, or write \"${%.*s:-value}\" to say what stands for it when it is not.",
            shown, name);
    return KN_E_INVALID;
}

static enum kn_code bad_dollar(const struct expansion *e)
{
    (void)kn_fail(e->err, KN_E_INVALID, "\"$\" without a variable's name in \"%s\"", e->path);
    kn_hint(e->err, "Write \"$NAME\", \"${NAME}\" or \"${NAME:-value}\"; \"$$\" is a dollar sign.");
    return KN_E_INVALID;
}

/* The leading ~ of the path, or of a word that begins it. */
static enum kn_code expand_home(struct expansion *e, int depth)
{
    const char *home;

    if (e->at[1] != '\0' && e->at[1] != '/' && !(depth > 0 && e->at[1] == '}')) {
        (void)kn_fail(e->err, KN_E_INVALID, "\"%s\" names another user's home folder", e->path);
        kn_hint(e->err, "Write the folder out; only \"~/\" is understood.");
        return KN_E_INVALID;
    }
    e->at++;
    home = e->lookup(e->arg, "HOME");
    if (home == NULL || home[0] == '\0') {
        (void)kn_fail(e->err, KN_E_INVALID, "\"~\" has no meaning: \"HOME\" is not set");
        kn_hint(e->err, "Set HOME, or write the path out.");
        return KN_E_INVALID;
    }
    return add(e, home, strlen(home));
}

/* At the "{" of ${NAME} or ${NAME:-word}. */
static enum kn_code expand_braces(struct expansion *e, int depth, bool live)
{
    const char *name = e->at + 1, *value = NULL;
    size_t n = name_length(name);
    bool has_word = strncmp(name + n, ":-", 2) == 0, use_word;
    enum kn_code rc;

    if (n == 0 || (!has_word && name[n] != '}' && name[n] != '\0'))
        return bad_dollar(e);
    rc = live ? look_up(e, name, n, &value) : KN_OK;
    if (rc != KN_OK)
        return rc;
    use_word = has_word && (value == NULL || value[0] == '\0');
    e->at = name + n + (has_word ? 2 : 0);
    rc = has_word ? expand_text(e, depth + 1, live && use_word) : KN_OK;
    if (rc != KN_OK)
        return rc;
    if (*e->at != '}')
        return kn_fail(e->err, KN_E_INVALID, "\"${\" without \"}\" in \"%s\"", e->path);
    e->at++;
    if (!live || use_word)
        return KN_OK;
    return value != NULL ? add(e, value, strlen(value)) : not_set(e, name, n);
}

/* At a "$". */
static enum kn_code expand_dollar(struct expansion *e, int depth, bool live)
{
    const char *name = ++e->at, *value = NULL;
    size_t n = name_length(name);
    enum kn_code rc;

    if (*name == '{')
        return expand_braces(e, depth, live);
    if (*name != '$' && n == 0)
        return bad_dollar(e);
    e->at += *name == '$' ? 1 : n;
    if (!live)
        return KN_OK;
    if (*name == '$')
        return add(e, "$", 1);
    rc = look_up(e, name, n, &value);
    if (rc != KN_OK)
        return rc;
    return value != NULL ? add(e, value, strlen(value)) : not_set(e, name, n);
}

/* Up to the end of the path, or at `depth` > 0 to the brace that closes the word. */
static enum kn_code expand_text(struct expansion *e, int depth, bool live)
{
    enum kn_code rc = KN_OK;

    if (depth > NESTING_MAX)
        return kn_fail(e->err, KN_E_LIMIT, "variables nested deeper than %d", NESTING_MAX);
    if (live && *e->at == '~' && e->result.n == 0)
        rc = expand_home(e, depth);
    while (rc == KN_OK && *e->at != '\0' && !(depth > 0 && *e->at == '}')) {
        size_t n = strcspn(e->at, depth > 0 ? "$}" : "$");

        if (n == 0) {
            rc = expand_dollar(e, depth, live);
            continue;
        }
        rc = live ? add(e, e->at, n) : KN_OK;
        e->at += n;
    }
    return rc;
}

static enum kn_code append_result(const struct expansion *e, const char *base, struct kn_text *out)
{
    const struct kn_text *result = &e->result;
    size_t base_n = base != NULL ? strlen(base) : 0;
    bool slash;

    if (result->n == 0)
        return kn_fail(e->err, KN_E_INVALID, "the path \"%s\" is empty", e->path);
    if (result->at[0] == '/')
        base_n = 0;
    slash = base_n > 0 && base[base_n - 1] != '/';
    if (base_n + slash > KN_PATH_MAX - result->n)
        return too_long(e->err);
    if (base_n > 0)
        kn_text_add_n(out, base, base_n);
    kn_text_add_n(out, "/", slash ? 1 : 0);
    kn_text_add_n(out, result->at, result->n);
    return out->failed ? kn_fail_no_memory(e->err) : KN_OK;
}

enum kn_code kn_path_expand(const char *path, const char *base, kn_lookup_fn *lookup, void *arg,
                            struct kn_text *out, struct kn_error *err)
{
    struct expansion e = { .path = path, .at = path, .lookup = lookup, .arg = arg, .err = err };
    enum kn_code rc = expand_text(&e, 0, true);

    if (rc == KN_OK)
        rc = append_result(&e, base, out);
    kn_text_done(&e.result);
    return rc;
}

void kn_path_folder(const char *path, struct kn_text *out)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n > 0)
        kn_text_add_n(out, path, n);
    else
        kn_text_add(out, ".");
}
