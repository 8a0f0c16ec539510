#include "lib/io/interfaces.h"

#include <string.h>
#include <uv.h>

static bool is_link_local(const struct kn_endpoint *at)
{
    return at->is_ip6 && at->ip[0] == 0xfe && (at->ip[1] & 0xc0) == 0x80;
}

static bool take(const uv_interface_address_t *from, struct kn_endpoint *out)
{
    *out = (struct kn_endpoint){ .is_ip6 = from->address.address4.sin_family == AF_INET6 };
    if (out->is_ip6)
        memcpy(out->ip, &from->address.address6.sin6_addr, 16);
    else
        memcpy(out->ip, &from->address.address4.sin_addr, 4);
    return !is_link_local(out);
}

size_t kn_interfaces(struct kn_endpoint out[KN_INTERFACES_MAX])
{
    uv_interface_address_t *all;
    size_t n = 0;
    int count;

    if (uv_interface_addresses(&all, &count) != 0)
        return 0;
    for (int i = 0; i < count && n < KN_INTERFACES_MAX; i++)
        n += take(&all[i], &out[n]);
    uv_free_interface_addresses(all, count);
    return n;
}
