/* peer_store_host: from what a host knows to the text, and back. */
#include "network/swarm/host_parts.h"
#include "network/swarm/peer_store.h"

struct exporting {
    struct kn_host *host;
    struct kn_text *out;
    const struct kn_peer_store_choice *choice;
    bool proven; /* of this turn */
    size_t n, max;
};

static void export_peer(void *arg, const struct kn_peer_facts *facts, bool has_address)
{
    struct exporting *e = arg;
    const struct kn_peer *peer = kn_peer_find(e->host, &facts->id);
    kn_time now = kn_loop_now(e->host->options.loop);

    if (e->choice->wanted != NULL && !e->choice->wanted(facts))
        return;
    for (size_t i = 0; has_address && peer != NULL && i < peer->address_count; i++) {
        const struct kn_address *at = &peer->addresses[i];
        const struct kn_peer_store_entry entry = {
            .peer = facts->id,
            .address = kn_buffer_get(&at->bytes),
            .seen = e->choice->unix_now - (now - at->seen) / 1000,
        };

        if (at->proven != e->proven || at->failures > 0 || e->n >= e->max)
            continue;
        kn_peer_store_write(&entry, e->out);
        e->n++;
    }
}

void kn_peer_store_export(struct kn_host *host, const struct kn_peer_store_choice *choice,
                          struct kn_text *out)
{
    struct exporting e = {
        .host = host,
        .out = out,
        .choice = choice,
        .proven = true,
        .max = choice->lines_max > 0 && choice->lines_max < KN_PEER_STORE_LINES_MAX
                   ? choice->lines_max
                   : KN_PEER_STORE_LINES_MAX,
    };

    kn_host_each(host, export_peer, &e);
    e.proven = false;
    kn_host_each(host, export_peer, &e);
}

struct importing {
    struct kn_host *host;
    int64_t unix_now;
    size_t old;
};

/* Who told of it is not written: a name may lead as far inside as it says itself. */
static void import_entry(void *arg, const struct kn_peer_store_entry *entry)
{
    struct importing *i = arg;

    if (entry->seen < i->unix_now - KN_PEER_STORE_AGE_MAX_S)
        i->old++;
    else
        kn_host_learn_from(i->host, &entry->peer, entry->address,
                           kn_multiaddr_scope(entry->address));
}

void kn_peer_store_import(struct kn_host *host, struct kn_span text, int64_t unix_now,
                          struct kn_peer_store_counts *counts)
{
    struct importing i = { .host = host, .unix_now = unix_now };

    kn_peer_store_read(text, import_entry, &i, counts);
    counts->taken -= i.old;
    counts->passed_over += i.old;
}
