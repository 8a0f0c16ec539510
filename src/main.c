#include "app/cli/cli.h"
#include "lib/os/process.h"

int main(int argc, char **argv)
{
    return kn_cli_main(argc, (const char *const *)argv, kn_os_environment());
}
