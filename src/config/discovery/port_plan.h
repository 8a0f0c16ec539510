/*
 * port_plan — which ports are tried in which order, and what is said of it.
 *
 * Pure: node/ binds them in turn and keeps the socket of the first that works.
 * spec: FR-0.3
 */
#ifndef KN_DISCOVERY_PORT_PLAN_H
#define KN_DISCOVERY_PORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum {
    KN_PORT_FIRST = 8080,
    KN_PORT_LAST = 8100,
    KN_PORT_TRIES_MAX = KN_PORT_LAST - KN_PORT_FIRST + 2, /* the range and the one of the cache */
    KN_PORT_TEXT_SIZE = 96,
};

struct kn_port_plan {
    uint16_t ports[KN_PORT_TRIES_MAX];
    size_t count;  /* at least 1 */
    bool is_given; /* one port that somebody asked for: that or none */
};

/* `given`: from a flag, a variable or the file; `cached`: of the last run; 0: none. */
struct kn_port_plan kn_port_plan(uint16_t given, uint16_t cached);

/* "Using port 8082 (8080-8081 were in use)": the one at `index` works, those before it did not. */
void kn_port_plan_using(const struct kn_port_plan *plan, size_t index, char out[KN_PORT_TEXT_SIZE]);

/* None works. `holder` names who holds the port that was given ("nginx (pid 812)"); NULL: the
 * system does not tell. KN_E_BUSY. */
enum kn_code kn_port_plan_exhausted(const struct kn_port_plan *plan, const char *holder,
                                    struct kn_error *err);

#endif
