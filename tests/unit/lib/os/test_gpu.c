/* Graphics processors of a library that this build made, and of files that look like a driver's. */
#include "lib/os/gpu.h"

#include "support/check.h"
#include "support/machine.h"

enum { MANY = 16 };

#define GIB (INT64_C(1) << 30)

static struct kn_home home;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static void every_card_of_nvidia_is_told(void **state)
{
    struct kn_gpu gpus[MANY];

    (void)state;
    for (int again = 0; again < 2; again++) {
        CHECK_EQ("count", kn_gpu_read_nvidia(KN_FAKE_NVML, gpus, MANY), 8);
        for (int i = 0; i < 8; i++) {
            CHECK_STR("name", gpus[i].name, "NVIDIA H100 80GB HBM3");
            CHECK_EQ("total", gpus[i].total, 80 * GIB);
            CHECK_EQ("free", gpus[i].free, (80 - i) * GIB);
            CHECK_EQ("capability", gpus[i].capability, 90);
            CHECK_EQ("busy", gpus[i].busy, i == 2 ? 97 : 0);
        }
    }
    CHECK_EQ("room for three", kn_gpu_read_nvidia(KN_FAKE_NVML, gpus, 3), 3);
}

static void an_old_driver_tells_what_it_can(void **state)
{
    struct kn_gpu gpu;

    (void)state;
    CHECK_EQ("count", kn_gpu_read_nvidia(KN_FAKE_NVML_OLD, &gpu, 1), 1);
    CHECK_EQ("total", gpu.total, 80 * GIB);
    CHECK_EQ("capability", gpu.capability, KN_GPU_UNKNOWN);
    CHECK_EQ("busy", gpu.busy, KN_GPU_UNKNOWN);
}

static void what_a_card_tells_wrongly_stays_unknown(void **state)
{
    struct kn_gpu gpus[MANY];

    (void)state;
    CHECK_EQ("a lost card is none", kn_gpu_read_nvidia(KN_FAKE_NVML_ODD, gpus, MANY), 4);
    CHECK_EQ("no end of its name", strlen(gpus[0].name), KN_GPU_NAME_SIZE - 1);
    CHECK("bytes that do not print", strspn(gpus[0].name, "?") == KN_GPU_NAME_SIZE - 1);
    CHECK_EQ("too much memory", gpus[0].total, KN_GPU_UNKNOWN);
    CHECK_EQ("too much memory", gpus[0].free, KN_GPU_UNKNOWN);
    CHECK_EQ("no capability", gpus[0].capability, KN_GPU_UNKNOWN);
    CHECK_STR("no name", gpus[1].name, "");
    CHECK_EQ("more free than there is", gpus[1].total, GIB);
    CHECK_EQ("more free than there is", gpus[1].free, KN_GPU_UNKNOWN);
    CHECK_EQ("shared memory", gpus[2].total, KN_GPU_UNKNOWN);
    CHECK_EQ("shared memory", gpus[2].capability, 121);
    CHECK_EQ("no memory", gpus[3].total, KN_GPU_UNKNOWN);
}

static void without_a_driver_there_is_no_card(void **state)
{
    struct kn_gpu gpu;

    (void)state;
    CHECK_EQ("no library", kn_gpu_read_nvidia("/nowhere/libnvidia-ml.so.1", &gpu, 1), 0);
    CHECK_EQ("another library", kn_gpu_read_nvidia("libm.so.6", &gpu, 1), 0);
    CHECK_EQ("no library at all", kn_gpu_read_nvidia("/proc/self/status", &gpu, 1), 0);
    CHECK_EQ("a driver that does not answer", kn_gpu_read_nvidia(KN_FAKE_NVML_ASLEEP, &gpu, 1), 0);
}

#define CARD0 "/sys/class/drm/card0/device/"
#define CARD1 "/sys/class/drm/card1/device/"
#define CARD2 "/sys/class/drm/card2/device/"

static void put(const char *name, const char *text)
{
    kn_machine_write(&home, name, text);
}

static void cards_of_amd_are_told_by_files(void **state)
{
    struct kn_gpu gpus[MANY];

    (void)state;
    CHECK_EQ("no card", kn_gpu_read_amd(home.path, gpus, MANY), 0);
    put(CARD0 "vendor", "0x8086\n");
    put(CARD0 "mem_info_vram_total", "1\n");
    CHECK_EQ("another vendor", kn_gpu_read_amd(home.path, gpus, MANY), 0);
    put(CARD1 "vendor", "0x1002\n");
    put(CARD1 "product_name", "AMD Instinct MI300X\n");
    put(CARD1 "mem_info_vram_total", "206141652992\n");
    put(CARD1 "mem_info_vram_used", "1073741824\n");
    put(CARD2 "vendor", "0x1002\n");
    put(CARD2 "device", "0x744c\n");
    put(CARD2 "product_name", "\n");
    put("/sys/class/drm/card1-DP-1/device/vendor", "0x1002\n");
    put("/sys/class/drm/renderD128/device/vendor", "0x1002\n");
    CHECK_EQ("two", kn_gpu_read_amd(home.path, gpus, MANY), 2);
    CHECK_STR("the first", gpus[0].name, "AMD Instinct MI300X");
    CHECK_EQ("the first", gpus[0].total, 206141652992);
    CHECK_EQ("the first", gpus[0].free, 206141652992 - GIB);
    CHECK_EQ("the first", gpus[0].capability, KN_GPU_UNKNOWN);
    CHECK_STR("no name", gpus[1].name, "AMD 0x744c");
    CHECK_EQ("no memory", gpus[1].total, KN_GPU_UNKNOWN);
    CHECK_EQ("no memory", gpus[1].free, KN_GPU_UNKNOWN);
    CHECK_EQ("room for one", kn_gpu_read_amd(home.path, gpus, 1), 1);
}

static void odd_amounts_of_amd_stay_unknown(void **state)
{
    static const struct {
        const char *total, *used;
        int64_t want_total, want_free;
    } cases[] = {
        { "4096\n", "4096\n", 4096, 0 },
        { "4096\n", "4097\n", 4096, -1 },
        { "4096\n", "", 4096, -1 },
        { "0\n", "0\n", -1, -1 },
        { "4611686018427387904\n", "1\n", -1, -1 },
        { "99999999999999999999999999999999999999999999999999999999999999999999\n", "1\n", -1, -1 },
        { "many\n", "1\n", -1, -1 },
        { "4096 bytes\n", "1\n", -1, -1 },
    };

    (void)state;
    put(CARD0 "vendor", "0x1002");
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_gpu gpu;

        put(CARD0 "mem_info_vram_total", cases[i].total);
        put(CARD0 "mem_info_vram_used", cases[i].used);
        CHECK_EQ(cases[i].total, kn_gpu_read_amd(home.path, &gpu, 1), 1);
        CHECK_EQ(cases[i].total, gpu.total, cases[i].want_total);
        CHECK_EQ(cases[i].used, gpu.free, cases[i].want_free);
        CHECK_STR("no name", gpu.name, "");
    }
}

int main(void)
{
#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_card_of_nvidia_is_told),
        cmocka_unit_test(an_old_driver_tells_what_it_can),
        cmocka_unit_test(what_a_card_tells_wrongly_stays_unknown),
        cmocka_unit_test(without_a_driver_there_is_no_card),
        IN_HOME(cards_of_amd_are_told_by_files),
        IN_HOME(odd_amounts_of_amd_stay_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
