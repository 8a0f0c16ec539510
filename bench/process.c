/*
 * How long do whole processes take, side by side?
 *
 *     bench_process ROUNDS NAME COMMAND…  [-- NAME COMMAND…]…
 *
 * Starts each command once a round, in turn, with its output thrown away, so that whatever else
 * the machine does hits all of them alike. Prints one JSON object with the median of each, in
 * microseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMANDS_MAX = 8, ROUNDS_MAX = 10000 };

extern char **environ;

struct command {
    const char *name;
    char **argv;
    double *us;
};

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

static int run(const struct command *command, double *us)
{
    posix_spawn_file_actions_t actions;
    double begin;
    pid_t pid;
    int status = 1;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    begin = now_us();
    if (posix_spawnp(&pid, command->argv[0], &actions, NULL, command->argv, environ) != 0 ||
        waitpid(pid, &status, 0) < 0)
        status = 1;
    *us = now_us() - begin;
    (void)posix_spawn_file_actions_destroy(&actions);
    return status;
}

/* Cut the words at "--" into commands; the number of them. */
static int split(int n, char **words, struct command *commands)
{
    int count = 0;

    for (int i = 0; i + 1 < n && count < COMMANDS_MAX;) {
        commands[count].name = words[i];
        commands[count++].argv = &words[i + 1];
        while (i < n && strcmp(words[i], "--") != 0)
            i++;
        if (i < n)
            words[i++] = NULL;
    }
    return count;
}

int main(int argc, char **argv)
{
    struct command commands[COMMANDS_MAX] = { 0 };
    long rounds = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
    int count = split(argc - 2, argv + 2, commands);

    if (rounds < 1 || rounds > ROUNDS_MAX || count == 0) {
        (void)fputs("usage: bench_process ROUNDS NAME COMMAND... [-- NAME COMMAND...]...\n",
                    stderr);
        return 2;
    }
    for (int i = 0; i < count; i++)
        commands[i].us = calloc((size_t)rounds, sizeof(double));
    for (long round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            if (commands[i].us == NULL || run(&commands[i], &commands[i].us[round]) != 0) {
                (void)fprintf(stderr, "bench_process: %s failed\n", commands[i].name);
                return 1;
            }
        }
    }
    (void)printf("{");
    for (int i = 0; i < count; i++) {
        qsort(commands[i].us, (size_t)rounds, sizeof(double), ascending);
        (void)printf("%s\"%s\": %.1f", i > 0 ? ", " : "", commands[i].name,
                     commands[i].us[rounds / 2]);
        free(commands[i].us);
    }
    (void)printf("}\n");
    return 0;
}
