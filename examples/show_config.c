/*
 * The smallest program on libkwaai-config: loads the configuration as the node does, with the same
 * files, variables and flags, and prints what was resolved and why.
 *
 *     cc show_config.c $(pkg-config --cflags --libs kwaai-config)
 *     ./a.out --model Llama-3.1-8B-Instruct --set network.max_connections=50
 */
#include <inttypes.h>
#include <kwaainet/config.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

enum { EXIT_CONFIG = 78, VALUE_MAX = 512 };

static void print_place(FILE *out, const struct kwaai_origin *origin)
{
    static const char *const layers[] = { "command line", "environment", "file",
                                          "cache",        "discovery",   "built-in" };

    if (origin->name == NULL)
        (void)fprintf(out, "%s", layers[origin->layer]);
    else if (origin->line > 0)
        (void)fprintf(out, "%s:%" PRIu32 ":%" PRIu32, origin->name, origin->line, origin->column);
    else
        (void)fprintf(out, "%s", origin->name);
    if (origin->text != NULL)
        (void)fprintf(out, ", %s", origin->text);
}

static void print_problems(const struct kwaai_config *config)
{
    struct kwaai_problem problem;

    for (size_t i = 0; kwaai_config_problem(config, i, &problem); i++) {
        if (strcmp(problem.word, "no-effect") == 0)
            continue;
        print_place(stderr, &problem.origin);
        (void)fprintf(stderr, "  %s: %s%s%s\n",
                      problem.severity == KWAAI_ERROR ? "error" : "warning",
                      problem.key != NULL ? problem.key : "", problem.key != NULL ? ": " : "",
                      problem.message);
        if (problem.hint != NULL)
            (void)fprintf(stderr, "      %s\n", problem.hint);
    }
}

static void print_summary(const struct kwaai_config *config)
{
    static const struct {
        const char *label, *key;
    } lines[] = {
        { "Model", "model.name" }, { "Blocks", "model.blocks" },   { "Port", "node.port" },
        { "Name", "node.name" },   { "Data type", "model.dtype" },
    };

    (void)printf("Configuration loaded: %s\n", kwaai_config_path(config));
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char value[VALUE_MAX];
        struct kwaai_origin origin;

        (void)kwaai_config_print(config, lines[i].key, value, sizeof(value));
        (void)kwaai_config_origin(config, lines[i].key, &origin);
        (void)printf("   %s: %s (", lines[i].label, value);
        print_place(stdout, &origin);
        (void)printf(")\n");
    }
}

static void print_settings(const struct kwaai_config *config)
{
    const char *key;

    for (size_t i = 0; (key = kwaai_config_key(i)) != NULL; i++) {
        char value[VALUE_MAX];
        struct kwaai_origin origin;

        (void)kwaai_config_print(config, key, value, sizeof(value));
        if (!kwaai_config_origin(config, key, &origin) || origin.layer == KWAAI_LAYER_FALLBACK)
            continue;
        (void)printf("%s = %s    # ", key, value);
        print_place(stdout, &origin);
        (void)printf("\n");
    }
}

int main(int argc, char **argv)
{
    struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;
    struct kwaai_config *config;
    bool valid;

    options.environment = (const char *const *)environ;
    options.arguments = (const char *const *)(argv + 1);
    options.argument_count = argc > 0 ? (size_t)argc - 1 : 0;
    if (kwaai_config_load(&options, &config) != KWAAI_CONFIG_OK) {
        (void)fprintf(stderr, "show_config: the configuration could not be loaded\n");
        return 1;
    }
    valid = kwaai_config_is_valid(config);
    print_problems(config);
    if (valid) {
        print_summary(config);
        print_settings(config);
    }
    kwaai_config_free(config);
    return valid ? 0 : EXIT_CONFIG;
}
