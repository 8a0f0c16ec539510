#include "network/dht/link.h"

static const char *const names[KN_DHT_METHOD_COUNT] = {
    [KN_DHT_PING] = "DHTProtocol.rpc_ping",
    [KN_DHT_STORE] = "DHTProtocol.rpc_store",
    [KN_DHT_FIND] = "DHTProtocol.rpc_find",
};

const char *kn_dht_method_name(enum kn_dht_method method)
{
    return names[method];
}
