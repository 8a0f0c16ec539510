/*
 * Up to the first zero byte the input is a path, up to the second a base, the rest the value of
 * every variable whose name has an even length; the others are not set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *look_up(void *arg, const char *name)
{
    return strlen(name) % 2 == 0 ? arg : NULL;
}

/* The text up to the next zero byte as a string of its own; `*rest` becomes what follows. */
static void take(struct kn_text *out, const char **rest, const char *end)
{
    const char *at = *rest, *zero = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;
    const char *stop = zero != NULL ? zero : end;

    kn_text_add_n(out, at, (size_t)(stop - at));
    *rest = zero != NULL ? zero + 1 : end;
}

static void check_plain(const char *path, const struct kn_text *out)
{
    if (strcspn(path, "$~") == strlen(path) && strcmp(path, kn_text_get(out)) != 0)
        abort(); /* nothing to expand, so nothing may change */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *rest = (const char *)data, *end = rest + size;
    struct kn_text path = { 0 }, base = { 0 }, value = { 0 };
    struct kn_text plain = { 0 }, once = { 0 }, again = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (size == 0)
        return 0;
    take(&path, &rest, end);
    take(&base, &rest, end);
    take(&value, &rest, end);
    if (kn_path_expand(path.at, NULL, look_up, value.at, &plain, &err) == KN_OK)
        check_plain(path.at, &plain);
    rc = kn_path_expand(path.at, base.at, look_up, value.at, &once, &err);
    if (rc != kn_path_expand(path.at, base.at, look_up, value.at, &again, NULL) ||
        strcmp(kn_text_get(&once), kn_text_get(&again)) != 0)
        abort(); /* the same question, another answer */
    if (once.n > KN_PATH_MAX || (rc == KN_OK) != (once.n > 0))
        abort();
    if (rc != KN_OK && err.text[0] == '\0')
        abort(); /* refused without a reason */
    kn_path_folder(path.at, &once);
    kn_text_done(&path);
    kn_text_done(&base);
    kn_text_done(&value);
    kn_text_done(&plain);
    kn_text_done(&once);
    kn_text_done(&again);
    return 0;
}
