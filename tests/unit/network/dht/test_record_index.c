#include "network/dht/record_index.h"

#include "support/check.h"

/* spec: SipHash paper, appendix A: the key 00 01 … 0f; the input 00 01 …, of each length */
static void hashes_are_those_of_siphash(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        uint64_t want;
    } cases[] = {
        { "nothing", 0, UINT64_C(0x726fdb47dd0e0e31) },
        { "one byte", 1, UINT64_C(0x74f839c593dc67fd) },
        { "fifteen bytes", 15, UINT64_C(0xa129ca6149be45e5) },
    };
    const struct kn_index_seed seed = { UINT64_C(0x0706050403020100),
                                        UINT64_C(0x0f0e0d0c0b0a0908) };
    uint8_t bytes[16];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK(cases[i].name, kn_index_hash(&seed, kn_span(bytes, cases[i].n)) == cases[i].want);
}

enum { NODES = 500, HASHES = 100 };

static void nodes_of_one_hash_are_all_found(void **state)
{
    static struct kn_index_node nodes[NODES];
    struct kn_index index = { 0 };

    (void)state;
    CHECK("empty", kn_index_first(&index, 1) == NULL);
    for (size_t i = 0; i < NODES; i++) {
        nodes[i].hash = i % HASHES * UINT64_C(0x100000001); /* shares buckets, too */
        CHECK("add", kn_index_add(&index, &nodes[i]));
    }
    for (size_t i = 0; i < NODES; i += 2)
        kn_index_remove(&index, &nodes[i]);
    CHECK_EQ("count", index.count, NODES / 2);
    for (size_t hash = 0; hash < HASHES; hash++) {
        size_t n = 0;

        for (struct kn_index_node *node = kn_index_first(&index, hash * UINT64_C(0x100000001));
             node != NULL; node = kn_index_next(node)) {
            CHECK("hash", (size_t)(node - nodes) % HASHES == hash);
            n++;
        }
        CHECK_EQ("found", n, hash % 2 == 1 ? NODES / HASHES : 0);
    }
    kn_index_done(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_siphash),
        cmocka_unit_test(nodes_of_one_hash_are_all_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
