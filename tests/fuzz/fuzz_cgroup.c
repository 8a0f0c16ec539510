/*
 * Property: what is read of a group is unknown or what the text says. A group is part of its
 * text; a place holds no way upwards, begins with a slash and ends within its limits; a number
 * read is the one written there; a share of time is positive and finite; reading again says the
 * same.
 *
 * The input is up to four texts, each ended by NUL: cgroup, mountinfo, a number, cpu.max.
 */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/os/cgroup_text.h"
#include "lib/os/cpu_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXTS = 4, NUMBER_SIZE = 32 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_path(const char *path)
{
    require(memchr(path, '\0', KN_CGROUP_PATH_SIZE) != NULL);
    require(path[0] == '\0' || path[0] == '/');
}

static void require_no_way_up(const char *path)
{
    for (const char *at = path; (at = strstr(at, "/..")) != NULL; at++)
        require(at[3] != '\0' && at[3] != '/');
}

static void check_place(const char *mounts, const char *controller, const char *group)
{
    struct kn_cgroup_place place, again;
    size_t n, whole = strlen(group);

    memset(&place, 0, sizeof(place));
    memset(&again, 0, sizeof(again));
    if (!kn_cgroup_find_place(mounts, controller, group, &place)) {
        require(!kn_cgroup_find_place(mounts, controller, group, &again));
        return;
    }
    require_path(place.mount);
    require_path(place.root);
    require_path(place.below);
    require(place.mount[0] == '/');
    require_no_way_up(place.mount);
    require_no_way_up(place.below);
    n = strlen(place.below); /* the end of the group, or nothing */
    require(n <= whole && strcmp(group + whole - n, place.below) == 0);
    require(kn_cgroup_find_place(mounts, controller, group, &again));
    require(strcmp(place.mount, again.mount) == 0 && strcmp(place.below, again.below) == 0);
}

static void check_group(const char *groups, const char *mounts, const char *controller)
{
    char group[KN_CGROUP_PATH_SIZE];

    if (!kn_cgroup_find_group(groups, controller, group))
        return;
    require_path(group);
    require(group[0] == '/' && strchr(group, '\n') == NULL && strstr(groups, group) != NULL);
    check_place(mounts, controller, group);
}

static void check_number(const char *text)
{
    int64_t value = kn_cgroup_number(text);
    char written[NUMBER_SIZE];
    size_t n;

    require(value >= -1 && value < (int64_t)1 << 62);
    if (value < 0)
        return;
    (void)snprintf(written, sizeof(written), "%" PRId64, value);
    n = strlen(written);
    text += strspn(text, " \t");
    while (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
        text++;
    require(strncmp(text, written, n) == 0 && (text[n] < '0' || text[n] > '9'));
}

static void check_list(const char *text)
{
    struct kn_cpu_list list;
    char *end;
    unsigned long first;

    if (!kn_cpu_list_read(text, &list))
        return;
    first = strtoul(text, &end, 10);
    require(end != text && kn_cpu_list_has(&list, (unsigned)first) == (first < KN_CPUS_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + TEXTS), *texts[TEXTS];
    double share;

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    memset(copy + size, 0, TEXTS);
    texts[0] = copy;
    for (int i = 1; i < TEXTS; i++) { /* as many ends were added as texts can be missing */
        char *end = texts[i - 1] + strlen(texts[i - 1]);

        texts[i] = end + 1 < copy + size + TEXTS ? end + 1 : end;
    }
    check_group(texts[0], texts[1], NULL);
    check_group(texts[0], texts[1], "memory");
    check_group(texts[0], texts[1], "cpu");
    check_number(texts[2]);
    check_list(texts[2]);
    require(kn_cgroup_stat(texts[2], "inactive_file ") >= -1);
    share = kn_cgroup_cpu_max(texts[3]);
    require(isfinite(share) && (share > 0 || share == -1));
    free(copy);
    return 0;
}
