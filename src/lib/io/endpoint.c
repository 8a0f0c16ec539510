#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/io/inside.h"

void kn_endpoint_print(const struct kn_endpoint *endpoint, char out[KN_ENDPOINT_TEXT_SIZE])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    char zone[12] = "";

    (void)uv_inet_ntop(endpoint->is_ip6 ? AF_INET6 : AF_INET, endpoint->ip, ip, sizeof(ip));
    if (!endpoint->is_ip6) {
        (void)snprintf(out, KN_ENDPOINT_TEXT_SIZE, "%s:%u", ip, (unsigned)endpoint->port);
        return;
    }
    if (endpoint->zone != 0)
        (void)snprintf(zone, sizeof(zone), "%%%u", (unsigned)endpoint->zone);
    (void)snprintf(out, KN_ENDPOINT_TEXT_SIZE, "[%s%s]:%u", ip, zone, (unsigned)endpoint->port);
}

void kn_endpoint_to_system(const struct kn_endpoint *endpoint, struct sockaddr_storage *out)
{
    struct sockaddr_in ip4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
    struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6,
                                .sin6_port = htons(endpoint->port),
                                .sin6_scope_id = endpoint->zone };

    memset(out, 0, sizeof(*out));
    if (endpoint->is_ip6) {
        memcpy(&ip6.sin6_addr, endpoint->ip, sizeof(ip6.sin6_addr));
        memcpy(out, &ip6, sizeof(ip6));
    } else {
        memcpy(&ip4.sin_addr, endpoint->ip, sizeof(ip4.sin_addr));
        memcpy(out, &ip4, sizeof(ip4));
    }
}

bool kn_endpoint_from_system(const struct sockaddr *address, struct kn_endpoint *out)
{
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;

    *out = (struct kn_endpoint){ 0 };
    if (address->sa_family == AF_INET) {
        memcpy(&ip4, address, sizeof(ip4));
        memcpy(out->ip, &ip4.sin_addr, sizeof(ip4.sin_addr));
        out->port = ntohs(ip4.sin_port);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&ip6, address, sizeof(ip6));
    memcpy(out->ip, &ip6.sin6_addr, sizeof(ip6.sin6_addr));
    out->is_ip6 = true;
    out->port = ntohs(ip6.sin6_port);
    out->zone = ip6.sin6_scope_id;
    return true;
}
