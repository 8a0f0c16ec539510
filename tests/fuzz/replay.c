/*
 * replay — runs a fuzz target over the files of a folder, in place of the fuzzer.
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096, INPUT_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole input in memory of exactly its size, so that reading past it is found. */
static int replay(const char *path)
{
    static uint8_t buffer[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *exact;
    size_t size;

    if (file == NULL) {
        perror(path);
        return 1;
    }
    size = fread(buffer, 1, sizeof(buffer), file);
    (void)fclose(file);
    exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        return 1;
    memcpy(exact, buffer, size);
    (void)fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    char path[PATH_SIZE];
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int failed = 0, count = 0;

    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        failed |= replay(path);
        count++;
    }
    (void)closedir(folder);
    (void)printf("%d files\n", count);
    return failed != 0 || count == 0;
}
