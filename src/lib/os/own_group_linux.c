#include "lib/os/own_group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "lib/os/cgroup_place.h"
#include "lib/os/failure.h"
#include "lib/os/limit.h"
#include "lib/os/probe.h"
#include "lib/os/process_info.h"

enum {
    VALUE_SIZE = 64,
    LIST_SIZE = 4096,
    PERIOD_US = 100000, /* spec: cgroup-v2, cpu.max: the usual one */
    LEAST_US = 1000,    /* and the least that is granted in it */
    FOLDER_MODE = 0755,
};

static const char service_end[] = ".service";

static enum kn_code write_value(const char *folder, const char *name, const char *value,
                                struct kn_error *err)
{
    char path[KN_PATH_MAX + 32];
    size_t n = strlen(value);
    ssize_t wrote;
    int fd, number;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC | O_NOFOLLOW);
    wrote = fd >= 0 ? write(fd, value, n) : -1;
    number = errno;
    if (fd >= 0)
        (void)close(fd);
    if (wrote == (ssize_t)n)
        return KN_OK;
    return kn_fail_system(err, wrote < 0 ? number : EIO, name);
}

static void read_list(const char *folder, const char *name, char out[LIST_SIZE])
{
    char path[KN_PATH_MAX + 32];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)kn_probe_read("", path, out, LIST_SIZE);
}

/* One of the words that blanks and lines separate. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; (at = strstr(at, word)) != NULL; at += n) {
        if ((at == list || at[-1] == ' ' || at[-1] == '\n') &&
            (at[n] == '\0' || at[n] == ' ' || at[n] == '\n'))
            return true;
    }
    return false;
}

static void set_controllers(const char *folder, const char *name, struct kn_own_group *out)
{
    char list[LIST_SIZE];

    read_list(folder, name, list);
    out->has_memory = has_word(list, "memory");
    out->has_processors = has_word(list, "cpu");
}

static enum kn_code check_controllers(const struct kn_own_group *group, struct kn_error *err)
{
    if (group->has_memory || group->has_processors)
        return KN_OK;
    return kn_fail(err, KN_E_UNSUPPORTED,
                   "control groups of version 2 have neither memory nor processors here");
}

static enum kn_code enter(const char *folder, struct kn_error *err)
{
    char number[VALUE_SIZE];

    (void)snprintf(number, sizeof(number), "%lld", (long long)kn_process_self());
    return write_value(folder, "cgroup.procs", number, err);
}

/* Is this process alone in the service's group? */
static enum kn_code check_alone(const char *folder, const char *name, struct kn_error *err)
{
    char list[LIST_SIZE], number[VALUE_SIZE];
    size_t n;

    read_list(folder, "cgroup.procs", list);
    (void)snprintf(number, sizeof(number), "%lld", (long long)kn_process_self());
    n = strlen(number);
    if (strncmp(list, number, n) == 0 && (list[n] == '\0' || strcmp(list + n, "\n") == 0))
        return KN_OK;
    return kn_fail(err, KN_E_BUSY, "other processes are in the control group %.100s", name);
}

/* The service's group gives what it has to the one below, which can be only when it is empty. */
static enum kn_code divide(const char *folder, const struct kn_own_group *group,
                           struct kn_error *err)
{
    char words[VALUE_SIZE];
    struct kn_error ignored = { 0 };
    enum kn_code rc;

    if (mkdir(group->folder, FOLDER_MODE) != 0 && errno != EEXIST)
        return kn_fail_system(err, errno, "make a control group");
    rc = enter(group->folder, err);
    if (rc != KN_OK)
        return rc;
    (void)snprintf(words, sizeof(words), "%s%s", group->has_memory ? "+memory " : "",
                   group->has_processors ? "+cpu" : "");
    rc = write_value(folder, "cgroup.subtree_control", words, err);
    if (rc == KN_OK)
        return KN_OK;
    (void)!enter(folder, &ignored);
    (void)rmdir(group->folder);
    return rc;
}

/*
 * Root, and a user's own manager, may write everywhere: that says nothing. Where the system has no
 * such marks nobody can tell more. spec: systemd's "Control Group APIs and Delegation"
 */
static bool is_handed_down(const char *folder)
{
    static const char *const marks[] = { "user.delegate", "trusted.delegate" };
    char control[KN_PATH_MAX + 32], value[VALUE_SIZE];
    bool can_tell = false;

    (void)snprintf(control, sizeof(control), "%s/cgroup.subtree_control", folder);
    if (access(control, W_OK) != 0)
        return false;
    for (size_t i = 0; i < KN_COUNT(marks); i++) {
        if (getxattr(folder, marks[i], value, sizeof(value)) == 1 && value[0] == '1')
            return true;
        can_tell = can_tell || errno != ENOTSUP;
    }
    return !can_tell;
}

static bool ends_in(const char *name, size_t n, const char *end)
{
    size_t m = strlen(end);

    return n > m && memcmp(name + n - m, end, m) == 0;
}

static enum kn_code make(const char *folder, const char *name, struct kn_own_group *out,
                         struct kn_error *err)
{
    enum kn_code rc;

    if (!ends_in(name, strlen(name), service_end))
        return kn_fail(err, KN_E_DENIED, "the control group %.100s is not a service's",
                       name[0] != '\0' ? name : "/");
    if (!is_handed_down(folder))
        return kn_fail(err, KN_E_DENIED, "the control group %.100s was not handed down", name);
    set_controllers(folder, "cgroup.controllers", out);
    rc = check_controllers(out, err);
    if (rc == KN_OK)
        rc = check_alone(folder, name, err);
    return rc == KN_OK ? divide(folder, out, err) : rc;
}

static enum kn_code take(const char *root, struct kn_own_group *out, struct kn_error *err)
{
    static const char below[] = "/" KN_OWN_GROUP_NAME;
    struct kn_cgroup_place place;
    char folder[KN_PATH_MAX];
    enum kn_code rc = kn_cgroup_place_own(root, NULL, &place);
    size_t n, m = sizeof(below) - 1;
    int wrote;

    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    if (rc != KN_OK)
        return kn_fail(err, KN_E_UNSUPPORTED, "there are no control groups of version 2 here");
    wrote = snprintf(folder, sizeof(folder), "%s%s%s", root, place.mount, place.below);
    n = strlen(place.below);
    if (wrote < 0 || (size_t)wrote + m >= sizeof(folder))
        return kn_fail(err, KN_E_LIMIT, "the name of the control group is too long");
    if (ends_in(place.below, n, below) && ends_in(place.below, n - m, service_end)) {
        (void)snprintf(out->folder, sizeof(out->folder), "%s", folder);
        set_controllers(folder, "cgroup.controllers", out);
        return check_controllers(out, err);
    }
    memcpy(out->folder, folder, (size_t)wrote);
    memcpy(out->folder + wrote, below, m + 1);
    return make(folder, place.below, out, err);
}

enum kn_code kn_own_group_take(const char *root, struct kn_own_group *out, struct kn_error *err)
{
    enum kn_code rc;

    *out = (struct kn_own_group){ 0 };
    rc = take(root, out, err);
    if (rc != KN_OK)
        *out = (struct kn_own_group){ 0 };
    return rc;
}

static enum kn_code write_limit(const char *folder, const char *name, int64_t limit,
                                struct kn_error *err)
{
    char value[VALUE_SIZE] = "max";

    if (limit != KN_LIMIT_NONE)
        (void)snprintf(value, sizeof(value), "%lld", (long long)limit);
    return write_value(folder, name, value, err);
}

/* A limit below what is held kills whoever holds it. */
static int64_t held(const struct kn_own_group *group)
{
    char stat[LIST_SIZE];
    int64_t bytes;

    read_list(group->folder, "memory.stat", stat);
    bytes = kn_cgroup_stat(stat, "anon ");
    return bytes > 0 ? bytes : 0;
}

enum kn_code kn_own_group_memory(const struct kn_own_group *group, int64_t high, int64_t last,
                                 struct kn_error *err)
{
    int64_t most = KN_LIMIT_NONE;
    enum kn_code rc;

    if (!group->has_memory)
        return kn_fail(err, KN_E_UNSUPPORTED, "no control group was handed down for memory");
    if (high != KN_LIMIT_NONE)
        most = (high > held(group) ? high : held(group)) + last;
    rc = write_limit(group->folder, "memory.high", high, err);
    return rc == KN_OK ? write_limit(group->folder, "memory.max", most, err) : rc;
}

enum kn_code kn_own_group_processors(const struct kn_own_group *group, double cores,
                                     struct kn_error *err)
{
    char value[VALUE_SIZE];
    double us = cores * PERIOD_US;

    if (!group->has_processors)
        return kn_fail(err, KN_E_UNSUPPORTED, "no control group was handed down for processors");
    if (cores <= 0)
        (void)snprintf(value, sizeof(value), "max %d", (int)PERIOD_US);
    else
        (void)snprintf(value, sizeof(value), "%lld %d", (long long)(us > LEAST_US ? us : LEAST_US),
                       (int)PERIOD_US);
    return write_value(group->folder, "cpu.max", value, err);
}
