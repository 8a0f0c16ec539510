/* What is read is every byte once, however it is shared out. */
#include "compute/kernels/pool.h"
#include "compute/kernels/reading.h"
#include "compute/kernels/shares.h"
#include "lib/base/memory.h"
#include "support/check.h"

enum { MEMORY = 300001, SPANS = 4 };

static void shares_follow_each_other_to_the_end(void **state)
{
    static const struct kn_shares cases[] = {
        { 0, 1, 1 },     { 1, 1, 1 },     { 1, 1, 8 },       { 7, 3, 2 },   { 1000, 1, 3 },
        { 1000, 16, 2 }, { 999, 250, 2 }, { 5000, 64, 256 }, { 64, 64, 1 }, { 65, 64, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        unsigned chunks = kn_shares_count(&cases[i]);
        size_t at = 0, length = cases[i].all;

        for (unsigned chunk = 0; chunk < chunks; chunk++) {
            struct kn_share share = kn_share_of(&cases[i], chunk);

            CHECK_EQ("begins where the last ended", share.from, at);
            CHECK("is not empty", share.to > share.from);
            CHECK("is not longer than the one before", share.to - share.from <= length);
            length = share.to - share.from;
            CHECK("is not too short", length >= cases[i].least || chunk + 1 == chunks);
            at = share.to;
        }
        CHECK_EQ("ends at the end", at, cases[i].all);
    }
}

/* spec: a stretch for each thread first, and little to wait for at the end. */
static void the_first_shares_are_long_and_the_last_short(void **state)
{
    static const struct kn_shares shares = { .all = 100000, .least = 64, .threads = 2 };
    unsigned last = kn_shares_count(&shares) - 1;
    struct kn_share share = kn_share_of(&shares, 0);

    (void)state;
    CHECK_EQ("half of what one thread would have", share.to - share.from, 25000);
    share = kn_share_of(&shares, last);
    CHECK("the last", share.to - share.from <= 64);
    CHECK("few", last < 30);
}

static uint32_t sum_of(const struct kn_span *spans, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at < spans[i].n; at += sizeof(sum)) {
            size_t left = spans[i].n - at;
            uint32_t word = 0;

            memcpy(&word, spans[i].at + at, left < sizeof(word) ? left : sizeof(word));
            sum += word;
        }
    return sum;
}

static void check_sums(const struct kn_kernels *kernels, struct kn_pool *pool,
                       const uint8_t *memory)
{
    static const size_t lengths[][SPANS] = {
        { MEMORY, 0, 0, 0 },    { 0, 0, 0, 0 },
        { 1, 0, 63, 64 },       { 0, 65, 0, 255 },
        { 256, 257, 65536, 3 }, { 131072, 100003, 4, 0 },
        { 65535, 1, 2, 200 },   { 70000, 0, 70001, 90000 },
    };

    for (size_t i = 0; i < KN_COUNT(lengths); i++) {
        struct kn_span spans[SPANS];
        const uint8_t *at = memory + MEMORY;

        /* the last ends where the memory ends, the others begin anywhere */
        for (size_t k = SPANS; k-- > 0;) {
            at -= lengths[i][k];
            spans[k] = kn_span(at, lengths[i][k]);
        }
        CHECK_EQ(kn_kernels_name(kernels), kn_read_spans(kernels, pool, spans, SPANS),
                 sum_of(spans, SPANS));
    }
}

static void every_byte_is_read_once(void **state)
{
    uint8_t *memory = kn_alloc(MEMORY);

    (void)state;
    for (size_t i = 0; i < MEMORY; i++)
        memory[i] = (uint8_t)(i * 2654435761U >> 13);
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct kn_pool *pool = NULL;

        CHECK_EQ("new", kn_pool_new(threads, &pool, NULL), KN_OK);
        for (int isa = 0; isa < KN_ISA_COUNT; isa++)
            if (kn_kernels_of((enum kn_isa)isa) != NULL)
                check_sums(kn_kernels_of((enum kn_isa)isa), pool, memory);
        kn_pool_free(pool);
    }
    kn_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_follow_each_other_to_the_end),
        cmocka_unit_test(the_first_shares_are_long_and_the_last_short),
        cmocka_unit_test(every_byte_is_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
