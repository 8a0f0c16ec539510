/*
 * The smallest program that becomes a node: with no arguments it discovers, joins, announces and
 * stays until Ctrl-C. Takes the files, variables and flags that `kwaainet start` takes.
 *
 *     cc petals_visible.c $(pkg-config --cflags --libs kwaainet kwaai-config)
 *     ./a.out
 *     ./a.out --model Llama-3.1-8B-Instruct --max-memory 4GiB
 */
#include <inttypes.h>
#include <kwaainet/config.h>
#include <kwaainet/node.h>
#include <signal.h>
#include <stdio.h>

extern char **environ;

enum { EXIT_FAILED = 1, EXIT_TRY_AGAIN = 75, EXIT_CONFIGURATION = 78 };

static struct kwaai_node *node; /* whom a signal stops */

static void on_signal(int number)
{
    (void)number;
    kwaai_node_stop(node);
}

/* After the end they do what they always do. */
static void handle_signals(void (*handler)(int number))
{
    (void)signal(SIGINT, handler);
    (void)signal(SIGTERM, handler);
}

static const char *place_of(const struct kwaai_origin *origin)
{
    return origin->name != NULL ? origin->name : "configuration";
}

/* Where the configuration comes from, and every mistake in it. False: it cannot be used. */
static bool show_configuration(const struct kwaai_config *config)
{
    struct kwaai_problem problem;

    for (size_t i = 0; kwaai_config_problem(config, i, &problem); i++) {
        (void)fprintf(stderr, "%s", place_of(&problem.origin));
        if (problem.origin.line > 0)
            (void)fprintf(stderr, ":%" PRIu32 ":%" PRIu32, problem.origin.line,
                          problem.origin.column);
        (void)fprintf(stderr, ": %s%s%s\n", problem.key != NULL ? problem.key : "",
                      problem.key != NULL ? ": " : "", problem.message);
        if (problem.hint != NULL)
            (void)fprintf(stderr, "    %s\n", problem.hint);
    }
    if (kwaai_config_is_valid(config))
        (void)printf("configuration: %s, if it is there\n", kwaai_config_path(config));
    return kwaai_config_is_valid(config);
}

static int check_configuration(const struct kwaai_node_options *node_options)
{
    struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;
    struct kwaai_config *config;
    bool usable;

    options.environment = node_options->environment;
    options.arguments = node_options->arguments;
    options.argument_count = node_options->argument_count;
    if (kwaai_config_load(&options, &config) != KWAAI_CONFIG_OK) {
        (void)fprintf(stderr, "the configuration could not be loaded\n");
        return EXIT_FAILED;
    }
    usable = show_configuration(config);
    kwaai_config_free(config);
    return usable ? 0 : EXIT_CONFIGURATION;
}

static void show_status(void)
{
    const struct kwaai_node_status *status;

    if (kwaai_node_status(node, &status) != KWAAI_NODE_OK)
        return;
    (void)printf("  %zu peers, %" PRIu32 " of %" PRIu32 " records acknowledged\n", status->peers,
                 status->acknowledged, status->records);
    for (size_t i = 0; i < status->address_count; i++)
        (void)printf("  %s\n", status->addresses[i]);
    kwaai_node_status_free(status);
}

static void show_events(void)
{
    struct kwaai_event event = KWAAI_EVENT;

    while (kwaai_node_wait(node, KWAAI_FOR_EVER, &event) == KWAAI_NODE_OK) {
        (void)printf("%s\n", event.text);
        if (event.kind == KWAAI_EVENT_VISIBLE)
            show_status();
        (void)fflush(stdout); /* also into a pipe, at once */
    }
}

static int exit_code(void)
{
    struct kwaai_failure failure;

    if (!kwaai_node_failure(node, &failure))
        return 0;
    (void)fprintf(stderr, "%s\n", failure.message);
    if (failure.hint != NULL)
        (void)fprintf(stderr, "    %s\n", failure.hint);
    return failure.result == KWAAI_NODE_BUSY            ? EXIT_TRY_AGAIN
           : failure.result == KWAAI_NODE_CONFIGURATION ? EXIT_CONFIGURATION
                                                        : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct kwaai_node_options options = KWAAI_NODE_OPTIONS;
    int status;

    options.environment = (const char *const *)environ;
    options.arguments = (const char *const *)(argv + 1);
    options.argument_count = argc > 0 ? (size_t)argc - 1 : 0;
    status = check_configuration(&options);
    if (status != 0)
        return status;
    if (kwaai_node_start(&options, &node) == KWAAI_NODE_NO_MEMORY) {
        (void)fprintf(stderr, "out of memory\n");
        return EXIT_FAILED;
    }
    handle_signals(on_signal);
    show_events();
    handle_signals(SIG_DFL);
    status = exit_code();
    kwaai_node_free(node);
    return status;
}
