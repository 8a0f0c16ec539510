#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/failure.h"
#include "lib/os/process.h"

enum { PIECE = 4096 };

static char *const *as_taken(const char *const *words)
{
    union {
        const char *const *given;
        char *const *taken;
    } both = { .given = words }; /* posix_spawnp() changes none of them */

    return both.taken;
}

/* 0 or the error number. */
static int spawn(const char *const argv[], int output, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    int number = posix_spawn_file_actions_init(&actions);

    if (number != 0)
        return number;
    number = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (number == 0)
        number = posix_spawnp(child, argv[0], &actions, NULL, as_taken(argv), environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return number;
}

/* All that it writes is read, so that it never waits for us; the first `max` bytes are kept. */
static void read_all(int fd, size_t max, struct kn_text *out)
{
    char piece[PIECE];
    ssize_t n;

    while ((n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            size_t fits = (size_t)n < max ? (size_t)n : max;

            kn_text_add_n(out, piece, fits);
            max -= fits;
        }
    }
}

static enum kn_code refuse(const char *program, int number, struct kn_error *err)
{
    enum kn_code rc = kn_fail_system(err, number, NULL);

    kn_wrap(err, "cannot run \"%s\"", program);
    return rc;
}

enum kn_code kn_process_ask(const char *const argv[], size_t max, struct kn_text *out,
                            int *exit_status, struct kn_error *err)
{
    int ends[2], status = 0, number;
    pid_t child = -1, ended;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return refuse(argv[0], errno, err);
    number = spawn(argv, ends[1], &child);
    (void)close(ends[1]);
    if (number == 0)
        read_all(ends[0], max, out);
    (void)close(ends[0]);
    if (number != 0)
        return refuse(argv[0], number, err);
    do {
        ended = waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0)
        return refuse(argv[0], errno, err);
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}
