/*
 * clock_text — a moment as the clock on the wall of a zone shows it.
 */
#ifndef KN_HOURS_CLOCK_TEXT_H
#define KN_HOURS_CLOCK_TEXT_H

#include "lib/codec/zone.h"

enum { KN_CLOCK_TEXT_SIZE = 48 };

/* "Mon 2026-11-23 18:20", with its seconds where it has some. */
void kn_clock_text(const struct kn_zone *zone, int64_t moment, char out[KN_CLOCK_TEXT_SIZE]);

/* "18:20" on the day of `now` there, else as above. */
void kn_clock_short(const struct kn_zone *zone, int64_t moment, int64_t now,
                    char out[KN_CLOCK_TEXT_SIZE]);

/* "2026-11-23T18:20:00+01:00". spec: RFC 3339 */
void kn_clock_iso(const struct kn_zone *zone, int64_t moment, char out[KN_CLOCK_TEXT_SIZE]);

#endif
