/*
 * replay — stands in for libFuzzer where it is not linked: gives every file of the folders on the
 * command line to the target, once.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its exact size, so that the sanitizer sees a read past the end. */
static int replay_file(const char *path, uint8_t *buffer)
{
    FILE *file = fopen(path, "rb");
    uint8_t *exact;
    size_t size;

    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    size = fread(buffer, 1, INPUT_MAX, file);
    (void)fclose(file);
    exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        return EXIT_FAILURE;
    memcpy(exact, buffer, size);
    (void)fprintf(stderr, "%s\n", path); /* the last one names the input of a crash */
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return EXIT_SUCCESS;
}

static int replay_folder(const char *folder, uint8_t *buffer, unsigned *count)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[4096];
    int rc = EXIT_SUCCESS;

    if (dir == NULL) {
        perror(folder);
        return EXIT_FAILURE;
    }
    while (rc == EXIT_SUCCESS && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        rc = replay_file(path, buffer);
        (*count)++;
    }
    (void)closedir(dir);
    return rc;
}

int main(int argc, char **argv)
{
    uint8_t *buffer = malloc(INPUT_MAX);
    unsigned count = 0;
    int rc = buffer != NULL ? EXIT_SUCCESS : EXIT_FAILURE;

    for (int i = 1; i < argc && rc == EXIT_SUCCESS; i++) {
        if (argv[i][0] != '-') /* libFuzzer's options */
            rc = replay_folder(argv[i], buffer, &count);
    }
    free(buffer);
    if (rc == EXIT_SUCCESS && count == 0) {
        (void)fputs("nothing to replay\n", stderr);
        rc = EXIT_FAILURE;
    }
    return rc;
}
