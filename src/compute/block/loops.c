#include "compute/block/loops.h"

#include "lib/base/attributes.h"

#if defined(__x86_64__)
static const struct kn_loops *const loops[] = {
    [KN_ISA_PLAIN] = &kn_loops_plain,
    [KN_ISA_AVX2] = &kn_loops_avx2,
    [KN_ISA_AVX512] = &kn_loops_avx512,
};
#else /* what the compiler makes of them for every processor of the kind */
static const struct kn_loops *const loops[] = { [KN_ISA_PLAIN] = &kn_loops_plain };
#endif

const struct kn_loops *kn_loops_for(const struct kn_kernels *kernels)
{
    for (enum kn_isa isa = KN_ISA_PLAIN; isa < KN_COUNT(loops); isa++)
        if (kn_kernels_of(isa) == kernels)
            return loops[isa];
    return &kn_loops_plain;
}
