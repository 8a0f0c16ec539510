/*
 * doctor — what would keep a node from starting, or from being of use, and the command that cures
 * each of it.
 *
 * One table of checks over what this machine, its files and the bootstraps say. Changes nothing and
 * needs no node; one that runs with the same data folder is known, and what it holds is no problem.
 * Asks the network for KN_DOCTOR_MS at most. For commands: it has a loop of its own and blocks.
 */
#ifndef KN_NODE_DOCTOR_DOCTOR_H
#define KN_NODE_DOCTOR_DOCTOR_H

#include "config/config.h"
#include "lib/base/text.h"

enum { KN_DOCTOR_MS = 4000, KN_DOCTOR_CHECKS_MAX = 16 };

enum kn_doctor_verdict { KN_DOCTOR_OK, KN_DOCTOR_WARNING, KN_DOCTOR_PROBLEM };

/* "ok", "warning", "problem"; static. */
const char *kn_doctor_word(enum kn_doctor_verdict verdict);

struct kn_doctor_result {
    const char *name; /* of the check; static */
    enum kn_doctor_verdict verdict;
    struct kn_text text; /* what was seen: words by others are not made harmless */
    struct kn_text fix;  /* a command for a POSIX shell; "": no command of this machine cures it */
};

struct kn_doctor_order {
    const struct kn_config_request *request;
    const struct kn_config_paths *paths;
    const struct kn_snapshot *snapshot; /* right or wrong */
    const char *root;                   /* stands before /proc and /sys; "" is the machine's own */
};

struct kn_doctor_report {
    struct kn_doctor_result results[KN_DOCTOR_CHECKS_MAX];
    size_t n;
    size_t problems, warnings;
};

/* Look at everything. Release with kn_doctor_done(), also after a failure: KN_E_NO_MEMORY, and as
 * kn_visitor_new(). */
KN_MUST_USE enum kn_code kn_doctor_look(const struct kn_doctor_order *order,
                                        struct kn_doctor_report *out, struct kn_error *err);
void kn_doctor_done(struct kn_doctor_report *report);

#endif
