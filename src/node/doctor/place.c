/* Files: the configuration, the data folder, the key, the model. */
#include <stdio.h>
#include <string.h>

#include "lib/base/path.h"
#include "lib/os/access.h"
#include "node/doctor/visit.h"
#include "node/identity/identity.h"

/* -- configuration */

static const struct kn_problem *first_error(const struct kn_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        if (kn_problem_info(problems->at[i].kind)->severity == KN_ERROR)
            return &problems->at[i];
    }
    return NULL;
}

/* The command that takes the wrong value away, or the one that the problem itself names. */
static void cure_problem(struct kn_diagnosis *d, const struct kn_problem *problem)
{
    const char *run = problem->hint != NULL ? strstr(problem->hint, "Run: ") : NULL;

    if (run == problem->hint && run != NULL) {
        kn_fix(d, "%s", run + strlen("Run: "));
    } else if (problem->origin.layer == KN_LAYER_ENV && problem->origin.name != NULL) {
        kn_fix(d, "unset %s", problem->origin.name);
    } else if (problem->origin.layer != KN_LAYER_FILE || problem->kind == KN_P_MISSING_FILE) {
        return; /* typed just now */
    } else if (problem->key != NULL && kn_setting_find(problem->key) != NULL) {
        kn_fix_file(d, "unset", problem->key, NULL);
    } else {
        kn_fix_file(d, "edit", NULL, NULL);
    }
}

void kn_diagnose_configuration(struct kn_diagnosis *d)
{
    const struct kn_config_paths *paths = d->visit->order->paths;
    const struct kn_problems *problems = kn_snapshot_problems(d->visit->order->snapshot);
    const struct kn_problem *first = first_error(problems);
    char place[32] = "";

    if (first == NULL && problems->warnings == 0) {
        kn_says(d, KN_DOCTOR_OK, "%s%s", paths->config_exists ? paths->config : "there is no file",
                paths->config_exists ? " is correct" : "; built-in values hold");
        return;
    }
    if (first == NULL) {
        kn_says(d, KN_DOCTOR_WARNING, "%zu warning%s: see kwaainet config check",
                problems->warnings, problems->warnings == 1 ? "" : "s");
        return;
    }
    if (first->origin.line > 0)
        (void)snprintf(place, sizeof(place), ":%u:%u", first->origin.line, first->origin.column);
    kn_says(d, KN_DOCTOR_PROBLEM, "%zu error%s, the first: %s%s%s%s: %s", problems->errors,
            problems->errors == 1 ? "" : "s", first->origin.name != NULL ? first->origin.name : "",
            place, first->key != NULL ? " " : "", first->key != NULL ? first->key : "",
            first->message);
    cure_problem(d, first);
}

/* -- data folder */

static void add_command(struct kn_diagnosis *d, const char *command, const char *path)
{
    kn_fix(d, "%s ", command);
    kn_fix_word(d, path);
}

static void cure_read_only(struct kn_diagnosis *d, const char *path)
{
    kn_says(d, KN_DOCTOR_PROBLEM, "the file system of %s is mounted read-only", path);
    kn_fix(d, "sudo mount -o remount,rw \"$(findmnt -n -o TARGET -T ");
    kn_fix_word(d, path);
    kn_fix(d, ")\"");
}

/* The first start makes it, if what is nearest above may be written. */
static void diagnose_missing(struct kn_diagnosis *d, const char *home)
{
    struct kn_text above = { 0 };
    struct kn_access access = { 0 };
    enum kn_code rc = KN_E_NOT_FOUND;

    kn_text_add(&above, home);
    while (rc == KN_E_NOT_FOUND && !above.failed && strcmp(above.at, "/") != 0 &&
           strcmp(above.at, ".") != 0) {
        struct kn_text next = { 0 };

        kn_path_folder(above.at, &next);
        kn_text_done(&above);
        above = next;
        if (!above.failed)
            rc = kn_access_look(above.at, &access);
    }
    if (rc == KN_OK && access.is_read_only) {
        cure_read_only(d, kn_text_get(&above));
    } else if (rc == KN_OK && (!access.is_folder || !access.may_write || !access.may_enter)) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s is not there, and nothing may be made in %s", home,
                kn_text_get(&above));
        if (access.is_folder)
            add_command(d, "sudo install -d -m 700 -o \"$(id -u)\"", home);
    } else {
        kn_says(d, KN_DOCTOR_OK, "%s is not there yet; the first start makes it", home);
    }
    d->result->fix.failed = d->result->fix.failed || above.failed;
    kn_text_done(&above);
}

void kn_diagnose_folder(struct kn_diagnosis *d)
{
    const char *home = d->visit->order->paths->home;
    struct kn_access access;
    enum kn_code rc = kn_access_look(home, &access);
    struct kn_text aside = { 0 };

    if (rc == KN_E_NOT_FOUND) {
        diagnose_missing(d, home);
    } else if (rc != KN_OK) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s: a folder on its path may not be entered", home);
    } else if (!access.is_folder) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s is no folder", home);
        kn_text_addf(&aside, "%s.aside", home);
        add_command(d, "mv", home);
        kn_fix(d, " ");
        kn_fix_word(d, kn_text_get(&aside));
    } else if (!access.is_ours) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s belongs to another user (uid %lu)", home, access.owner);
        add_command(d, "sudo chown -R \"$(id -u)\"", home);
    } else if (access.is_read_only) {
        cure_read_only(d, home);
    } else if (!access.may_read || !access.may_write || !access.may_enter ||
               (access.mode & 0700) != 0700) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s may not be written: its mode is %04o", home, access.mode);
        add_command(d, "chmod u+rwx", home);
    } else if ((access.mode & 0022) != 0) {
        kn_says(d, KN_DOCTOR_PROBLEM, "others may write %s: its mode is %04o", home, access.mode);
        add_command(d, "chmod go-w", home);
    } else {
        kn_says(d, KN_DOCTOR_OK, "%s is ours, mode %04o%s", home, access.mode,
                d->visit->running.runs ? "; a node runs with it" : "");
    }
    kn_text_done(&aside);
}

/* -- the key */

void kn_diagnose_identity(struct kn_diagnosis *d)
{
    const struct kn_identity_place place = kn_identity_place_of(d->visit->order->snapshot);
    struct kn_identity identity = { 0 };
    struct kn_error err = { 0 };
    struct kn_access access;
    enum kn_code rc = kn_identity_look(&place, &identity, &err);

    if (rc == KN_OK && !identity.is_open) {
        kn_says(d, KN_DOCTOR_OK, "%s is a key, mode %04o", place.path, identity.mode);
    } else if (rc == KN_E_NOT_FOUND && !place.is_configured) {
        kn_says(d, KN_DOCTOR_OK, "there is no key yet; the first start makes one");
    } else if (kn_access_look(place.path, &access) != KN_OK) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s: %s", place.path, err.text);
        kn_fix_setting(d, "node.identity_key", NULL);
    } else if (!access.is_ours) {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s belongs to another user (uid %lu)", place.path,
                access.owner);
        add_command(d, "sudo chown \"$(id -u)\"", place.path);
    } else if (access.is_file && ((access.mode & 0077) != 0 || !access.may_read)) {
        kn_says(d, KN_DOCTOR_PROBLEM,
                "%s: others may read the private key, or we may not: its "
                "mode is %04o",
                place.path, access.mode);
        add_command(d, "chmod 600", place.path);
    } else {
        kn_says(d, KN_DOCTOR_PROBLEM, "%s: %s", place.path, err.text);
        add_command(d, "mv", place.path);
        kn_fix(d, " ");
        add_command(d, "", place.path);
        kn_fix(d, ".broken");
    }
    kn_identity_done(&identity);
}

/* -- the model */

void kn_diagnose_model(struct kn_diagnosis *d)
{
    const struct kn_path *path = &d->visit->config->model.path;
    struct kn_text config = { 0 };
    struct kn_access access;

    if (path->is != KN_GIVEN) {
        kn_says(d, KN_DOCTOR_OK, "model.path is not set; files come from the cache or the hub");
        return;
    }
    kn_text_addf(&config, "%s/config.json", path->text);
    if (config.failed || kn_access_look(kn_text_get(&config), &access) != KN_OK ||
        !access.may_read) {
        kn_says(d, KN_DOCTOR_PROBLEM, "model.path is %s, and no config.json can be read there",
                path->text);
        kn_fix_setting(d, "model.path", NULL);
    } else {
        kn_says(d, KN_DOCTOR_OK, "%s has a config.json", path->text);
    }
    kn_text_done(&config);
}
