/*
 * measured — the part of calibration.yaml that a full calibration wrote.
 */
#ifndef KN_SOURCES_MEASURED_H
#define KN_SOURCES_MEASURED_H

#include "config/schema/measured.h"

struct kn_yaml_node;

/* The map `measured` of the map `calibration`, either may be NULL. Where it lacks something or
 * something in it is wrong, nothing was measured: all zero. */
void kn_measured_read(const struct kn_yaml_node *calibration, struct kn_measured *out);

#endif
