#include "support/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_SIZE = 256, TEXT_SIZE = 512 };

void kn_machine_write(const struct kn_home *home, const char *name, const char *text)
{
    char path[NAME_SIZE];

    name += name[0] == '/';
    if ((size_t)snprintf(path, sizeof(path), "%s", name) >= sizeof(path))
        abort();
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(kn_home_path(home, path), 0700); /* writing tells whether it is there */
        *slash = '/';
    }
    kn_home_write(home, path, text, strlen(text), 0600);
}

void kn_machine_cpus(const struct kn_home *home, const char *model, unsigned cores,
                     unsigned per_core)
{
    char name[NAME_SIZE], text[TEXT_SIZE];
    unsigned threads = cores * per_core;

    (void)snprintf(text, sizeof(text),
                   "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 142\n"
                   "model name\t: %s\nstepping\t: 10\n\nprocessor\t: 1\n",
                   model);
    kn_machine_write(home, "/proc/cpuinfo", text);
    (void)snprintf(text, sizeof(text), "0-%u\n", threads - 1);
    kn_machine_write(home, "/sys/devices/system/cpu/online", text);
    (void)snprintf(text, sizeof(text), "Name:\tkwaainet\nCpus_allowed_list:\t0-%u\n", threads - 1);
    kn_machine_write(home, "/proc/self/status", text);
    for (unsigned cpu = 0; cpu < threads; cpu++) {
        unsigned first = cpu % cores;

        (void)snprintf(name, sizeof(name), "/sys/devices/system/cpu/cpu%u/topology/core_cpus_list",
                       cpu);
        if (per_core == 1)
            (void)snprintf(text, sizeof(text), "%u\n", first);
        else
            (void)snprintf(text, sizeof(text), "%u,%u\n", first, first + cores);
        kn_machine_write(home, name, text);
    }
}
