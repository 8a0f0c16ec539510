#include "config/config.h"

#include <string.h>

#include "config/hours/hours_check.h"
#include "config/resolve/fallback.h"
#include "config/sources/cache.h"
#include "config/sources/env.h"
#include "config/sources/file.h"
#include "lib/base/arena.h"
#include "lib/base/path.h"
#include "lib/base/text.h"
#include "lib/os/user.h"
#include "lib/yaml/yaml.h"

enum { FILES_MAX = 3 }; /* the configuration and two caches */

/* One load under way. */
struct load {
    const struct kn_config_request *request;
    struct kn_arena *arena;
    struct kn_layers layers;
    struct kn_problems problems;
    struct kn_config_paths paths;
    const char *const *environment;
    struct kn_bytes files[FILES_MAX]; /* trees and problems look into them until the end */
    size_t file_count;
    struct kn_error others; /* who else may write the file that was read last; code KN_OK: nobody */
};

static enum kn_code expand(const struct kn_config_request *request, struct kn_arena *arena,
                           const char *path, const char *base, const char **out,
                           struct kn_error *err)
{
    const char *const *environment = request->environment;
    struct kn_text text = { 0 };
    enum kn_code rc = kn_path_expand(path, base, kn_lookup_in, &environment, &text, err);

    if (rc == KN_OK) {
        *out = kn_arena_dup(arena, kn_text_get(&text));
        if (*out == NULL)
            rc = kn_fail_no_memory(err);
    }
    kn_text_done(&text);
    return rc;
}

static const char *filled(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* ~/.kwaainet; without HOME, the home that the system knows for this user. */
static enum kn_code default_home(const struct kn_config_request *request, struct kn_arena *arena,
                                 const char **out, struct kn_error *err)
{
    const char *const *environment = request->environment;
    struct kn_text home = { 0 };
    enum kn_code rc;

    if (filled(kn_lookup_in(&environment, "HOME")) != NULL)
        return expand(request, arena, "~/.kwaainet", NULL, out, err);
    rc = kn_user_home(&home, err);
    if (rc == KN_OK) {
        *out = kn_arena_printf(arena, "%s/.kwaainet", kn_text_get(&home));
        if (*out == NULL)
            rc = kn_fail_no_memory(err);
    }
    kn_text_done(&home);
    return rc;
}

enum kn_code kn_config_locate(const struct kn_config_request *request, struct kn_arena *arena,
                              struct kn_config_paths *out, struct kn_error *err)
{
    const char *const *environment = request->environment;
    const char *home = filled(request->home), *file = filled(request->config_path);
    enum kn_code rc;

    if (home == NULL)
        home = filled(kn_lookup_in(&environment, "KWAAINET_HOME"));
    if (file == NULL)
        file = filled(kn_lookup_in(&environment, "KWAAINET_CONFIG"));
    *out = (struct kn_config_paths){ .config_named = file != NULL };
    rc = home != NULL ? expand(request, arena, home, request->working, &out->home, err)
                      : default_home(request, arena, &out->home, err);
    if (rc != KN_OK) {
        kn_wrap(err, "the data folder");
        return rc;
    }
    rc = expand(request, arena, file != NULL ? file : KN_CONFIG_FILE, request->working,
                &out->config, err);
    if (rc != KN_OK) {
        kn_wrap(err, "the configuration file");
        return rc;
    }
    out->config_exists = kn_file_exists(out->config);
    out->discovery_cache = kn_arena_printf(arena, "%s/discovery_cache.yaml", out->home);
    out->calibration = kn_arena_printf(arena, "%s/calibration.yaml", out->home);
    return kn_arena_failed(arena) ? kn_fail_no_memory(err) : KN_OK;
}

static struct kn_source source_in(struct load *load, const char *base)
{
    return (struct kn_source){ .layers = &load->layers,
                               .base = base,
                               .lookup = kn_lookup_in,
                               .lookup_arg = &load->environment,
                               .machine = load->request->machine };
}

/* A problem with a whole file. */
static void note_file(struct load *load, enum kn_problem_kind kind, const char *name,
                      const char *message, const char *hint)
{
    struct kn_problem problem = { .kind = kind,
                                  .origin = { .layer = KN_LAYER_FILE, .name = name, .age_s = -1 },
                                  .message = message,
                                  .hint = hint };

    kn_problems_add(&load->problems, &problem);
}

/* How messages call a file: as short as it is from the working folder. */
static const char *short_name(const struct load *load, const char *path)
{
    size_t n = load->request->working != NULL ? strlen(load->request->working) : 0;

    if (n > 1 && strncmp(path, load->request->working, n) == 0 && path[n] == '/')
        return path + n + 1;
    return path;
}

static void take_bytes(struct load *load, const struct kn_bytes *bytes, const char *name,
                       enum kn_file_part part)
{
    struct kn_yaml_document *doc = kn_arena_alloc(load->arena, sizeof(*doc));
    struct kn_text folder = { 0 };
    struct kn_source source;

    kn_path_folder(load->paths.config, &folder);
    if (folder.failed)
        kn_arena_fail(load->arena);
    source = source_in(load, kn_arena_dup(load->arena, kn_text_get(&folder)));
    source.part = part;
    kn_text_done(&folder);
    name = kn_arena_dup(load->arena, name);
    if (doc == NULL || source.base == NULL || name == NULL)
        return;
    if (kn_yaml_parse(load->arena, bytes->at != NULL ? bytes->at : "", bytes->n, doc) == KN_OK)
        kn_file_take(&source, doc, name);
    else
        kn_arena_fail(load->arena);
}

/* Read a file into memory that lives as long as the load; NULL when that failed. */
static const struct kn_bytes *read_file(struct load *load, const char *path, struct kn_error *err)
{
    struct kn_bytes *bytes = &load->files[load->file_count];

    if (kn_file_read_judged(path, KN_YAML_SIZE_MAX, bytes, &load->others, err) == KN_OK) {
        load->file_count++;
        return bytes;
    }
    if (err->code == KN_E_NO_MEMORY)
        kn_arena_fail(load->arena);
    return NULL;
}

/* Of the program that a command begins with, if that is a path and nothing stands around it. */
static void judge_program(const char *command, struct kn_arena *arena, struct kn_error *others)
{
    size_t n = strcspn(command, " \t\"'\\");
    const char *path;

    *others = (struct kn_error){ .code = KN_OK };
    if (command[0] != '/' || (command[n] != '\0' && command[n] != ' ' && command[n] != '\t'))
        return; /* it is looked at when it is to run */
    path = kn_arena_dup_n(arena, command, n);
    if (path != NULL)
        kn_file_judge(path, others);
}

static void refuse_command(struct load *load, const struct kn_assignment *at, const char *what,
                           const struct kn_error *others)
{
    struct kn_problem problem = {
        .kind = KN_P_INVALID, .hint = others->hint, .origin = at->origin, .key = at->setting->key
    };

    problem.message = kn_arena_printf(load->arena, "%s; %s", what, others->text);
    if (problem.message == NULL)
        return;
    if (load->layers.file != NULL)
        kn_problem_locate(&problem, load->arena, load->layers.file, at->start, at->end);
    kn_problems_add(&load->problems, &problem);
}

/*
 * Whoever may write a file that names a command, or the program, may have this user run anything. A
 * command that comes from elsewhere, or that is null, is none of the file's.
 */
static void mind_commands(struct load *load)
{
    const struct kn_layer *layer = &load->layers.by_kind[KN_LAYER_FILE];

    for (size_t i = 0; i < layer->n; i++) {
        const struct kn_assignment *at = &layer->at[i];
        struct kn_error program;

        if (strcmp(at->setting->key, "alerts.command") != 0 || at->value.is != KN_GIVEN)
            continue;
        judge_program(at->value.text, load->arena, &program);
        if (load->others.code != KN_OK)
            refuse_command(load, at, "a command from a file that others decide on", &load->others);
        else if (program.code != KN_OK)
            refuse_command(load, at, "a program that others decide on", &program);
        break;
    }
}

static void take_file(struct load *load)
{
    const char *path = load->paths.config, *name = short_name(load, path);
    struct kn_error err = { 0 };
    const struct kn_bytes *bytes;

    if (!load->paths.config_exists) {
        if (load->paths.config_named)
            note_file(load, KN_P_MISSING_FILE, name, "the file does not exist",
                      "Correct the path, or leave --config out to use ./" KN_CONFIG_FILE ".");
        return;
    }
    bytes = read_file(load, path, &err);
    if (bytes != NULL) {
        take_bytes(load, bytes, name, KN_FILE_WHOLE);
        mind_commands(load);
    } else if (err.code == KN_E_LIMIT)
        note_file(load, KN_P_LIMIT, name, err.text, "A configuration has at most 1 MiB.");
    else if (err.code != KN_E_NO_MEMORY)
        note_file(load, KN_P_UNREADABLE, name, err.text, err.hint);
}

/* What was read before, in place of the file. */
static void take_copy(struct load *load, const struct kn_config_copy *copy)
{
    const char *name = short_name(load, load->paths.config);

    if (copy->others != NULL)
        load->others = *copy->others;
    if (copy->then == copy->now && copy->now != NULL)
        take_bytes(load, copy->now, name, KN_FILE_WHOLE);
    if (copy->then != copy->now && copy->then != NULL)
        take_bytes(load, copy->then, name, KN_FILE_WAITING);
    if (copy->then != copy->now && copy->now != NULL)
        take_bytes(load, copy->now, name, KN_FILE_AT_ONCE);
    mind_commands(load);
}

enum kn_code kn_config_read(const char *path, struct kn_bytes *out, struct kn_error *others,
                            struct kn_error *err)
{
    return kn_file_read_judged(path, KN_YAML_SIZE_MAX, out, others, err);
}

typedef void cache_fn(const struct kn_source *source, const struct kn_yaml_document *doc,
                      const char *name, int64_t now_s);

static void take_cache(struct load *load, const char *path, cache_fn *take)
{
    struct kn_yaml_document *doc;
    struct kn_source source = source_in(load, load->paths.home);
    struct kn_error err = { 0 };
    const struct kn_bytes *bytes;
    struct kn_problem problem = { .kind = KN_P_CACHE,
                                  .origin = { .layer = KN_LAYER_CACHE, .name = path, .age_s = -1 },
                                  .hint = "The next start builds it anew." };

    bytes = read_file(load, path, &err);
    if (bytes == NULL) {
        problem.message = err.text;
        if (err.hint[0] != '\0')
            problem.hint = err.hint;
        if (err.code != KN_E_NOT_FOUND && err.code != KN_E_NO_MEMORY)
            kn_problems_add(&load->problems, &problem);
        return;
    }
    doc = kn_arena_alloc(load->arena, sizeof(*doc));
    if (doc == NULL)
        return;
    if (kn_yaml_parse(load->arena, bytes->at, bytes->n, doc) == KN_OK)
        take(&source, doc, path, load->request->now_s);
    else
        kn_arena_fail(load->arena);
}

static void take_flags(struct load *load)
{
    struct kn_source source = source_in(load, load->request->working);

    for (size_t i = 0; i < load->request->problem_count; i++)
        kn_problems_add(&load->problems, &load->request->problems[i]);
    for (size_t i = 0; i < load->request->flag_count; i++)
        kn_flag_take(&source, &load->request->flags[i]);
}

static void take_environment(struct load *load)
{
    struct kn_source source = source_in(load, load->request->working);

    kn_env_take(&source, load->environment);
}

static void take_discovered(struct load *load)
{
    struct kn_source source = source_in(load, load->paths.home);

    for (size_t i = 0; i < load->request->discovered_count; i++) {
        const struct kn_discovered *found = &load->request->discovered[i];
        const struct kn_setting *setting = kn_setting_find(found->key);
        struct kn_origin origin = { .layer = KN_LAYER_DISCOVERY, .age_s = -1 };
        const char *value = kn_arena_dup(load->arena, found->value);

        origin.text = kn_arena_dup(load->arena, found->reason);
        if (setting != NULL && value != NULL)
            kn_layer_read_word(&source, setting, value, &origin, false);
    }
}

/* Last of all: which schedules hold is known then. */
static void check_hours(struct load *load)
{
    const struct kn_zones_place place = {
        .root = "",
        .local = kn_lookup_in(&load->environment, "TZ"),
    };

    kn_hours_check(&load->layers, &place, load->request->now_s);
}

static enum kn_code begin(struct load *load, struct kn_error *err)
{
    load->environment = load->request->environment;
    load->arena = kn_arena_new();
    if (load->arena == NULL)
        return kn_fail_no_memory(err);
    load->problems = kn_problems_new(load->arena, KN_KEEP);
    load->layers = (struct kn_layers){ .arena = load->arena, .problems = &load->problems };
    return kn_config_locate(load->request, load->arena, &load->paths, err);
}

/* `bytes` instead of the file when given. */
static enum kn_code load_with(const struct kn_config_request *request, const char *name,
                              const struct kn_bytes *bytes, struct kn_snapshot **out,
                              struct kn_error *err)
{
    struct load load = { .request = request };
    struct kn_source built_in;
    enum kn_code rc = begin(&load, err);

    if (rc != KN_OK) {
        kn_arena_free(load.arena);
        return rc;
    }
    take_flags(&load);
    take_environment(&load);
    if (bytes != NULL)
        take_bytes(&load, bytes, kn_arena_dup(load.arena, name), KN_FILE_WHOLE);
    else if (request->copy != NULL)
        take_copy(&load, request->copy);
    else
        take_file(&load);
    built_in = source_in(&load, load.paths.home);
    kn_fallback_take(&built_in);
    /* The caches last: which of their facts hold depends on what everybody else says. */
    if (!request->without_caches) {
        take_cache(&load, load.paths.discovery_cache, kn_cache_take_discovery);
        take_cache(&load, load.paths.calibration, kn_cache_take_calibration);
    }
    take_discovered(&load);
    check_hours(&load);
    rc = kn_snapshot_new(&load.layers, out);
    for (size_t i = 0; i < load.file_count; i++)
        kn_bytes_done(&load.files[i]);
    return rc == KN_OK ? KN_OK : kn_fail_no_memory(err);
}

enum kn_code kn_config_load(const struct kn_config_request *request, struct kn_snapshot **out,
                            struct kn_error *err)
{
    return load_with(request, NULL, NULL, out, err);
}

enum kn_code kn_config_load_bytes(const struct kn_config_request *request, const char *name,
                                  const struct kn_bytes *bytes, struct kn_snapshot **out,
                                  struct kn_error *err)
{
    return load_with(request, name, bytes, out, err);
}
