#include "compute/kernels/kernels.h"

#include <stddef.h>

#include "compute/kernels/isa.h"
#include "lib/os/cpu.h"

#if defined(__x86_64__)
static const struct kn_kernels *of_processor(enum kn_isa isa)
{
    struct kn_cpu_sets has;
    bool avx2, avx512;

    kn_cpu_sets_read(&has);
    avx2 = has.avx2 && has.fma && has.f16c;
    avx512 = avx2 && has.avx512f && has.avx512bw && has.avx512dq && has.avx512vl;
    if (isa == KN_ISA_AVX2)
        return avx2 ? &kn_kernels_avx2 : NULL;
    return isa == KN_ISA_AVX512 && avx512 ? &kn_kernels_avx512 : NULL;
}
#elif defined(__aarch64__)
static const struct kn_kernels *of_processor(enum kn_isa isa)
{
    return isa == KN_ISA_NEON ? &kn_kernels_neon : NULL;
}
#else
static const struct kn_kernels *of_processor(enum kn_isa isa)
{
    (void)isa;
    return NULL;
}
#endif

const struct kn_kernels *kn_kernels_of(enum kn_isa isa)
{
    return isa == KN_ISA_PLAIN ? &kn_kernels_plain : of_processor(isa);
}

const struct kn_kernels *kn_kernels_best(void)
{
    static const enum kn_isa order[] = { KN_ISA_AVX512, KN_ISA_AVX2, KN_ISA_NEON };

    for (size_t i = 0; i < KN_COUNT(order); i++) {
        const struct kn_kernels *kernels = kn_kernels_of(order[i]);

        if (kernels != NULL)
            return kernels;
    }
    return &kn_kernels_plain;
}

const char *kn_kernels_name(const struct kn_kernels *kernels)
{
    return kernels->name;
}

void kn_tile_add(const struct kn_kernels *kernels, const struct kn_tile *tile)
{
    kernels->tile(tile);
}

void kn_row_widen(const struct kn_kernels *kernels, const struct kn_matrix *weights, uint32_t row,
                  uint32_t at, uint32_t n, float *out)
{
    kernels->widen[weights->type](weights, row, at, n, out);
}
