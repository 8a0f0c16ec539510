#include "lib/os/terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool kn_terminal_is(int fd)
{
    return isatty(fd) == 1;
}

unsigned kn_terminal_columns(int fd)
{
    struct winsize size = { 0 };

    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

unsigned kn_terminal_rows(int fd)
{
    struct winsize size = { 0 };

    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

bool kn_terminal_is_in_front(int fd)
{
    return isatty(fd) == 1 && tcgetpgrp(fd) == getpgrp();
}

bool kn_terminal_has_hung_up(void)
{
    struct winsize size;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (ioctl(fd, TIOCGWINSZ, &size) != 0 && errno == EIO)
            return true;
    }
    return false;
}
