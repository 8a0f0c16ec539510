#include "lib/os/cpu_list.h"

#include "lib/os/probe.h"

static void add(struct kn_cpu_list *list, uint64_t first, uint64_t last)
{
    for (uint64_t cpu = first; cpu <= last && cpu < KN_CPUS_MAX; cpu++)
        list->bits[cpu / 64] |= (uint64_t)1 << (cpu % 64);
}

bool kn_cpu_list_read(const char *text, struct kn_cpu_list *out)
{
    *out = (struct kn_cpu_list){ 0 };
    for (;;) {
        uint64_t first, last;

        if (!kn_probe_number(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!kn_probe_number(&text, &last) || last < first)
                return false;
        }
        add(out, first, last);
        if (*text != ',')
            return kn_probe_ends(text);
        text++;
    }
}
