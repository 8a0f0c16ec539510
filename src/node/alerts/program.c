#include "node/alerts/program.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

static const char path_name[] = "PATH=";

static const char *path_of(const char *const *environment)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        if (strncmp(environment[i], path_name, sizeof(path_name) - 1) == 0)
            return environment[i] + sizeof(path_name) - 1;
    }
    return "";
}

/* The first file of that name; empty: none. */
static void search(const char *word, const char *folder, const char *path, struct kn_text *out)
{
    while (*path != '\0') {
        size_t n = strcspn(path, ":");

        kn_text_cut(out, 0);
        if (path[0] != '/') /* nothing between two colons is the folder itself */
            kn_text_addf(out, "%s/", folder);
        kn_text_addf(out, "%.*s/%s", (int)n, path, word);
        if (kn_file_exists(kn_text_get(out)))
            return;
        path += n + (path[n] == ':');
    }
    kn_text_cut(out, 0);
}

enum kn_code kn_alert_program_judge(const char *word, const char *folder,
                                    const char *const *environment, struct kn_error *err)
{
    struct kn_text path = { 0 };
    struct kn_error others = { 0 };

    if (word[0] == '/')
        kn_text_add(&path, word);
    else if (strchr(word, '/') != NULL)
        kn_text_addf(&path, "%s/%s", folder, word);
    else
        search(word, folder, path_of(environment), &path);
    if (path.failed) {
        kn_text_done(&path);
        return kn_fail_no_memory(err);
    }
    kn_file_judge(kn_text_get(&path), &others);
    if (others.code != KN_OK) {
        (void)kn_fail(err, others.code, "\"%s\" is not run; %s", word, others.text);
        kn_hint(err, "%s", others.hint);
    }
    kn_text_done(&path);
    return others.code;
}
