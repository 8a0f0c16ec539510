#include "compute/kernels/kernels.h"

#include <stddef.h>

#include "compute/kernels/isa.h"

const struct kn_kernels *kn_kernels_of(enum kn_isa isa)
{
    switch (isa) {
    case KN_ISA_PLAIN:
        return &kn_kernels_plain;
    case KN_ISA_AVX2:
    case KN_ISA_AVX512:
    case KN_ISA_NEON:
    case KN_ISA_COUNT:
        break;
    }
    return NULL;
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
