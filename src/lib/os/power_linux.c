#include "lib/os/power.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/os/folder.h"
#include "lib/os/probe.h"

#define SUPPLIES "/sys/class/power_supply"

enum { PATH_SIZE = 512, TEXT_SIZE = 64, SUPPLIES_MAX = 64 };

/* spec: Linux, Documentation/ABI/testing/sysfs-class-power */
static bool says(const char *root, const char *supply, const char *name, const char *word)
{
    char path[PATH_SIZE], told[TEXT_SIZE], trimmed[TEXT_SIZE];
    int n = snprintf(path, sizeof(path), SUPPLIES "/%s/%s", supply, name);

    if (n < 0 || (size_t)n >= sizeof(path) || !kn_probe_read(root, path, told, sizeof(told)))
        return false;
    kn_probe_copy_line(trimmed, sizeof(trimmed), told);
    return strcmp(trimmed, word) == 0;
}

static enum kn_power read_one(const char *root, const char *supply)
{
    if (!says(root, supply, "type", "Battery"))
        return says(root, supply, "online", "1") ? KN_POWER_MAINS : KN_POWER_UNKNOWN;
    if (says(root, supply, "scope", "Device") || !says(root, supply, "status", "Discharging"))
        return KN_POWER_UNKNOWN;
    return KN_POWER_BATTERY;
}

enum kn_power kn_power_read(const char *root)
{
    struct kn_arena *arena = kn_arena_new();
    enum kn_power found = KN_POWER_UNKNOWN;
    struct kn_names names = { 0 };
    struct kn_error ignored = { 0 };
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof(path), "%s" SUPPLIES, root);

    if (arena == NULL || n < 0 || (size_t)n >= sizeof(path) ||
        kn_folder_list(path, arena, &names, &ignored) != KN_OK)
        names.n = 0;
    for (size_t i = 0; i < names.n && i < SUPPLIES_MAX && found != KN_POWER_MAINS; i++) {
        enum kn_power one = read_one(root, names.at[i]);

        found = one != KN_POWER_UNKNOWN ? one : found;
    }
    kn_arena_free(arena);
    return found;
}
