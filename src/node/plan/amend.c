#include "node/plan/amend.h"

#include <string.h>

#include "lib/base/memory.h"

/* Nothing that was found out: what somebody wrote, before and after, is compared. */
static enum kn_code load(const struct kn_decision *d, struct kn_bytes *then, struct kn_bytes *now,
                         const struct kn_error *others, struct kn_snapshot **out,
                         struct kn_error *err)
{
    const struct kn_config_copy copy = { then, now, others };
    struct kn_config_request request = d->request;

    request.copy = &copy;
    request.without_caches = true;
    return kn_config_load(&request, out, err);
}

static enum kn_code load_valid(const struct kn_decision *d, struct kn_bytes *then,
                               struct kn_bytes *now, const struct kn_error *others,
                               struct kn_snapshot **out, struct kn_amendment *amendment,
                               struct kn_error *err)
{
    enum kn_code rc = load(d, then, now, others, out, err);

    if (rc != KN_OK || kn_snapshot_is_valid(*out))
        return rc;
    amendment->wrong = kn_snapshot_ref(*out);
    return kn_fail(err, KN_E_INVALID, "the configuration is wrong");
}

static enum kn_code compare(struct kn_snapshot *a, struct kn_snapshot *b, struct kn_amended **out,
                            size_t *count, struct kn_error *err)
{
    const struct kn_setting *setting;
    struct kn_amended *list = kn_try_alloc(kn_setting_count * sizeof(*list));
    size_t n = 0;

    if (list == NULL)
        return kn_fail_no_memory(err);
    for (size_t at = 0; (setting = kn_snapshot_diff(a, b, &at)) != NULL;)
        list[n++] = (struct kn_amended){ setting, kn_snapshot_get(a, setting)->value,
                                         kn_snapshot_get(b, setting)->value };
    *out = list;
    *count = n;
    return KN_OK;
}

/* What a file that is gone says is nothing; that it is gone was hardly meant so. */
static enum kn_code read_file(const struct kn_decision *d, const char *path, struct kn_bytes **out,
                              struct kn_error *others, struct kn_error *err)
{
    struct kn_bytes *file;
    enum kn_code rc;

    *out = NULL;
    if (d->copy.now == NULL && !kn_file_exists(path))
        return KN_OK;
    file = kn_try_alloc(sizeof(*file));
    if (file == NULL)
        return kn_fail_no_memory(err);
    rc = kn_config_read(path, file, others, err);
    if (rc == KN_OK) {
        *out = file;
        return KN_OK;
    }
    kn_free(file);
    kn_wrap(err, "%s", path);
    if (rc == KN_E_NOT_FOUND)
        kn_hint(err, "Put it back, or stop the node and start it without it.");
    return rc;
}

static bool is_as_before(const struct kn_decision *d, const struct kn_bytes *file)
{
    const struct kn_bytes *now = d->copy.now;

    return file == NULL ? now == NULL
                        : now != NULL && file->n == now->n &&
                              (file->n == 0 || memcmp(file->at, now->at, now->n) == 0);
}

static enum kn_code judge(const struct kn_decision *d, struct kn_bytes *file,
                          const struct kn_error *others, struct kn_amendment *out,
                          struct kn_error *err)
{
    enum kn_code rc = load_valid(d, file, file, others, &out->next, out, err);

    if (rc == KN_OK)
        rc = load_valid(d, d->copy.then, file, others, &out->now, out, err);
    if (rc == KN_OK)
        rc = load(d, d->copy.then, d->copy.now, NULL, &out->before, err);
    if (rc == KN_OK)
        rc = compare(out->before, out->now, &out->changed, &out->changed_count, err);
    if (rc == KN_OK)
        rc = compare(out->now, out->next, &out->waiting, &out->waiting_count, err);
    return rc;
}

static void free_file(struct kn_bytes *file)
{
    if (file != NULL)
        kn_bytes_done(file);
    kn_free(file);
}

/* Of these the plan is made; what it holds of others waits for the next start. */
static const char *const planned_by[] = { "resources.max_memory_gb", "resources.max_gpu_memory_gb",
                                          "resources.max_disk_space_gb", NULL };

enum kn_code kn_amend(struct kn_decision *d, const char *path, const struct kn_amend_facts *facts,
                      struct kn_amendment *out, struct kn_error *err)
{
    struct kn_error others = { 0 };
    struct kn_bytes *file;
    bool plans;
    enum kn_code rc;

    *out = (struct kn_amendment){ 0 };
    rc = read_file(d, path, &file, &others, err);
    if (rc != KN_OK)
        return rc;
    rc = judge(d, file, &others, out, err);
    plans = rc == KN_OK && d->is_planned && kn_amendment_touches(out, planned_by);
    if (plans && facts->plan == NULL)
        rc = kn_fail(err, KN_E_BUSY, "the node is on its way to other blocks");
    if (rc == KN_OK && !is_as_before(d, file)) {
        rc = kn_decision_amend(d, file, facts->without_caches, plans ? facts->plan : NULL, err);
        if (rc == KN_OK)
            file = NULL;
    }
    out->is_planned_anew = rc == KN_OK && plans;
    if (rc != KN_OK)
        out->changed_count = out->waiting_count = 0;
    free_file(file);
    return rc;
}

void kn_amendment_done(struct kn_amendment *amendment)
{
    kn_free(amendment->changed);
    kn_free(amendment->waiting);
    kn_snapshot_unref(amendment->before);
    kn_snapshot_unref(amendment->now);
    kn_snapshot_unref(amendment->next);
    kn_snapshot_unref(amendment->wrong);
    *amendment = (struct kn_amendment){ 0 };
}

bool kn_amendment_touches(const struct kn_amendment *amendment, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        for (size_t i = 0; i < amendment->changed_count; i++) {
            const char *key = amendment->changed[i].setting->key;
            size_t n = strlen(*keys);

            if (strncmp(key, *keys, n) == 0 && (key[n] == '\0' || key[n - 1] == '.'))
                return true;
        }
    }
    return false;
}
