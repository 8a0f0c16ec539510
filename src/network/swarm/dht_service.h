/*
 * dht_service — hivemind's DHT on real streams: the engine's calls as unary calls, and back.
 */
#ifndef KN_SWARM_DHT_SERVICE_H
#define KN_SWARM_DHT_SERVICE_H

#include "network/dht/dht.h"
#include "network/swarm/host.h"

struct kn_dht_service;

struct kn_dht_service_options {
    struct kn_host *host;
    bool client_mode; /* serve nobody */
    size_t replicas;  /* 0: hivemind's number */
};

/* NULL when memory is short. Free it before the host. */
KN_MUST_USE struct kn_dht_service *kn_dht_service_new(const struct kn_dht_service_options *options);
void kn_dht_service_free(struct kn_dht_service *service);

/* Lent; lives as long as the service. */
struct kn_dht *kn_dht_service_dht(const struct kn_dht_service *service);

#endif
