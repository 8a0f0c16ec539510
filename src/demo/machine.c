#include "demo/machine.h"

const char kn_demo_machine[] = "# A made-up machine, so that a demo looks the same everywhere.\n"
                               "platform: Linux 6.12 (x86_64)\n"
                               "architecture: x86_64\n"
                               "cpu: AMD Ryzen 7 7840U\n"
                               "cores: 16\n"
                               "physical_cores: 8\n"
                               "features: [avx2, f16c, avx512f, avx512_vnni, avx512_bf16]\n"
                               "memory_total: 32 GiB\n"
                               "memory_available: 24 GiB\n"
                               "gpus: []\n"
                               "host_name: laptop\n"
                               "user_name: alice\n";
