#include "node/alerts/program.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

static const char path_name[] = "PATH=";
static const char usual_path[] = "/bin:/usr/bin"; /* spec: exec(3) */

static const char *path_of(const char *const *environment)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        if (strncmp(environment[i], path_name, sizeof(path_name) - 1) == 0)
            return environment[i] + sizeof(path_name) - 1;
    }
    return usual_path;
}

/* The first program of that name. What may not be run is passed over; nothing before, between or
 * behind colons is the folder itself. */
static bool search(const char *word, const char *folder, const char *path, struct kn_text *out)
{
    for (;;) {
        size_t n = strcspn(path, ":");

        kn_text_cut(out, 0);
        if (path[0] != '/')
            kn_text_addf(out, "%s/", folder);
        kn_text_addf(out, "%.*s%s%s", (int)n, path, n > 0 ? "/" : "", word);
        if (out->failed || kn_process_may_run(kn_text_get(out), NULL) == KN_OK)
            return true;
        if (path[n] == '\0')
            return false;
        path += n + 1;
    }
}

static enum kn_code find(const char *word, const char *folder, const char *const *environment,
                         struct kn_text *out, struct kn_error *err)
{
    if (word[0] == '/')
        kn_text_add(out, word);
    else if (strchr(word, '/') != NULL)
        kn_text_addf(out, "%s/%s", folder, word);
    else if (!search(word, folder, path_of(environment), out))
        return kn_fail(err, KN_E_NOT_FOUND, "cannot run \"%s\": no folder of PATH has it", word);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}

enum kn_code kn_alert_program_find(const char *word, const char *folder,
                                   const char *const *environment, struct kn_text *out,
                                   struct kn_error *err)
{
    struct kn_error others = { 0 };
    enum kn_code rc = find(word, folder, environment, out, err);

    if (rc != KN_OK)
        return rc;
    kn_file_judge(kn_text_get(out), &others);
    if (others.code != KN_OK) {
        (void)kn_fail(err, others.code, "\"%s\" is not run; %s", word, others.text);
        kn_hint(err, "%s", others.hint);
    }
    return others.code;
}
