/*
 * visit — inside of doctor.h: what every check may look at, and how it says what it saw.
 */
#ifndef KN_NODE_DOCTOR_VISIT_H
#define KN_NODE_DOCTOR_VISIT_H

#include "lib/base/shell.h"
#include "node/control/run_folder.h"
#include "node/doctor/doctor.h"
#include "node/presence/visitor.h"

enum { KN_VISIT_NAMES_MAX = 16 };

struct kn_visit;

/* One name that stands in an address of a bootstrap. */
struct kn_visit_name {
    struct kn_visit *visit;
    char name[256];
    struct kn_resolve *resolve; /* NULL: done */
    enum kn_code code;
    bool is_settled;
};

struct kn_visit {
    const struct kn_doctor_order *order;
    const struct kn_node_config *config;
    bool config_is_right;
    struct kn_run_look running;
    struct kn_visitor *visitor;
    struct kn_join *join; /* NULL: there is no bootstrap, or an address that is none */
    struct kn_error not_asked;
    bool has_joined;
    struct kn_timer *end;
    struct kn_visit_name names[KN_VISIT_NAMES_MAX];
    size_t name_count;
};

/* Ask the bootstraps and the resolver; waits until they have answered, or KN_DOCTOR_MS. */
KN_MUST_USE enum kn_code kn_visit_network(struct kn_visit *visit, struct kn_error *err);

/* What one check says, once. */
struct kn_diagnosis {
    struct kn_visit *visit;
    struct kn_doctor_result *result;
};

void kn_says(struct kn_diagnosis *d, enum kn_doctor_verdict verdict, const char *format, ...)
    KN_PRINTF(3, 4);

/* The command: words and formats as they are, ... */
void kn_fix(struct kn_diagnosis *d, const char *format, ...) KN_PRINTF(2, 3);

/* ... and a word more, quoted where it has to be. */
void kn_fix_word(struct kn_diagnosis *d, const char *word);

/* kwaainet config DEED [KEY [VALUE]], of the file that is read. */
void kn_fix_file(struct kn_diagnosis *d, const char *deed, const char *key, const char *value);

/* The command that gives `key` this value (NULL: none) where its present one was written: in the
 * file or in a variable. What stands on the command line is the typist's: no command then. */
void kn_fix_setting(struct kn_diagnosis *d, const char *key, const char *value);

typedef void kn_diagnose_fn(struct kn_diagnosis *d);

/* machine.c */
kn_diagnose_fn kn_diagnose_files, kn_diagnose_memory, kn_diagnose_gpu, kn_diagnose_disk;
/* place.c */
kn_diagnose_fn kn_diagnose_configuration, kn_diagnose_folder, kn_diagnose_identity,
    kn_diagnose_model;
/* reach.c */
kn_diagnose_fn kn_diagnose_port, kn_diagnose_address, kn_diagnose_names, kn_diagnose_bootstraps,
    kn_diagnose_clock;

#endif
