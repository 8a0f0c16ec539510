/*
 * zones — the time zones that schedules name, read from the system's files.
 *
 * No global state is asked or changed: the C library's idea of a zone is one for all threads.
 */
#ifndef KN_HOURS_ZONES_H
#define KN_HOURS_ZONES_H

#include "lib/base/error.h"
#include "lib/codec/zone.h"

struct kn_arena;

struct kn_zones_place {
    const char *root;  /* before every path; "" is the machine's own */
    const char *local; /* what the variable TZ says; NULL: it is not set */
};

/*
 * "local": the zone that TZ names, else the machine's, else UTC. "UTC" is known everywhere. Any
 * other name is looked up: KN_E_NOT_FOUND: there is none, the hint names those that are near;
 * KN_E_SYNTAX and the others: its file cannot be used; KN_E_NO_MEMORY. Memory is the arena's.
 */
KN_MUST_USE enum kn_code kn_zones_find(const struct kn_zones_place *place, const char *name,
                                       struct kn_arena *arena, struct kn_zone *out,
                                       struct kn_error *err);

#endif
