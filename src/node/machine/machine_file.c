#include "node/machine/machine_file.h"

#include <string.h>

#include "config/schema/type.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/base/text.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/os/file.h"
#include "lib/yaml/yaml.h"

enum member { IS_TEXT, IS_COUNT, IS_BYTES, IS_KIND };

/* A field: read as a setting is, so that the same is said about the same mistakes. */
struct field {
    struct kn_setting setting;
    enum member is;
    size_t offset, size;
};

#define MEMORY_MAX (1024 * 1024) /* GiB */

#define ROW(type_, is_, struct_, member_, ...)                   \
    {                                                            \
        .setting = { .type = &(type_), __VA_ARGS__ }, .is = is_, \
        .offset = offsetof(struct struct_, member_),             \
        .size = sizeof(((struct struct_ *)0)->member_)           \
    }
#define TEXT(struct_, member_, ...) ROW(kn_type_string, IS_TEXT, struct_, member_, __VA_ARGS__)
#define COUNT(struct_, member_, ...) ROW(kn_type_int, IS_COUNT, struct_, member_, __VA_ARGS__)
#define BYTES(struct_, member_, ...)                                          \
    ROW(kn_type_size, IS_BYTES, struct_, member_, __VA_ARGS__, .unit = "GiB", \
        .range = { 0, MEMORY_MAX })

#define CORES .range = { 1, KN_MACHINE_CORES_MAX }

static const struct kn_word kinds[] = {
    [KN_GPU_NVIDIA] = { "nvidia", NULL },
    [KN_GPU_AMD] = { "amd", NULL },
    { NULL, NULL },
};

static const struct field machine_fields[] = {
    TEXT(kn_hardware, platform, .key = "platform"),
    TEXT(kn_hardware, architecture, .key = "architecture"),
    TEXT(kn_hardware, cpu_name, .key = "cpu"),
    COUNT(kn_hardware, cores, .key = "cores", CORES),
    COUNT(kn_hardware, physical_cores, .key = "physical_cores", CORES),
    BYTES(kn_hardware, memory_total, .key = "memory_total"),
    BYTES(kn_hardware, memory_available, .key = "memory_available"),
    TEXT(kn_hardware, host_name, .key = "host_name"),
    TEXT(kn_hardware, user_name, .key = "user_name"),
};

static const struct field gpu_fields[] = {
    ROW(kn_type_choice, IS_KIND, kn_gpu_facts, kind, .key = "kind", .words = kinds),
    TEXT(kn_gpu_facts, name, .key = "name"),
    BYTES(kn_gpu_facts, total_bytes, .key = "memory_total"),
    BYTES(kn_gpu_facts, free_bytes, .key = "memory_free"),
    COUNT(kn_gpu_facts, capability, .key = "capability", .range = { 10, 999 }),
};

static const struct {
    const char *name;
    size_t offset;
} features[] = {
#define FEATURE(name)                                 \
    {                                                 \
#name, offsetof(struct kn_cpu_features, name) \
    }
    FEATURE(avx2),        FEATURE(f16c),     FEATURE(avx512f),  FEATURE(avx512_vnni),
    FEATURE(avx512_bf16), FEATURE(amx_bf16), FEATURE(amx_int8), FEATURE(neon),
    FEATURE(sve),         FEATURE(bf16),
#undef FEATURE
};

struct reading {
    const char *name;
    struct kn_yaml_document doc;
    struct kn_arena *arena;
    struct kn_error *err;
    bool failed;
};

/* The first mistake is the one that is told. */
static bool reject(struct reading *r, const struct kn_yaml_node *at, const char *key,
                   const struct kn_error *what)
{
    struct kn_yaml_position place = kn_yaml_locate(&r->doc, at->start);

    if (r->failed)
        return false;
    r->failed = true;
    (void)kn_fail(r->err, what->code, "%s:%u:%u  %s%s%s", r->name, place.line, place.column, key,
                  key[0] != '\0' ? ": " : "", what->text);
    if (what->hint[0] != '\0')
        kn_hint(r->err, "%s", what->hint);
    return false;
}

struct reporting {
    struct reading *reading;
    const char *key;
};

static void on_report(void *arg, const struct kn_yaml_node *at, enum kn_problem_kind kind,
                      const struct kn_error *err)
{
    const struct reporting *reporting = arg;

    (void)kind;
    (void)reject(reporting->reading, at, reporting->key, err);
}

static bool store(struct reading *r, const struct kn_yaml_node *node, const struct field *field,
                  const struct kn_value *value, void *out)
{
    char *member = (char *)out + field->offset;
    struct kn_error err = { 0 };
    size_t n;

    switch (field->is) {
    case IS_COUNT:
        *(int *)(void *)member = (int)value->integer;
        return true;
    case IS_BYTES:
        *(int64_t *)(void *)member = value->integer;
        return true;
    case IS_KIND:
        *(enum kn_gpu_kind *)(void *)member = (enum kn_gpu_kind)value->integer;
        return true;
    case IS_TEXT:
        break;
    }
    n = strlen(value->text);
    if (n < field->size) {
        memcpy(member, value->text, n + 1);
        return true;
    }
    (void)kn_fail(&err, KN_E_LIMIT, "the text is longer than %zu bytes", field->size - 1);
    return reject(r, node, field->setting.key, &err);
}

static bool take_value(struct reading *r, const struct kn_yaml_node *key, const struct field *field,
                       void *out)
{
    struct reporting reporting = { r, field->setting.key };
    const struct kn_reading how = {
        .setting = &field->setting,
        .arena = r->arena,
        .report = on_report,
        .report_arg = &reporting,
    };
    struct kn_value value = { .is = KN_GIVEN };

    if (kn_yaml_is_null(key->value))
        return true;
    return field->setting.type->read(&how, key->value, &value) &&
           store(r, key->value, field, &value, out);
}

static bool reject_wanted(struct reading *r, const struct kn_yaml_node *at, const char *key,
                          const char *wanted)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID, "%s is wanted here", wanted);
    return reject(r, at, key, &err);
}

/* The field of that key, NULL after a rejection. */
static const struct field *find(struct reading *r, const struct kn_yaml_node *key,
                                const struct field *fields, size_t n)
{
    struct kn_nearest nearest = kn_nearest_to(key->text);
    struct kn_error err = { 0 };

    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].setting.key, key->text) == 0)
            return &fields[i];
        kn_nearest_offer(&nearest, fields[i].setting.key);
    }
    if (fields == machine_fields) {
        kn_nearest_offer(&nearest, "features");
        kn_nearest_offer(&nearest, "gpus");
    }
    (void)kn_fail(&err, KN_E_INVALID, "unknown field \"%.60s\"", key->text);
    if (nearest.best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest.best);
    (void)reject(r, key, "", &err);
    return NULL;
}

static bool take_feature(struct reading *r, const struct kn_yaml_node *item,
                         struct kn_cpu_features *out)
{
    struct kn_nearest nearest;
    struct kn_error err = { 0 };

    if (item->kind != KN_YAML_SCALAR)
        return reject_wanted(r, item, "features", "the name of an instruction set");
    nearest = kn_nearest_to(item->text);
    for (size_t i = 0; i < KN_COUNT(features); i++) {
        if (strcmp(features[i].name, item->text) == 0) {
            *(bool *)(void *)((char *)out + features[i].offset) = true;
            return true;
        }
        kn_nearest_offer(&nearest, features[i].name);
    }
    (void)kn_fail(&err, KN_E_INVALID, "unknown instruction set \"%.60s\"", item->text);
    if (nearest.best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest.best);
    return reject(r, item, "features", &err);
}

static bool take_features(struct reading *r, const struct kn_yaml_node *list,
                          struct kn_hardware *out)
{
    if (kn_yaml_is_null(list))
        return true;
    if (list->kind != KN_YAML_SEQUENCE)
        return reject_wanted(r, list, "features", "a list");
    for (const struct kn_yaml_node *item = list->first; item != NULL; item = item->next) {
        if (!take_feature(r, item, &out->features))
            return false;
    }
    return true;
}

/* No machine has more of it free than there is. */
static bool is_consistent(struct reading *r, const struct kn_yaml_node *map, const char *free_key,
                          int64_t free_bytes, int64_t total_bytes)
{
    struct kn_error err = { 0 };

    if (total_bytes < 0 || free_bytes <= total_bytes)
        return true;
    (void)kn_fail(&err, KN_E_INVALID, "more than memory_total");
    return reject(r, kn_yaml_find(map, free_key)->value, free_key, &err);
}

static bool take_gpu(struct reading *r, const struct kn_yaml_node *map, struct kn_gpu_facts *out)
{
    *out = (struct kn_gpu_facts){ .total_bytes = KN_FACT_UNKNOWN,
                                  .free_bytes = KN_FACT_UNKNOWN,
                                  .capability = KN_FACT_UNKNOWN };
    if (map->kind != KN_YAML_MAPPING)
        return reject_wanted(r, map, "gpus", "a map of kind, name, memory_total and memory_free");
    for (const struct kn_yaml_node *key = map->first; key != NULL; key = key->next) {
        const struct field *field = find(r, key, gpu_fields, KN_COUNT(gpu_fields));

        if (field == NULL || !take_value(r, key, field, out))
            return false;
    }
    if (kn_yaml_find(map, "kind") == NULL || kn_yaml_is_null(kn_yaml_find(map, "kind")->value))
        return reject_wanted(r, map, "gpus", "a kind, nvidia or amd,");
    return is_consistent(r, map, "memory_free", out->free_bytes, out->total_bytes);
}

static bool take_gpus(struct reading *r, const struct kn_yaml_node *list, struct kn_hardware *out)
{
    struct kn_error err = { 0 };

    if (kn_yaml_is_null(list))
        return true;
    if (list->kind != KN_YAML_SEQUENCE)
        return reject_wanted(r, list, "gpus", "a list");
    if (list->count > KN_GPUS_MAX) {
        (void)kn_fail(&err, KN_E_LIMIT, "more than %d cards", KN_GPUS_MAX);
        return reject(r, list, "gpus", &err);
    }
    for (const struct kn_yaml_node *item = list->first; item != NULL; item = item->next) {
        if (!take_gpu(r, item, &out->gpus[out->gpu_count]))
            return false;
        out->gpu_count++;
    }
    return true;
}

static bool take_field(struct reading *r, const struct kn_yaml_node *key, struct kn_hardware *out)
{
    const struct field *field;

    if (strcmp(key->text, "features") == 0)
        return take_features(r, key->value, out);
    if (strcmp(key->text, "gpus") == 0)
        return take_gpus(r, key->value, out);
    field = find(r, key, machine_fields, KN_COUNT(machine_fields));
    return field != NULL && take_value(r, key, field, out);
}

static bool take_all(struct reading *r, struct kn_hardware *out)
{
    *out = (struct kn_hardware){
        .cores = KN_FACT_UNKNOWN,
        .physical_cores = KN_FACT_UNKNOWN,
        .cpu_quota = KN_FACT_UNKNOWN,
        .memory_total = KN_FACT_UNKNOWN,
        .memory_available = KN_FACT_UNKNOWN,
        .memory_limit = KN_FACT_UNKNOWN,
        .memory_left = KN_FACT_UNKNOWN,
        .open_files = KN_FACT_UNKNOWN,
    };
    for (const struct kn_yaml_node *key = r->doc.root->first; key != NULL; key = key->next) {
        if (!take_field(r, key, out))
            return false;
    }
    return is_consistent(r, r->doc.root, "memory_available", out->memory_available,
                         out->memory_total);
}

static enum kn_code refuse_yaml(struct reading *r)
{
    const struct kn_yaml_fault *fault = r->doc.faults;
    struct kn_yaml_node at = { .start = r->doc.fault_count > 0 ? fault->start : 0 };
    struct kn_error err = { 0 };

    if (r->doc.fault_count == 0) {
        (void)kn_fail(&err, KN_E_SYNTAX, "a map of facts is wanted here");
    } else {
        (void)kn_fail(&err, KN_E_SYNTAX, "%s", fault->message);
        if (fault->hint != NULL)
            kn_hint(&err, "%s", fault->hint);
    }
    (void)reject(r, &at, "", &err);
    return KN_E_SYNTAX;
}

static enum kn_code decode(struct reading *r, const char *bytes, size_t n, struct kn_hardware *out)
{
    const struct kn_yaml_document *doc = &r->doc;
    struct kn_hardware found;

    if (kn_yaml_parse(r->arena, bytes, n, &r->doc) != KN_OK)
        return kn_fail_no_memory(r->err);
    if (doc->fault_count > 0 || doc->root == NULL || doc->root->kind != KN_YAML_MAPPING)
        return refuse_yaml(r);
    if (!take_all(r, &found))
        return r->failed ? KN_E_INVALID : kn_fail_no_memory(r->err);
    *out = found;
    return KN_OK;
}

enum kn_code kn_machine_file_decode(const char *name, const char *bytes, size_t n,
                                    struct kn_hardware *out, struct kn_error *err)
{
    struct kn_error unheard;
    struct reading r = { .name = name,
                         .arena = kn_arena_new(),
                         .err = err != NULL ? err : &unheard };
    enum kn_code rc;

    if (r.arena == NULL)
        return kn_fail_no_memory(err);
    rc = decode(&r, bytes, n, out);
    if (rc == KN_E_INVALID)
        rc = r.err->code = KN_E_INVALID; /* whichever it was: a value that does not go here */
    kn_arena_free(r.arena);
    return rc;
}

enum kn_code kn_machine_file_read(const char *path, const char *working, struct kn_hardware *out,
                                  struct kn_error *err)
{
    struct kn_text whole = { 0 };
    struct kn_bytes bytes = { 0 };
    enum kn_code rc;

    if (path[0] != '/' && working != NULL)
        kn_text_addf(&whole, "%s/", working);
    kn_text_add(&whole, path);
    if (whole.failed)
        return kn_fail_no_memory(err);
    rc = kn_file_read(kn_text_get(&whole), KN_MACHINE_FILE_MAX, &bytes, err);
    if (rc != KN_OK)
        kn_wrap(err, "machine file %s", path);
    else
        rc = kn_machine_file_decode(path, bytes.at, bytes.n, out, err);
    kn_bytes_done(&bytes);
    kn_text_done(&whole);
    return rc;
}

static bool is_loopback(const char *address)
{
    struct kn_buffer bytes = { 0 };
    bool is = kn_multiaddr_to_bytes(kn_span_text(address), &bytes, NULL) == KN_OK &&
              kn_multiaddr_scope(kn_buffer_get(&bytes)) == KN_SCOPE_LOOPBACK;

    kn_buffer_done(&bytes);
    return is;
}

enum kn_code kn_machine_may_stand_in(const struct kn_node_config *config, bool dry_run,
                                     struct kn_error *err)
{
    const struct kn_texts *all = &config->network.bootstrap_peers.texts;
    size_t i = 0;

    while (i < all->n && is_loopback(all->at[i]))
        i++;
    if (dry_run || (all->n > 0 && i == all->n && !config->network.new_swarm.value))
        return KN_OK;
    if (i < all->n)
        (void)kn_fail(err, KN_E_INVALID,
                      "what was not measured is announced to nobody, and %s is no loopback address",
                      all->at[i]);
    else
        (void)kn_fail(
            err, KN_E_INVALID,
            "what was not measured is announced to nobody, and others may join this node");
    kn_hint(err, "Add --dry-run to see the plan for another machine, or leave --machine out.");
    return KN_E_INVALID;
}
