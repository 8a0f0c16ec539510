#include "lib/os/gpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/os/file.h"
#include "lib/os/probe.h"

enum { PATH_SIZE = 512, TEXT_SIZE = 256, ID_SIZE = 16 };

static const char amd[] = "0x1002"; /* PCI's number of the vendor */

static bool read_line(const char *root, unsigned card, const char *name, char *out, size_t size)
{
    char path[PATH_SIZE], text[TEXT_SIZE];

    (void)snprintf(path, sizeof(path), "/sys/class/drm/card%u/device/%s", card, name);
    out[0] = '\0';
    if (!kn_probe_read(root, path, text, sizeof(text)))
        return false;
    kn_probe_copy_line(out, size, text);
    return out[0] != '\0';
}

static int64_t read_number(const char *root, unsigned card, const char *name)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "/sys/class/drm/card%u/device/%s", card, name);
    return kn_probe_file_number(root, path);
}

/* Few cards tell their name; their number at PCI is something to look up, at least. */
static void read_name(const char *root, unsigned card, char out[KN_GPU_NAME_SIZE])
{
    char id[ID_SIZE];

    if (!read_line(root, card, "product_name", out, KN_GPU_NAME_SIZE) &&
        read_line(root, card, "device", id, sizeof(id)))
        (void)snprintf(out, KN_GPU_NAME_SIZE, "AMD %s", id);
}

static bool read_card(const char *root, unsigned card, struct kn_gpu *out)
{
    char vendor[ID_SIZE];
    int64_t used, busy;

    if (!read_line(root, card, "vendor", vendor, sizeof(vendor)) || strcmp(vendor, amd) != 0)
        return false;
    *out = (struct kn_gpu){ .total = read_number(root, card, "mem_info_vram_total"),
                            .free = KN_GPU_UNKNOWN,
                            .capability = KN_GPU_UNKNOWN };
    if (out->total <= 0)
        out->total = KN_GPU_UNKNOWN;
    used = read_number(root, card, "mem_info_vram_used");
    if (used >= 0 && used <= out->total)
        out->free = out->total - used;
    busy = read_number(root, card, "gpu_busy_percent");
    out->busy = busy >= 0 && busy <= 100 ? (int)busy : KN_GPU_UNKNOWN;
    read_name(root, card, out->name);
    return true;
}

size_t kn_gpu_read_amd(const char *root, struct kn_gpu *out, size_t max)
{
    char folder[PATH_SIZE];
    size_t n = 0;

    (void)snprintf(folder, sizeof(folder), "%s/sys/class/drm", root);
    if (!kn_file_exists(folder))
        return 0;
    for (unsigned card = 0; card < KN_GPU_CARDS_MAX && n < max; card++)
        n += read_card(root, card, &out[n]) ? 1 : 0;
    return n;
}
