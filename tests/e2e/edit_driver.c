/*
 * Edits for a judge that is written in another language. `edit_driver --settings` prints the
 * table; without it each request on standard input, "KIND KEY WORD FILE\n" with the kind as
 * a number and the lengths of the three texts that follow, is answered by "CODE OUTCOME LENGTH\n"
 * and the new file or the message.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/edit/edit.h"
#include "config/schema/setting.h"
#include "config/schema/type.h"
#include "lib/base/text.h"

static void print_settings(void)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *setting = &kn_settings[i];

        (void)printf("%s\t%s\t%u\t%g\t%g\t", setting->key, setting->type->name, setting->accepts,
                     setting->range.min, setting->range.max);
        for (const struct kn_word *word = setting->words; word != NULL && word->name != NULL;
             word++)
            (void)printf("%s ", word->name);
        (void)printf("\n");
    }
}

static char *read_text(size_t n)
{
    char *text = calloc(n + 1, 1);

    if (text == NULL || fread(text, 1, n, stdin) != n)
        exit(EXIT_FAILURE);
    return text;
}

static void answer(int kind, char *key, char *word, char *bytes, size_t n)
{
    struct kn_edit edit = { (enum kn_edit_kind)kind, key, word };
    enum kn_edit_outcome outcome = KN_EDIT_UNCHANGED;
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_edit_apply(bytes, n, &edit, &out, &outcome, &err);

    if (rc != KN_OK)
        kn_text_add(&out, err.text);
    (void)printf("%s %d %zu\n", kn_code_name(rc), (int)outcome, out.n);
    (void)fwrite(kn_text_get(&out), 1, out.n, stdout);
    (void)fflush(stdout);
    kn_text_done(&out);
    free(key);
    free(word);
    free(bytes);
}

/* The four numbers of a request; false at the end of the input. */
static bool read_request(unsigned long numbers[4])
{
    char line[128], *at = line;

    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    for (int i = 0; i < 4; i++)
        numbers[i] = strtoul(at, &at, 10);
    return *at == '\n';
}

int main(int argc, char **argv)
{
    unsigned long numbers[4];

    (void)argv;
    if (argc > 1) {
        print_settings();
        return EXIT_SUCCESS;
    }
    while (read_request(numbers)) {
        char *key = read_text(numbers[1]), *word = read_text(numbers[2]);

        answer((int)numbers[0], key, word, read_text(numbers[3]), numbers[3]);
    }
    return EXIT_SUCCESS;
}
