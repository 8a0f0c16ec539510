/*
 * node_name — what the node is called on the network when nobody named it:
 * {user}-C-{host}, else {user}-C-{port}, else {user}-C-{adjective}, numbered when that is taken.
 *
 * Pure. What comes out always has the form of a node name (config/schema/form.h).
 * spec: FR-0.4
 */
#ifndef KN_DISCOVERY_NODE_NAME_H
#define KN_DISCOVERY_NODE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KN_NODE_NAME_MIN = 3,
    KN_NODE_NAME_MAX = 64,
    KN_NODE_NAME_SIZE = KN_NODE_NAME_MAX + 1,
    KN_NODE_NAME_REASON_SIZE = 160,
    KN_NODE_NAME_NUMBER_MAX = 9999, /* of the suffixes that are tried in turn */
};

enum kn_node_name_by { KN_NAME_BY_HOST, KN_NAME_BY_PORT, KN_NAME_BY_ADJECTIVE };

struct kn_node_name_facts {
    const char *user;         /* any bytes; NULL or "": not known */
    const char *host;         /* likewise, with or without its domain */
    uint16_t port;            /* 0: not known */
    uint64_t seed;            /* chooses the adjective */
    const char *const *taken; /* names of other peers, any texts, NULL ones are passed over */
    size_t taken_count;
};

struct kn_node_name {
    char text[KN_NODE_NAME_SIZE];
    enum kn_node_name_by by;
    uint32_t number;                       /* of the suffix, from 2; 0: there is none */
    char reason[KN_NODE_NAME_REASON_SIZE]; /* "of the user and the host, "x" is taken" */
};

/* Equal facts give equal names, in whichever order `taken` is. */
void kn_node_name_choose(const struct kn_node_name_facts *facts, struct kn_node_name *out);

/* Does this host name tell one machine from others? Not "", "localhost", digits, container ids. */
bool kn_node_name_host_identifies(const char *host);

#endif
