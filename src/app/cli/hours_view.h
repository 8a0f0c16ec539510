/*
 * hours_view — moments and durations of schedules, as people type and read them.
 */
#ifndef KN_CLI_HOURS_VIEW_H
#define KN_CLI_HOURS_VIEW_H

#include <stdint.h>

#include "app/docs/exit_codes.h"
#include "config/hours/zones.h"

struct kn_cli;
struct kn_text;

/* The zone of this machine and where others are; its memory lives as long as the run. */
struct kn_zones_place kn_hours_place(struct kn_cli *cli);
struct kn_zone kn_hours_local(struct kn_cli *cli);

/* Append " until 18:20" by the clock here; nothing for 0. */
void kn_hours_add_until(struct kn_cli *cli, int64_t until_s, struct kn_text *out);

/* "2h", "90m", "45" (seconds) to milliseconds, within those bounds; `name` is what the message
 * calls it. A mistake is reported. */
enum kn_exit kn_hours_duration(struct kn_cli *cli, const char *name, const char *word,
                               double least_s, double most_s, int64_t *ms);

#endif
