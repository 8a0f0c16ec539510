/*
 * How much does loading cost beside libyaml's bare event pass over the same bytes?
 *
 *     bench_load FILE HOME [ROUNDS]
 *
 * In turn, so that both meet the same machine: parse the events of FILE and of the two caches in
 * HOME and throw them away; load the same three with variables and flags, and resolve. Prints one
 * JSON object with the medians in microseconds. A FILE with mistakes is fine: its problems are part
 * of the cost.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <yaml.h>

#include "config/config.h"
#include "lib/base/arena.h"
#include "lib/base/path.h"
#include "lib/yaml/yaml.h"

enum { ROUNDS = 301, ROUNDS_MAX = 10000 };

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), ascending);
    return values[n / 2];
}

static double bare_pass(const struct kn_bytes *bytes)
{
    yaml_parser_t parser;
    yaml_event_t event;
    double begin = now_us();
    int more = yaml_parser_initialize(&parser);

    yaml_parser_set_input_string(&parser, (const unsigned char *)(bytes->n > 0 ? bytes->at : ""),
                                 bytes->n);
    while (more && yaml_parser_parse(&parser, &event)) {
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return now_us() - begin;
}

static double tree(const struct kn_bytes *bytes)
{
    struct kn_yaml_document doc;
    double begin = now_us();
    struct kn_arena *arena = kn_arena_new();

    if (arena == NULL || kn_yaml_parse(arena, bytes->at, bytes->n, &doc) != KN_OK)
        abort();
    kn_arena_free(arena);
    return now_us() - begin;
}

static double load(const struct kn_config_request *request, size_t *problems)
{
    struct kn_snapshot *snapshot;
    double begin = now_us();

    if (kn_config_load(request, &snapshot, NULL) != KN_OK)
        abort();
    *problems = kn_snapshot_problems(snapshot)->errors;
    kn_snapshot_unref(snapshot);
    return now_us() - begin;
}

/* Flags as a user would type them; their words live as long as `arena`. */
static size_t read_flags(struct kn_arena *arena, struct kn_flag *flags)
{
    static const char *const words[] = { "--name=bench", "--set=network.max_connections=50",
                                         "--log-level=debug" };
    struct kn_error err;

    for (size_t i = 0; i < KN_COUNT(words); i++)
        flags[i] = kn_flag_match(arena, &words[i], 1, &err);
    return KN_COUNT(words);
}

/* A cache that is not there costs nothing on either side. */
static void read_cache(const char *home, const char *name, struct kn_bytes *out)
{
    char path[KN_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", home, name);
    if (kn_file_read(path, KN_YAML_SIZE_MAX, out, NULL) != KN_OK)
        *out = (struct kn_bytes){ 0 };
}

int main(int argc, char **argv)
{
    static const char *const environment[] = { "HOME=/nonexistent", "KWAAINET_PORT=8085",
                                               "KWAAINET_HEALTH_TIMEOUT=5s", NULL };
    static double bare[ROUNDS_MAX], trees[ROUNDS_MAX], loads[ROUNDS_MAX];
    struct kn_arena *arena = kn_arena_new();
    struct kn_flag flags[4];
    struct kn_config_request request = { .environment = environment, .working = "/" };
    struct kn_bytes bytes = { 0 }, caches[2] = { 0 };
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : ROUNDS, problems = 0;
    struct kn_error err = { 0 };

    if (argc < 3 || arena == NULL || rounds < 1 || rounds > ROUNDS_MAX ||
        kn_file_read(argv[1], KN_YAML_SIZE_MAX + 1, &bytes, &err) != KN_OK) {
        (void)fprintf(stderr, "usage: bench_load FILE HOME [ROUNDS]  %s\n", err.text);
        return 2;
    }
    read_cache(argv[2], "discovery_cache.yaml", &caches[0]);
    read_cache(argv[2], "calibration.yaml", &caches[1]);
    request.config_path = argv[1];
    request.home = argv[2];
    request.now_s = time(NULL);
    request.flags = flags;
    request.flag_count = read_flags(arena, flags);
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = bare_pass(&bytes) + bare_pass(&caches[0]) + bare_pass(&caches[1]);
        trees[i] = tree(&bytes);
        loads[i] = load(&request, &problems);
    }
    (void)printf("{\"bytes\": %zu, \"problems\": %zu, \"bare_us\": %.1f, \"tree_us\": %.1f, "
                 "\"load_us\": %.1f}\n",
                 bytes.n, problems, median(bare, rounds), median(trees, rounds),
                 median(loads, rounds));
    kn_bytes_done(&bytes);
    kn_bytes_done(&caches[0]);
    kn_bytes_done(&caches[1]);
    kn_arena_free(arena);
    return 0;
}
