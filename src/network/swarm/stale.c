/* stale: connections that the machine's sleep, or an address that went, has left behind. */
#include "lib/io/interfaces.h"
#include "network/swarm/host_parts.h"

static bool is_among(const struct kn_endpoint *one, const struct kn_endpoint *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (one->is_ip6 == all[i].is_ip6 && memcmp(one->ip, all[i].ip, one->is_ip6 ? 16 : 4) == 0)
            return true;
    }
    return false;
}

static bool is_loopback(const struct kn_endpoint *at)
{
    static const uint8_t one[16] = { [15] = 1 };

    return at->is_ip6 ? memcmp(at->ip, one, sizeof(one)) == 0 : at->ip[0] == 127;
}

/* Link-local addresses stand in no list, and a list that is full may lack any. */
static bool has_gone(const struct kn_endpoint *local, const struct kn_stale *stale)
{
    bool is_link_local = local->is_ip6 && local->ip[0] == 0xfe && (local->ip[1] & 0xc0) == 0x80;

    return !is_link_local && stale->here_count < KN_INTERFACES_MAX &&
           !is_among(local, stale->here, stale->here_count);
}

static bool is_stale(const struct kn_pipe *pipe, const struct kn_stale *stale)
{
    struct kn_endpoint local;

    if (pipe->is_relayed || pipe->closing || !kn_tcp_local(pipe->wire.on.tcp, &local))
        return false;
    return (stale->all && !is_loopback(&local)) ||
           is_among(&local, stale->fresh, stale->fresh_count) || has_gone(&local, stale);
}

size_t kn_host_drop_stale(struct kn_host *host, const struct kn_stale *stale)
{
    size_t n = 0;

    for (size_t i = 0; i < host->ready_count; i++) {
        struct kn_pipe *pipe = host->ready[i];

        if (is_stale(pipe, stale)) {
            kn_host_close(pipe->connection);
            n++;
        }
    }
    return n;
}
