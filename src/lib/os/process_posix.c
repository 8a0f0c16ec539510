#include "lib/os/process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/failure.h"

/*
 * What the parent does with a signal while the child runs: the keys are the child's, and a parent
 * that ignores SIGCHLD would never learn how the child ended.
 */
static const struct {
    int number;
    bool ignored;
} meanwhile[] = { { SIGINT, true }, { SIGQUIT, true }, { SIGCHLD, false } };

struct actions {
    struct sigaction old[KN_COUNT(meanwhile)];
};

static void set_actions(struct actions *actions)
{
    for (size_t i = 0; i < KN_COUNT(meanwhile); i++) {
        struct sigaction action = { 0 };

        action.sa_handler = meanwhile[i].ignored ? SIG_IGN : SIG_DFL;
        (void)sigemptyset(&action.sa_mask);
        (void)sigaction(meanwhile[i].number, &action, &actions->old[i]);
    }
}

static void restore_actions(const struct actions *actions)
{
    for (size_t i = 0; i < KN_COUNT(meanwhile); i++)
        (void)sigaction(meanwhile[i].number, &actions->old[i], NULL);
}

/* The child starts with the actions that this process had; what was caught becomes the default. */
static void want_defaults(const struct actions *actions, sigset_t *out)
{
    (void)sigemptyset(out);
    for (size_t i = 0; i < KN_COUNT(meanwhile); i++) {
        bool was_ignored =
            !(actions->old[i].sa_flags & SA_SIGINFO) && actions->old[i].sa_handler == SIG_IGN;

        if (!was_ignored)
            (void)sigaddset(out, meanwhile[i].number);
    }
}

static int spawn(const char *const argv[], const struct actions *actions, pid_t *child)
{
    union {
        const char *const *given;
        char *const *taken;
    } arguments = { .given = argv }; /* posix_spawnp() changes none of them */
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int number = posix_spawnattr_init(&attributes);

    if (number != 0)
        return number;
    want_defaults(actions, &defaults);
    number = posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (number == 0)
        number = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (number == 0)
        number = posix_spawnp(child, argv[0], NULL, &attributes, arguments.taken, environ);
    (void)posix_spawnattr_destroy(&attributes);
    return number;
}

static enum kn_code refuse(const char *program, int number, struct kn_error *err)
{
    enum kn_code rc;

    if (number == ENOENT) {
        (void)kn_fail(err, KN_E_NOT_FOUND, "cannot run \"%s\": there is no such program", program);
        kn_hint(err, "Install it, or name another program.");
        return KN_E_NOT_FOUND;
    }
    rc = kn_fail_system(err, number, NULL);
    kn_wrap(err, "cannot run \"%s\"", program);
    return rc;
}

enum kn_code kn_process_run(const char *const argv[], int *exit_status, struct kn_error *err)
{
    struct actions actions;
    pid_t child = -1, ended = -1;
    int number, status = 0;

    if (argv[0] == NULL || argv[0][0] == '\0')
        return kn_fail(err, KN_E_INVALID, "no program to run was named");
    set_actions(&actions);
    number = spawn(argv, &actions, &child);
    if (number == 0) {
        do {
            ended = waitpid(child, &status, 0);
        } while (ended < 0 && errno == EINTR);
        if (ended < 0)
            number = errno;
    }
    restore_actions(&actions);
    if (number != 0)
        return refuse(argv[0], number, err);
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return KN_OK;
}

enum kn_code kn_process_may_run(const char *program, struct kn_error *err)
{
    struct stat about;

    if (stat(program, &about) != 0)
        return refuse(program, errno, err);
    if (!S_ISREG(about.st_mode))
        return kn_fail(err, KN_E_IO, "cannot run \"%s\": it is %s", program, kn_kind_of(&about));
    return access(program, X_OK) == 0 ? KN_OK : refuse(program, errno, err);
}

enum kn_code kn_process_become(const char *program, const char *const *words,
                               const char *const *environment, struct kn_error *err)
{
    struct sigaction usual = { 0 }, before;
    sigset_t late, mask;
    union {
        const char *const *given;
        char *const *taken;
    } all = { .given = words }, variables = { .given = environment };
    int number;

    usual.sa_handler = SIG_DFL; /* what is ignored stays so in the next program */
    (void)sigemptyset(&usual.sa_mask);
    (void)sigaction(SIGPIPE, &usual, &before);
    /* Who asks for a reload or another log file meanwhile must not end the next program, which
     * hears of it. */
    (void)sigemptyset(&late);
    (void)sigaddset(&late, SIGHUP);
    (void)sigaddset(&late, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &late, &mask);
    (void)execve(program, all.taken, variables.taken);
    number = errno;
    (void)sigaction(SIGPIPE, &before, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return refuse(program, number, err);
}

const char *const *kn_os_environment(void)
{
    return (const char *const *)environ;
}

const char *kn_os_lookup(void *arg, const char *name)
{
    (void)arg;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment. */
    return getenv(name);
}

void kn_os_hurry_lookups(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): its header says when it may be called. */
    (void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
}

void kn_process_hold_hangups(void)
{
    sigset_t late;

    (void)sigemptyset(&late);
    (void)sigaddset(&late, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &late, NULL);
}
