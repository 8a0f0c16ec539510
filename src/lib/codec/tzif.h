/*
 * tzif — the files of /usr/share/zoneinfo, read into a zone. Pure; takes any bytes.
 *
 * spec: RFC 8536, versions 1 to 4. Files that count leap seconds ("right/…") are refused: no
 * other clock of this program does.
 */
#ifndef KN_CODEC_TZIF_H
#define KN_CODEC_TZIF_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"
#include "lib/codec/zone.h"

struct kn_arena;

enum {
    KN_TZIF_SIZE_MAX = 64 * 1024, /* bytes of a file; the largest have 4 KiB */
    KN_TZIF_CHANGES_MAX = 2000,
    KN_TZIF_KINDS_MAX = 256,
};

/*
 * Read a file; its changes are the arena's. KN_E_SYNTAX: none, or with what no clock does;
 * KN_E_UNSUPPORTED: with leap seconds; KN_E_LIMIT: larger than the limits above; KN_E_NO_MEMORY.
 * `out` is written on success only.
 */
KN_MUST_USE enum kn_code kn_tzif_parse(struct kn_span bytes, struct kn_arena *arena,
                                       struct kn_zone *out);

#endif
