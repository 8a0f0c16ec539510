#include "app/cli/cli.h"
#include "lib/os/heap.h"
#include "lib/os/process.h"

int main(int argc, char **argv)
{
    kn_heap_expect_short_life();
    return kn_cli_main(argc, (const char *const *)argv, kn_os_environment());
}
