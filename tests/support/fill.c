/*
 * fill COUNT BYTES: takes COUNT parts of BYTES each and writes to every page of them, a line for
 * each part that it has. COUNT 0: until it is killed. What really fits is what it has told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FULL = 3 };

static unsigned long long number_of(const char *text)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        abort();
    return number;
}

int main(int argc, char **argv)
{
    unsigned long long count, bytes;

    if (argc != 3)
        return EXIT_FAILURE;
    count = number_of(argv[1]);
    bytes = number_of(argv[2]);
    for (unsigned long long i = 0; count == 0 || i < count; i++) {
        void *part = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (part == MAP_FAILED)
            return FULL;
        memset(part, (int)(i % 255) + 1, bytes);
        if (printf("%llu\n", i + 1) < 0 || fflush(stdout) != 0)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
