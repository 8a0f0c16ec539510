/*
 * A program outside the project on libkwaai-config: only the installed header and library.
 *
 *     consumer [FLAGS]    prints what it loaded, a line a fact; exit 78 when it is wrong
 */
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <kwaainet/config.h>

extern char **environ;

enum { EXIT_CONFIG = 78, ROOM = 512 };

static const char *const presences[] = { "no-such", "none", "auto", "given" };

/* One line: what every getter says of a key. */
static void print_getters(const struct kwaai_config *config, const char *key)
{
    const char *text = "-", *const *items = NULL;
    int64_t integer = -1, bytes = -1, ms = -1;
    double number = -1;
    bool boolean = false;
    size_t n = 0;

    printf("get %s bool=%s", key, presences[kwaai_config_get_bool(config, key, &boolean)]);
    printf(" int=%s", presences[kwaai_config_get_int(config, key, &integer)]);
    printf(" number=%s", presences[kwaai_config_get_number(config, key, &number)]);
    printf(" bytes=%s", presences[kwaai_config_get_bytes(config, key, &bytes)]);
    printf(" ms=%s", presences[kwaai_config_get_ms(config, key, &ms)]);
    printf(" text=%s", presences[kwaai_config_get_text(config, key, &text)]);
    printf(" list=%s", presences[kwaai_config_get_list(config, key, &items, &n)]);
    printf(" | %d %" PRId64 " %g %" PRId64 " %" PRId64 " %s %zu\n", boolean, integer, number, bytes,
           ms, text, n);
    for (size_t i = 0; i < n; i++)
        printf("item %s %s\n", key, items[i]);
}

static void print_settings(const struct kwaai_config *config)
{
    for (size_t i = 0; i < kwaai_config_count(); i++) {
        const char *key = kwaai_config_key(i);
        struct kwaai_origin origin;
        char value[ROOM];

        (void)kwaai_config_print(config, key, value, sizeof(value));
        if (!kwaai_config_origin(config, key, &origin))
            continue;
        printf("setting %s layer=%d name=%s at=%" PRIu32 ":%" PRIu32 " age=%" PRId64 " value=%s\n",
               key, (int)origin.layer, origin.name != NULL ? origin.name : "-", origin.line,
               origin.column, origin.age_s, value);
    }
}

static void print_problems(const struct kwaai_config *config)
{
    static const char *const kinds[] = { "file-not-found", "parse", "validation", "merge" };
    struct kwaai_problem problem;

    for (size_t i = 0; kwaai_config_problem(config, i, &problem); i++)
        printf("problem %s %s %s %s %s\n", kinds[problem.kind],
               problem.severity == KWAAI_ERROR ? "error" : "warning", problem.word,
               problem.key != NULL ? problem.key : "-", problem.message);
}

int main(int argc, char **argv)
{
    static const char *const keys[] = { "node.port",
                                        "node.name",
                                        "model.rebalance.enabled",
                                        "model.rebalance.quality",
                                        "dht.announce_interval",
                                        "performance.max_chunk_bytes",
                                        "logging.modules",
                                        "logging.level",
                                        "node.identity_key",
                                        "alerts.command",
                                        "no.such" };
    struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;
    struct kwaai_config *config;
    int status;

    if (setlocale(LC_ALL, "") == NULL)
        return 2;
    printf("half %.1f\n", 0.5);
    options.arguments = (const char *const *)(argv + 1);
    options.argument_count = argc > 0 ? (size_t)argc - 1 : 0;
    options.environment = (const char *const *)environ;
    if (kwaai_config_load(&options, &config) != KWAAI_CONFIG_OK)
        return 1;
    printf("path %s\n", kwaai_config_path(config));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        print_getters(config, keys[i]);
    print_settings(config);
    print_problems(config);
    status = kwaai_config_is_valid(config) ? 0 : EXIT_CONFIG;
    kwaai_config_free(config);
    return status;
}
