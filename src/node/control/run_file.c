#include "node/control/run_file.h"

#include "lib/base/memory.h"
#include "lib/json/json.h"
#include "lib/os/file.h"
#include "lib/os/transient_file.h"

enum { PORT_MAX = 65535 };

static bool set_text(struct kn_json *object, const char *name, const char *text)
{
    return text == NULL || kn_json_set(object, name, kn_json_string(text));
}

static bool set_int(struct kn_json *object, const char *name, int64_t value)
{
    return value == 0 || kn_json_set(object, name, kn_json_int(value));
}

static struct kn_json *flag_list(const struct kn_run_facts *facts)
{
    struct kn_json *list = kn_json_array();
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < facts->flag_count; i++)
        ok = kn_json_append(list, kn_json_string(facts->flags[i]));
    if (ok)
        return list;
    kn_json_free(list);
    return NULL;
}

bool kn_run_file_print(const struct kn_run_facts *facts, int64_t pid, struct kn_text *out)
{
    struct kn_json *object = kn_json_object();
    bool ok = object != NULL && set_int(object, "pid", pid) &&
              set_text(object, "version", facts->version) &&
              set_int(object, "started", facts->started) &&
              set_int(object, "started_ms", facts->started_ms) &&
              set_text(object, "peer_id", facts->peer_id) && set_int(object, "port", facts->port) &&
              set_text(object, "config", facts->config) &&
              set_int(object, "oom_kills", facts->oom_kills) &&
              kn_json_set(object, "flags", flag_list(facts)) && kn_json_print(object, out);

    kn_json_free(object);
    return ok && !out->failed;
}

static bool read_flags(const struct kn_json *list, struct kn_run_look *out)
{
    size_t n = kn_json_count(list);

    if (n == 0)
        return true;
    out->flags = n <= KN_RUN_FLAGS_MAX ? kn_try_alloc(n * sizeof(*out->flags)) : NULL;
    if (out->flags == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        out->flags[i] = kn_json_to_text(kn_json_item(list, i));
        if (out->flags[i] == NULL)
            return false;
    }
    out->facts.flags = out->flags;
    out->facts.flag_count = n;
    return true;
}

static int64_t whole(const struct kn_json *object, const char *name)
{
    int64_t value;

    return kn_json_to_int(kn_json_get(object, name), &value) ? value : 0;
}

void kn_run_file_read(const char *bytes, size_t n, int64_t pid, struct kn_run_look *out)
{
    struct kn_json *object = kn_json_parse(bytes, n);
    int64_t port = whole(object, "port");

    if (pid <= 0 || whole(object, "pid") != pid) {
        kn_json_free(object);
        return;
    }
    out->document = object;
    out->facts = (struct kn_run_facts){
        .version = kn_json_to_text(kn_json_get(object, "version")),
        .peer_id = kn_json_to_text(kn_json_get(object, "peer_id")),
        .config = kn_json_to_text(kn_json_get(object, "config")),
        .started = whole(object, "started"),
        .started_ms = whole(object, "started_ms"),
        .port = port > 0 && port <= PORT_MAX ? (unsigned)port : 0,
    };
    if (!read_flags(kn_json_get(object, "flags"), out)) {
        kn_run_look_done(out);
        out->runs = true;
        out->pid = pid;
    }
}

void kn_run_file_left(const char *path, struct kn_run_left *out)
{
    struct kn_bytes bytes = { 0 };
    struct kn_json *object;

    *out = (struct kn_run_left){ 0 };
    if (kn_file_read(path, KN_RUN_FILE_MAX, &bytes, NULL) != KN_OK)
        return;
    object = kn_json_parse(bytes.at, bytes.n);
    out->is_there = whole(object, "pid") > 0; /* else it is no run file */
    out->pid = whole(object, "pid");
    out->oom_kills = whole(object, "oom_kills");
    out->at_s = kn_transient_file_time(path);
    kn_json_free(object);
    kn_bytes_done(&bytes);
}

void kn_run_file_find(const char *home, struct kn_run_look *out)
{
    struct kn_text path = { 0 };
    struct kn_bytes bytes = { 0 };

    kn_text_addf(&path, "%s/run/node.json", home);
    if (!path.failed && kn_file_read(path.at, KN_RUN_FILE_MAX, &bytes, NULL) == KN_OK)
        kn_run_file_read(bytes.at, bytes.n, out->pid, out);
    kn_bytes_done(&bytes);
    kn_text_done(&path);
}

void kn_run_look_done(struct kn_run_look *look)
{
    kn_json_free(look->document);
    kn_free(look->flags);
    *look = (struct kn_run_look){ 0 };
}
