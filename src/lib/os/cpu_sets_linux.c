#include "lib/os/cpu.h"

#include <stdint.h>
#include <sys/auxv.h>

#if defined(__x86_64__)

#include <cpuid.h>

enum { EAX, EBX, ECX, EDX, REGISTERS };

/* Bits of XCR0: register files that the system saves, without which none of their sets works. */
enum {
    SAVES_AVX = 0x6,
    SAVES_AVX512 = 0xe6,
    SAVES_AMX = 0x60000,
};

static void ask(unsigned leaf, unsigned below, unsigned out[REGISTERS])
{
    if (__get_cpuid_count(leaf, below, &out[EAX], &out[EBX], &out[ECX], &out[EDX]) == 0)
        out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
}

static uint64_t read_xcr0(void)
{
    uint32_t low, high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has(unsigned bits, unsigned bit)
{
    return (bits >> bit & 1) != 0;
}

/* spec: Intel SDM volume 2, CPUID leaves 1 and 7, and volume 1 §13.3 for XCR0. */
void kn_cpu_sets_read(struct kn_cpu_sets *out)
{
    unsigned one[REGISTERS], seven[REGISTERS], seven_one[REGISTERS];
    uint64_t saved;
    bool avx, avx512, amx;

    *out = (struct kn_cpu_sets){ 0 };
    ask(1, 0, one);
    ask(7, 0, seven);
    ask(7, 1, seven_one);
    saved = has(one[ECX], 27) ? read_xcr0() : 0;
    avx = has(one[ECX], 28) && (saved & SAVES_AVX) == SAVES_AVX;
    avx512 = avx && (saved & SAVES_AVX512) == SAVES_AVX512;
    amx = has(seven[EDX], 24) && (saved & SAVES_AMX) == SAVES_AMX;

    out->avx2 = avx && has(seven[EBX], 5);
    out->fma = avx && has(one[ECX], 12);
    out->f16c = avx && has(one[ECX], 29);
    out->avx512f = avx512 && has(seven[EBX], 16);
    out->avx512bw = avx512 && has(seven[EBX], 30);
    out->avx512dq = avx512 && has(seven[EBX], 17);
    out->avx512vl = avx512 && has(seven[EBX], 31);
    out->avx512_vnni = avx512 && has(seven[ECX], 11);
    out->avx512_bf16 = avx512 && has(seven_one[EAX], 5);
    out->amx_bf16 = amx && has(seven[EDX], 22);
    out->amx_int8 = amx && has(seven[EDX], 25);
}

#elif defined(__aarch64__)

/* spec: the kernel's arch/arm64/include/uapi/asm/hwcap.h, whose numbers are fixed. */
enum { HAS_ASIMD = 1 << 1, HAS_SVE = 1 << 22, HAS2_BF16 = 1 << 14 };

void kn_cpu_sets_read(struct kn_cpu_sets *out)
{
    unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);

    *out = (struct kn_cpu_sets){ .neon = (first & HAS_ASIMD) != 0,
                                 .sve = (first & HAS_SVE) != 0,
                                 .bf16 = (second & HAS2_BF16) != 0 };
}

#else

void kn_cpu_sets_read(struct kn_cpu_sets *out)
{
    *out = (struct kn_cpu_sets){ 0 };
}

#endif
