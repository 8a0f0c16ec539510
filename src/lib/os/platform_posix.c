#include "lib/os/platform.h"

#include <string.h>
#include <sys/utsname.h>

static void copy(char *out, size_t size, const char *text)
{
    size_t n = strlen(text);

    if (n < size)
        memcpy(out, text, n + 1);
}

void kn_platform_read(struct kn_platform *out)
{
    struct utsname names;

    *out = (struct kn_platform){ 0 };
    if (uname(&names) < 0)
        return;
    copy(out->system, sizeof(out->system), names.sysname);
    copy(out->release, sizeof(out->release), names.release);
    copy(out->machine, sizeof(out->machine),
         strcmp(names.machine, "aarch64") == 0 ? "arm64" : names.machine);
    if (strcmp(names.nodename, "(none)") != 0) /* Linux before it is given one */
        copy(out->host, sizeof(out->host), names.nodename);
}
