#include "node/control/run_end.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"
#include "lib/os/transient_file.h"
#include "node/control/run_file.h"

enum { END_FILE_MAX = 4096 };

static int64_t whole(const struct kn_json *object, const char *name)
{
    int64_t value;

    return kn_json_to_int(kn_json_get(object, name), &value) ? value : 0;
}

void kn_run_end_take(const char *path, int64_t pid, struct kn_run_end *out)
{
    struct kn_bytes bytes = { 0 };
    struct kn_json *object;
    const char *result;

    *out = (struct kn_run_end){ 0 };
    if (kn_file_read(path, END_FILE_MAX, &bytes, NULL) != KN_OK)
        return;
    object = kn_json_parse(bytes.at, bytes.n);
    result = kn_json_to_text(kn_json_get(object, "result"));
    if (pid > 0 && whole(object, "pid") == pid) {
        out->is_noted = true;
        out->pid = pid;
        out->oom_kills = whole(object, "oom_kills");
        (void)snprintf(out->result, sizeof(out->result), "%s", result != NULL ? result : "");
    }
    kn_json_free(object);
    kn_bytes_done(&bytes);
    kn_transient_file_remove(path);
}

static bool print(int64_t pid, int64_t oom_kills, const char *result, struct kn_text *out)
{
    struct kn_json *object = kn_json_object();
    bool ok = object != NULL && kn_json_set(object, "pid", kn_json_int(pid)) &&
              kn_json_set(object, "oom_kills", kn_json_int(oom_kills)) &&
              (result == NULL || kn_json_set(object, "result", kn_json_string(result))) &&
              kn_json_print(object, out);

    kn_json_free(object);
    return ok && !out->failed;
}

enum kn_code kn_run_end_note(const char *home, int64_t oom_kills, const char *result, bool *noted,
                             struct kn_error *err)
{
    struct kn_text run = { 0 }, end = { 0 }, text = { 0 };
    struct kn_run_look look = { 0 };
    struct kn_run_left left = { 0 };
    enum kn_code rc = kn_run_folder_look(home, &look, err);

    *noted = false;
    kn_text_addf(&run, "%s/run/node.json", home);
    kn_text_addf(&end, "%s/run/ended.json", home);
    if (rc == KN_OK && (run.failed || end.failed))
        rc = kn_fail_no_memory(err);
    if (rc == KN_OK && !look.runs)
        kn_run_file_left(run.at, &left);
    if (rc == KN_OK && left.is_there)
        rc = print(left.pid, oom_kills, result, &text)
                 ? kn_transient_file_write(end.at, text.at, text.n, err)
                 : kn_fail_no_memory(err);
    *noted = rc == KN_OK && left.is_there;
    kn_run_look_done(&look);
    kn_text_done(&run);
    kn_text_done(&end);
    kn_text_done(&text);
    return rc;
}
