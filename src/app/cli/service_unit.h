/*
 * service_unit — a node as a unit of systemd: the text of its file. Pure; internal to app/cli.
 *
 * spec: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.syntax(7).
 */
#ifndef KN_CLI_SERVICE_UNIT_H
#define KN_CLI_SERVICE_UNIT_H

#include <stdbool.h>
#include <stddef.h>

struct kn_text;

struct kn_service_unit {
    const char *user;         /* of a system unit; NULL: a unit of whoever's manager reads it */
    const char *program;      /* absolute */
    const char *const *words; /* behind start */
    size_t word_count;
    const char *home;          /* the data folder */
    const char *config_folder; /* NULL: none */
    const char *user_home;     /* of `user`: models are kept below */
};

/* Append the file. */
void kn_service_unit_print(const struct kn_service_unit *unit, struct kn_text *out);

/* Is a file with this content one that was printed here? */
bool kn_service_unit_is_ours(const char *text);

/* Append one word of a command line, as systemd reads it back. */
void kn_service_unit_add_word(const char *word, struct kn_text *out);

#endif
