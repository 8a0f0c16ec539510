#include "lib/os/background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/os/clock.h"
#include "lib/os/failure.h"

enum {
    CHANNEL = 3,         /* its number in the child */
    OUT_OF_THE_WAY = 10, /* of the numbers that the child gets */
};

/* What the child must not inherit from shells that ignore something for their jobs. */
static const int usual[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD };

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* The same open file under a number that none of the child's standard ones has. */
static int move_away(int *fd)
{
    int away = fcntl(*fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    int number = errno;

    close_one(fd);
    *fd = away;
    return away >= 0 ? 0 : number;
}

/* Told with its name, so that a number that something else has by then is not taken for it. */
static int name_channel(struct kn_background *background)
{
    struct stat about;

    if (fstat(background->theirs, &about) != 0)
        return errno;
    (void)snprintf(background->channel, sizeof(background->channel), "%llu",
                   (unsigned long long)about.st_ino);
    return 0;
}

enum kn_code kn_background_prepare(struct kn_background *out, struct kn_error *err)
{
    int ends[2], number;

    *out = (struct kn_background){ .ours = -1, .theirs = -1 };
    /* Reports keep their borders, and telling one to nobody raises no signal. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return kn_fail_system(err, errno, "make a channel");
    out->ours = ends[0];
    out->theirs = ends[1];
    number = move_away(&out->theirs);
    if (number == 0)
        number = name_channel(out);
    if (number == 0)
        return KN_OK;
    kn_background_done(out);
    return kn_fail_system(err, number, "make a channel");
}

void kn_background_done(struct kn_background *background)
{
    close_one(&background->ours);
    close_one(&background->theirs);
}

/* 0 or the error number. */
static int set_descriptors(posix_spawn_file_actions_t *actions, int channel, int log)
{
    int number = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, log, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, log, STDERR_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, channel, CHANNEL);
    /* A pipe of the caller's would keep its reader waiting for as long as the child lives. */
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(actions, CHANNEL + 1);
    return number;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t defaults, nothing;
    int number;

    (void)sigemptyset(&nothing);
    (void)sigemptyset(&defaults);
    for (size_t i = 0; i < KN_COUNT(usual); i++)
        (void)sigaddset(&defaults, usual[i]);
    number = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (number == 0)
        number = posix_spawnattr_setsigmask(attributes, &nothing);
    if (number == 0)
        number = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                          POSIX_SPAWN_SETSIGMASK);
    return number;
}

/* posix_spawn() takes the words as if it could change them, and does not. */
static char *const *as_taken(const char *const *words)
{
    union {
        const char *const *given;
        char *const *taken;
    } both = { .given = words };

    return both.taken;
}

static int spawn(struct kn_background *background, const char *program, const char *const *words,
                 const char *const *environment, int log)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t child = 0;
    int number = posix_spawn_file_actions_init(&actions);

    if (number != 0)
        return number;
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        number = set_descriptors(&actions, background->theirs, log);
        if (number == 0)
            number = set_attributes(&attributes);
        if (number == 0)
            number = posix_spawn(&child, program, &actions, &attributes, as_taken(words),
                                 as_taken(environment));
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    background->pid = child;
    return number;
}

enum kn_code kn_background_start(struct kn_background *background, const char *program,
                                 const char *const *words, const char *const *environment,
                                 const char *log, struct kn_error *err)
{
    /* A link that somebody put there must not be written through. */
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  KN_BACKGROUND_LOG_MODE);
    int number = fd < 0 ? errno : move_away(&fd);
    enum kn_code rc;

    if (number != 0) {
        rc = kn_fail_system(err, number, "open it");
        kn_wrap(err, "%s", log);
        return rc;
    }
    number = spawn(background, program, words, environment, fd);
    close_one(&fd);
    close_one(&background->theirs); /* so that the end of the child is the end of the channel */
    if (number == 0)
        return KN_OK;
    rc = kn_fail_system(err, number, NULL);
    kn_wrap(err, "cannot run \"%s\"", program);
    return rc;
}

static enum kn_code receive(int fd, struct kn_text *out)
{
    char report[KN_REPORT_MAX];
    ssize_t n = recv(fd, report, sizeof(report), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return KN_E_BUSY;
    if (n <= 0)
        return KN_E_CLOSED;
    kn_text_add_n(out, report, (size_t)n);
    return out->failed ? KN_E_NO_MEMORY : KN_OK;
}

static int64_t clock_ms(void)
{
    int64_t now;

    return kn_clock_since_boot(&now) == KN_OK ? now : INT64_MAX; /* as if the time were over */
}

enum kn_code kn_background_await(const struct kn_background *background, int64_t timeout_ms,
                                 struct kn_text *out)
{
    struct pollfd one = { .fd = background->ours, .events = POLLIN };
    int64_t until = clock_ms() + timeout_ms, left = timeout_ms;

    for (;;) {
        int ready = poll(&one, 1, left > 0 ? (int)left : 0);
        enum kn_code rc = ready > 0 ? receive(background->ours, out) : KN_E_BUSY;

        if (rc != KN_E_BUSY)
            return rc;
        left = until - clock_ms();
        if (left <= 0)
            return KN_E_TIMEOUT;
    }
}

bool kn_background_ended(const struct kn_background *background, struct kn_ending *out)
{
    int status = 0;
    pid_t ended;

    do {
        ended = waitpid((pid_t)background->pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0)
        return false;
    *out = (struct kn_ending){ .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1 };
    if (WIFSIGNALED(status)) {
        out->signal = WTERMSIG(status);
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else asks for one meanwhile. */
        out->signal_name = strsignal(out->signal);
    }
    return true;
}

/* -- the other side */

int kn_report_channel_take(const char *name)
{
    struct stat about;
    int64_t inode;

    if (kn_parse_whole(name, &inode) != KN_OK || fstat(CHANNEL, &about) != 0 ||
        !S_ISSOCK(about.st_mode) || about.st_ino != (ino_t)inode ||
        fcntl(CHANNEL, F_SETFD, FD_CLOEXEC) != 0)
        return -1;
    return CHANNEL;
}

void kn_report_channel_tell(int channel, const char *bytes, size_t n)
{
    ssize_t sent;

    if (channel < 0 || n > KN_REPORT_MAX)
        return;
    do {
        sent = send(channel, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
}

void kn_report_channel_close(int channel)
{
    if (channel >= 0)
        (void)close(channel);
}
