#include "node/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/io/resolve.h"
#include "node/doctor/visit.h"

enum { SENTENCE_SIZE = 1024 };

struct check {
    const char *name;
    bool needs_configuration; /* a right one: its values are looked at */
    kn_diagnose_fn *diagnose;
};

static const struct check checks[] = {
    { "configuration", false, kn_diagnose_configuration },
    { "data folder", false, kn_diagnose_folder },
    { "disk", false, kn_diagnose_disk },
    { "identity", true, kn_diagnose_identity },
    { "open files", true, kn_diagnose_files },
    { "memory", true, kn_diagnose_memory },
    { "gpu", false, kn_diagnose_gpu },
    { "model files", true, kn_diagnose_model },
    { "port", true, kn_diagnose_port },
    { "addresses", true, kn_diagnose_address },
    { "names", true, kn_diagnose_names },
    { "bootstraps", true, kn_diagnose_bootstraps },
    { "clock", true, kn_diagnose_clock },
};

const char *kn_doctor_word(enum kn_doctor_verdict verdict)
{
    static const char *const words[] = { "ok", "warning", "problem" };

    return words[verdict];
}

void kn_says(struct kn_diagnosis *d, enum kn_doctor_verdict verdict, const char *format, ...)
{
    char sentence[SENTENCE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    d->result->verdict = verdict;
    kn_text_cut(&d->result->text, 0);
    kn_text_add(&d->result->text, sentence);
}

void kn_fix(struct kn_diagnosis *d, const char *format, ...)
{
    char sentence[SENTENCE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    kn_text_add(&d->result->fix, sentence);
}

void kn_fix_word(struct kn_diagnosis *d, const char *word)
{
    kn_shell_add(&d->result->fix, word);
}

void kn_fix_file(struct kn_diagnosis *d, const char *deed, const char *key, const char *value)
{
    const struct kn_config_paths *paths = d->visit->order->paths;

    kn_fix(d, "kwaainet config %s", deed);
    if (key != NULL) {
        kn_fix(d, " ");
        kn_fix_word(d, key);
    }
    if (value != NULL) {
        kn_fix(d, " ");
        kn_fix_word(d, value);
    }
    if (!paths->config_exists) /* it is made where this one was looked for */
        return;
    kn_fix(d, " --config ");
    kn_fix_word(d, paths->config);
}

void kn_fix_setting(struct kn_diagnosis *d, const char *key, const char *value)
{
    const struct kn_setting *setting = kn_setting_find(key);
    const struct kn_resolved *got = kn_snapshot_get(d->visit->order->snapshot, setting);
    const struct kn_origin *origin = got->assignments != NULL ? &got->assignments->origin : NULL;

    if (origin != NULL && origin->layer == KN_LAYER_CLI)
        return;
    if (origin != NULL && origin->layer == KN_LAYER_ENV && origin->name != NULL) {
        kn_fix(d, value != NULL ? "export %s=" : "unset %s", origin->name);
        if (value != NULL)
            kn_fix_word(d, value);
        return;
    }
    kn_fix_file(d, value != NULL ? "set" : "unset", key, value);
}

static enum kn_code look(struct kn_visit *visit, struct kn_doctor_report *out)
{
    bool failed = false;

    for (size_t i = 0; i < KN_COUNT(checks); i++) {
        struct kn_doctor_result *result = &out->results[out->n++];
        struct kn_diagnosis d = { visit, result };

        result->name = checks[i].name;
        if (checks[i].needs_configuration && !visit->config_is_right)
            kn_says(&d, KN_DOCTOR_WARNING, "not looked at: the configuration is wrong");
        else
            checks[i].diagnose(&d);
        out->problems += result->verdict == KN_DOCTOR_PROBLEM;
        out->warnings += result->verdict == KN_DOCTOR_WARNING;
        failed = failed || result->text.failed || result->fix.failed;
    }
    return failed ? KN_E_NO_MEMORY : KN_OK;
}

enum kn_code kn_doctor_look(const struct kn_doctor_order *order, struct kn_doctor_report *out,
                            struct kn_error *err)
{
    struct kn_visit visit = { .order = order };
    enum kn_code rc = KN_OK;

    *out = (struct kn_doctor_report){ 0 };
    visit.config = kn_snapshot_config(order->snapshot);
    visit.config_is_right = kn_snapshot_is_valid(order->snapshot);
    (void)!kn_run_folder_look(order->paths->home, &visit.running, NULL);
    if (visit.config_is_right)
        rc = kn_visit_network(&visit, err);
    if (rc == KN_OK && look(&visit, out) != KN_OK)
        rc = kn_fail_no_memory(err);
    for (size_t i = 0; i < visit.name_count; i++)
        kn_resolve_cancel(visit.names[i].resolve);
    kn_join_free(visit.join);
    kn_timer_free(visit.end);
    kn_visitor_free(visit.visitor);
    kn_run_look_done(&visit.running);
    return rc;
}

void kn_doctor_done(struct kn_doctor_report *report)
{
    for (size_t i = 0; i < report->n; i++) {
        kn_text_done(&report->results[i].text);
        kn_text_done(&report->results[i].fix);
    }
    *report = (struct kn_doctor_report){ 0 };
}
