/* What this machine gives: files, memory, the disk, drivers. */
#include <stdio.h>
#include <string.h>

#include "config/discovery/fit.h"
#include "lib/base/arena.h"
#include "lib/os/access.h"
#include "lib/os/cgroup.h"
#include "lib/os/disk.h"
#include "lib/os/file.h"
#include "lib/os/folder.h"
#include "lib/os/gpu.h"
#include "lib/os/limit.h"
#include "lib/os/memory.h"
#include "node/doctor/visit.h"

enum {
    MIB = 1024 * 1024,
    DISK_LEAST_MIB = 64, /* without that much nothing can be kept */
    DISK_FEW_MIB = 512,
    OWN_FILES = 128, /* besides connections: the model's, caches, sockets of its own */
    NUMBER_SIZE = 32,
    PCI_TEXT_MAX = 64,
};

/* As it will be for the node, which asks for what its settings say. */
static void read_files(const struct kn_node_config *config, long long *now, long long *most)
{
    const struct kn_int *asked = &config->resources.max_open_files;
    int64_t soft, hard;

    kn_limit_read(KN_LIMIT_OPEN_FILES, &soft, &hard);
    if (asked->is == KN_GIVEN && asked->value > 0)
        soft = hard >= 0 && asked->value > hard ? hard : asked->value;
    *now = soft;
    *most = hard;
}

void kn_diagnose_files(struct kn_diagnosis *d)
{
    int64_t connections = d->visit->config->network.max_connections.value;
    long long needed = (long long)connections + OWN_FILES;
    long long now, most;
    char number[NUMBER_SIZE];

    read_files(d->visit->config, &now, &most);
    if (now < 0 || now >= needed) {
        kn_says(d, KN_DOCTOR_OK, "%lld may be open, %lld are needed for %lld connections", now,
                needed, (long long)connections);
        return;
    }
    kn_says(d, KN_DOCTOR_PROBLEM, "%lld may be open, and %lld connections need %lld", now,
            (long long)connections, needed);
    if (most < 0 || most >= needed) {
        (void)snprintf(number, sizeof(number), "%lld", needed);
        kn_fix_setting(d, "resources.max_open_files", number);
    } else {
        (void)snprintf(number, sizeof(number), "%lld", most > OWN_FILES ? most - OWN_FILES : 1);
        kn_fix_setting(d, "network.max_connections", number);
    }
}

/* What is free, beside what the node is allowed to take. */
void kn_diagnose_memory(struct kn_diagnosis *d)
{
    const struct kn_size *most = &d->visit->config->resources.max_memory_gb;
    struct kn_cgroup_limits group;
    struct kn_memory memory;
    int64_t total;
    char asked[KN_MEMORY_TEXT_SIZE], there[KN_MEMORY_TEXT_SIZE], number[NUMBER_SIZE];

    kn_memory_read(d->visit->order->root, &memory);
    total = memory.total;
    if (kn_cgroup_read(d->visit->order->root, &group) == KN_OK && group.memory_limit > 0 &&
        (total < 0 || group.memory_limit < total))
        total = group.memory_limit;
    if (total < 0) {
        kn_says(d, KN_DOCTOR_WARNING, "the system does not tell how much there is");
        return;
    }
    kn_memory_text(total, there);
    if (most->is == KN_GIVEN && most->bytes > total) {
        kn_memory_text(most->bytes, asked);
        kn_says(d, KN_DOCTOR_PROBLEM, "the node may take %s, and there are %s in all", asked,
                there);
        (void)snprintf(number, sizeof(number), "%lldMiB", (long long)(total / MIB));
        kn_fix_setting(d, "resources.max_memory_gb", number);
        return;
    }
    kn_memory_text(memory.available, asked);
    kn_says(d, KN_DOCTOR_OK, "%s of %s are free", memory.available < 0 ? "some" : asked, there);
}

void kn_diagnose_disk(struct kn_diagnosis *d)
{
    const char *home = d->visit->order->paths->home;
    int64_t left;

    if (kn_disk_left(home, &left, NULL) != KN_OK) {
        kn_says(d, KN_DOCTOR_WARNING, "the system does not tell what is left for %s", home);
        return;
    }
    if (left >= (int64_t)DISK_FEW_MIB * MIB) {
        kn_says(d, KN_DOCTOR_OK, "%lld MiB are left for %s", (long long)(left / MIB), home);
        return;
    }
    if (left >= (int64_t)DISK_LEAST_MIB * MIB) {
        kn_says(d, KN_DOCTOR_WARNING, "only %lld MiB are left for %s", (long long)(left / MIB),
                home);
        return;
    }
    kn_says(d, KN_DOCTOR_PROBLEM,
            "only %lld MiB are left for %s: make room on that disk, or name "
            "a data folder on another one with --home",
            (long long)(left / MIB), home);
}

/* -- drivers */

/* The first line of a small file of /sys; "" when there is none. */
static void read_line(const char *folder, const char *name, char out[PCI_TEXT_MAX])
{
    struct kn_text path = { 0 };
    struct kn_bytes bytes = { 0 };
    size_t n = 0;

    kn_text_addf(&path, "%s/%s", folder, name);
    if (!path.failed && kn_file_read(kn_text_get(&path), 8192, &bytes, NULL) == KN_OK) {
        n = strcspn(bytes.at, "\n");
        n = n < PCI_TEXT_MAX - 1 ? n : PCI_TEXT_MAX - 1;
        memcpy(out, bytes.at, n);
    }
    out[n] = '\0';
    kn_bytes_done(&bytes);
    kn_text_done(&path);
}

static bool is_there(const char *folder, const char *name)
{
    struct kn_text path = { 0 };
    struct kn_access access;
    bool there;

    kn_text_addf(&path, "%s/%s", folder, name);
    there = !path.failed && kn_access_look(kn_text_get(&path), &access) == KN_OK;
    kn_text_done(&path);
    return there;
}

/* The module that a card waits for: a display of NVIDIA's or AMD's that no driver has. */
static const char *missing_driver(const char *device)
{
    char class[PCI_TEXT_MAX], vendor[PCI_TEXT_MAX];

    read_line(device, "class", class);
    if (strncmp(class, "0x03", 4) != 0 || is_there(device, "driver"))
        return NULL;
    read_line(device, "vendor", vendor);
    return strcmp(vendor, "0x10de") == 0   ? "nvidia"
           : strcmp(vendor, "0x1002") == 0 ? "amdgpu"
                                           : NULL;
}

void kn_diagnose_gpu(struct kn_diagnosis *d)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_names names = { 0 };
    const char *all, *module = NULL;

    all = arena != NULL ? kn_arena_printf(arena, "%s/sys/bus/pci/devices", d->visit->order->root)
                        : NULL;
    if (all != NULL && kn_folder_list(all, arena, &names, NULL) != KN_OK)
        names.n = 0;
    for (size_t i = 0; i < names.n && module == NULL; i++) {
        const char *device = kn_arena_printf(arena, "%s/%s", all, names.at[i]);

        module = device != NULL ? missing_driver(device) : NULL;
    }
    if (module == NULL) {
        kn_says(d, KN_DOCTOR_OK, "no graphics card waits for a driver");
    } else {
        kn_says(d, KN_DOCTOR_WARNING, "a graphics card is there, and no driver has it");
        kn_fix(d, "sudo modprobe %s", module);
    }
    kn_arena_free(arena);
}
