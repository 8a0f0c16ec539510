/* record_told — what of a dictionary is told, and how many bytes that takes, known beforehand. */
#include "network/dht/record_parts.h"

/* What an entry and a dictionary take at most, beside subkeys and values: for the limit alone. */
enum { ENTRY_OVERHEAD = 1 + 5 + 9, DICTIONARY_OVERHEAD = 6 + 1 + 9 + 9 + 5 };

static size_t bound_of(const struct kn_held *held)
{
    return ENTRY_OVERHEAD + held->subkey_n + held->value_n;
}

static bool tell(struct kn_told *told, const struct kn_held *held)
{
    if (told->n == KN_DHT_DICTIONARY_MAX ||
        DICTIONARY_OVERHEAD + told->bound + bound_of(held) > KN_RECORD_DICTIONARY_BYTES_MAX)
        return false;
    told->n++;
    told->bound += bound_of(held);
    told->bytes += kn_dht_dictionary_entry_size(held->subkey_n, held->value_n);
    return true;
}

void kn_record_told_add(struct kn_record_place *place, const struct kn_held *held)
{
    struct kn_told *told = &place->told;

    if (told->is_stale || told->n + (size_t)1 < place->count)
        return; /* one before it is not told, so it is not either */
    (void)tell(told, held);
}

void kn_record_told_remove(struct kn_record_place *place, const struct kn_held *held)
{
    struct kn_told *told = &place->told;

    if (told->is_stale || told->n < place->count) {
        told->is_stale = true; /* which of those that are not told come in is seen when asked */
        return;
    }
    told->n--;
    told->bound -= bound_of(held);
    told->bytes -= kn_dht_dictionary_entry_size(held->subkey_n, held->value_n);
}

void kn_record_told_replace(struct kn_record_place *place, const struct kn_held *held)
{
    struct kn_told *told = &place->told;

    if (!told->is_stale && !tell(told, held))
        told->is_stale = true; /* it is not the last one, so others may go instead of it */
}

static void count_anew(struct kn_record_place *place)
{
    const struct kn_held *held = place->first;

    place->told = (struct kn_told){ 0 };
    while (held != NULL && tell(&place->told, held))
        held = held->next;
}

const struct kn_told *kn_record_told(struct kn_record_place *place)
{
    if (place->told.is_stale)
        count_anew(place);
    return &place->told;
}
