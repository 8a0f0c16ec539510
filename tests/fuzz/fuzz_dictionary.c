/*
 * Property: a dictionary that is read gives as many entries as it has, good ones and malformed ones
 * together; the good ones, written, read the same and none is malformed. What is a subkey there
 * could be stored under.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "network/dht/dictionary.h"
#include "network/dht/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES_MAX = 1024 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Write the good entries; gives how many were malformed. */
static size_t write_again(struct kn_dht_dictionary dictionary, struct kn_buffer *out)
{
    static struct kn_dht_entry entries[ENTRIES_MAX];
    const uint8_t nil = 0xc0;
    size_t n = 0, malformed = 0, count = dictionary.count;

    while (n < ENTRIES_MAX && kn_dht_dictionary_next(&dictionary, &entries[n], &malformed)) {
        require(isfinite(entries[n].expiration) && entries[n].value.n <= KN_DHT_RECORD_MAX);
        require(kn_dht_subkey_is_valid(entries[n].subkey) ||
                kn_span_equal(entries[n].subkey, kn_span(&nil, 1)));
        n++;
    }
    require(n == ENTRIES_MAX || n + malformed == count);
    kn_dht_dictionary_encode(dictionary.latest, entries, n, out);
    return malformed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, twice = { 0 };
    struct kn_dht_dictionary dictionary;

    (void)kn_dht_subkey_is_valid(kn_span(data, size));
    if (kn_dht_dictionary_open(kn_span(data, size), &dictionary) != KN_OK)
        return 0;
    (void)write_again(dictionary, &once);
    require(kn_dht_dictionary_open(kn_buffer_get(&once), &dictionary) == KN_OK);
    require(write_again(dictionary, &twice) == 0);
    require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
    return 0;
}
