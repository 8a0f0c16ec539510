/*
 * hours_check — what is wrong with schedules beyond each entry's own text.
 */
#ifndef KN_HOURS_CHECK_H
#define KN_HOURS_CHECK_H

#include "config/hours/hours.h"
#include "config/schema/layer.h"

/*
 * Look at the schedules of every layer: a zone that nobody knows is an error at its place and makes
 * the value invalid; windows of the strongest layer that hide each other within a year from `now_s`
 * are a warning. Nothing is read while no layer has schedules. Memory failure shows in the arena.
 */
void kn_hours_check(struct kn_layers *layers, const struct kn_zones_place *place, int64_t now_s);

#endif
