#include "config/outside.h"

#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/os/working.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), "public and own names must agree")

SAME(KWAAI_LAYER_CLI, KN_LAYER_CLI);
SAME(KWAAI_LAYER_FALLBACK, KN_LAYER_FALLBACK);
SAME(KWAAI_FILE_NOT_FOUND, KN_FILE_NOT_FOUND);
SAME(KWAAI_MERGE_ERROR, KN_MERGE_ERROR);
SAME(KWAAI_ERROR, KN_ERROR);
SAME(KWAAI_WARNING, KN_WARNING);

/* The command line, read. */
struct arguments {
    struct kn_flag *flags;
    struct kn_problem *wrong;
    size_t flag_count, wrong_count;
};

static enum kn_code note_wrong(struct kn_arena *arena, struct arguments *out, const char *name,
                               const struct kn_error *err)
{
    struct kn_problem *problem = &out->wrong[out->wrong_count++];

    *problem = (struct kn_problem){ .kind = KN_P_USAGE,
                                    .origin = { .layer = KN_LAYER_CLI, .age_s = -1 },
                                    .message = kn_arena_dup(arena, err->text),
                                    .hint = kn_arena_dup(arena, err->hint) };
    problem->origin.name = kn_arena_dup(arena, name);
    return kn_arena_failed(arena) ? KN_E_NO_MEMORY : KN_OK;
}

static enum kn_code read_arguments(const struct kwaai_config_options *options,
                                   struct kn_arena *arena, struct kn_config_request *request)
{
    struct arguments found = { 0 };
    size_t n = options->argument_count;

    found.flags = kn_arena_alloc(arena, n * sizeof(*found.flags));
    found.wrong = kn_arena_alloc(arena, n * sizeof(*found.wrong));
    if (found.flags == NULL || found.wrong == NULL)
        return KN_E_NO_MEMORY;
    for (size_t i = 0; i < n;) {
        struct kn_error err = { 0 };
        struct kn_flag flag = kn_flag_match(arena, options->arguments + i, n - i, &err);

        i += flag.used > 0 ? flag.used : 1;
        if (flag.kind == KN_FLAG_CONFIG)
            request->config_path = flag.value;
        else if (flag.kind == KN_FLAG_HOME)
            request->home = flag.value;
        else if (flag.kind == KN_FLAG_SETTING)
            found.flags[found.flag_count++] = flag;
        else if (note_wrong(arena, &found, flag.name, &err) != KN_OK)
            return KN_E_NO_MEMORY;
    }
    request->flags = found.flags;
    request->flag_count = found.flag_count;
    request->problems = found.wrong;
    request->problem_count = found.wrong_count;
    return KN_OK;
}

/* Where relative paths start when nobody says. */
static enum kn_code working_folder(struct kn_arena *arena, const char **out, struct kn_error *err)
{
    struct kn_text text = { 0 };
    enum kn_code rc = kn_working_folder(&text, err);

    *out = kn_arena_dup(arena, kn_text_get(&text));
    if (rc == KN_OK && (text.failed || *out == NULL))
        rc = kn_fail_no_memory(err);
    kn_text_done(&text);
    return rc;
}

enum kn_code kn_outside_request(const struct kwaai_config_options *options, struct kn_arena *arena,
                                struct kn_config_request *out, struct kn_error *err)
{
    struct kn_config_request request = { .config_path = options->config_path,
                                         .home = options->home,
                                         .environment = options->environment,
                                         .working = options->working_folder,
                                         .now_s = options->now_s };
    enum kn_code rc = KN_OK;

    if (request.working == NULL)
        rc = working_folder(arena, &request.working, err);
    if (request.now_s == 0)
        request.now_s = (int64_t)time(NULL);
    if (rc == KN_OK && read_arguments(options, arena, &request) != KN_OK)
        rc = kn_fail_no_memory(err);
    if (rc == KN_OK)
        *out = request;
    return rc;
}

struct kwaai_origin kn_outside_origin(const struct kn_origin *origin)
{
    return (struct kwaai_origin){ .layer = (enum kwaai_layer)origin->layer,
                                  .name = origin->name,
                                  .line = origin->line,
                                  .column = origin->column,
                                  .text = origin->text,
                                  .age_s = origin->age_s };
}

bool kn_outside_problem(const struct kn_snapshot *snapshot, size_t index, struct kwaai_problem *out)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    const struct kn_problem_info *info;
    const struct kn_problem *problem;

    if (index >= problems->n)
        return false;
    problem = &problems->at[index];
    info = kn_problem_info(problem->kind);
    *out = (struct kwaai_problem){ .kind = (enum kwaai_error_kind)info->error_kind,
                                   .severity = (enum kwaai_severity)info->severity,
                                   .word = info->word,
                                   .origin = kn_outside_origin(&problem->origin),
                                   .key = problem->key,
                                   .value = problem->value,
                                   .message = problem->message,
                                   .hint = problem->hint };
    return true;
}
