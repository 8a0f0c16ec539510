/*
 * calibration — what was found out about this machine, as calibration.yaml keeps it.
 *
 * The file belongs to one machine (its fingerprint), one model and the settings that were asked
 * for; config/sources/cache.h reads it and leaves it out when any of them is another.
 */
#ifndef KN_DISCOVERY_CALIBRATION_H
#define KN_DISCOVERY_CALIBRATION_H

#include "config/discovery/fit.h"
#include "config/schema/measured.h"
#include "lib/base/text.h"

/* The settings that a calibration depends on. */
enum { KN_CALIBRATION_KEYS = 5, KN_FINGERPRINT_SIZE = 17 };
extern const char *const kn_calibration_keys[KN_CALIBRATION_KEYS];

struct kn_calibration {
    const char *model;      /* as model.name says it */
    const char *repository; /* NULL: not known */
    uint32_t total_blocks;
    const struct kn_hardware *hardware;
    const struct kn_room *room;
    const struct kn_format *format;
    const struct kn_fit *fit;
    enum kn_preset preset; /* that is chosen */
    /* The values of kn_calibration_keys as kn_value_print() writes them; NULL: the built-in one. */
    const char *asked[KN_CALIBRATION_KEYS];
    const struct kn_measured *measured; /* by the full calibration; NULL: by none */
    int64_t now_s;                      /* seconds since 1970 */
};

/* Of what does not change while a machine runs: processors, memory, its limit, GPUs. 16 digits. */
void kn_fingerprint(const struct kn_hardware *hardware, char out[KN_FINGERPRINT_SIZE]);

/* Append the document; `text` fails when memory is short. */
void kn_calibration_print(const struct kn_calibration *calibration, struct kn_text *text);

/* A day, for sentences about `seconds`: "2026-11-22". */
enum { KN_DAY_SIZE = 11 };
void kn_day_print(int64_t seconds, char out[KN_DAY_SIZE]);

/* The data type that was chosen for its speed, and why; nothing where somebody wrote one. */
void kn_measured_format(const struct kn_measured *measured, struct kn_format *format);

/*
 * Is a block slower now than it was measured, so that the calibration is no longer true? `decode`:
 * tokens a second through one block, with as many threads. Then `out` tells, as a sentence without
 * a full stop; else it is "". Speeds of one machine differ by a third from one hour to the next.
 */
bool kn_measured_drifts(const struct kn_measured *measured, double decode,
                        char out[KN_FIT_TEXT_SIZE]);

/* "2026-11-22T10:30:00Z". */
enum { KN_TIME_SIZE = 80 }; /* room for six numbers of any size, as the compiler counts */
void kn_time_print(int64_t seconds, char out[KN_TIME_SIZE]);

#endif
