/*
 * form — what a text must look like: a check for the program, a pattern for JSON Schema, and a
 * sentence for people, kept together so that they cannot drift apart.
 */
#ifndef KN_CONFIG_FORM_H
#define KN_CONFIG_FORM_H

#include "config/schema/problem.h"

struct kn_form {
    const char *name;    /* "node name" */
    const char *pattern; /* ECMA 262 regular expression; NULL when none can say it */
    const char *rule;    /* "letters, digits and hyphens, …" */
    /*
     * Is `text` of this form? Otherwise fill `err`; `kind` says KN_P_INVALID, or KN_P_SUSPICIOUS
     * when the value is workable all the same.
     */
    bool (*check)(const char *text, enum kn_problem_kind *kind, struct kn_error *err);
};

extern const struct kn_form kn_form_node_name; /* spec: FR-0.4.9 */
extern const struct kn_form kn_form_version;   /* X.Y.Z; other texts only warn */
extern const struct kn_form kn_form_semver;
extern const struct kn_form kn_form_filled; /* anything but nothing */
extern const struct kn_form kn_form_prefix; /* of DHT keys: no dot, no white space */
extern const struct kn_form kn_form_device;
extern const struct kn_form kn_form_ip;
extern const struct kn_form kn_form_url;
extern const struct kn_form kn_form_url_or_off;
extern const struct kn_form kn_form_email;
extern const struct kn_form kn_form_word;   /* an item of a list: no comma, no white space */
extern const struct kn_form kn_form_module; /* "network=debug" */
extern const struct kn_form kn_form_multiaddr;
extern const struct kn_form kn_form_peer; /* a multiaddr that says which peer answers there */

/* Three numbers of a semantic version X.Y.Z; false when `text` is none. spec: semver 2.0.0 §2 */
bool kn_semver_parse(const char *text, unsigned out[3]);

/* Does version `a` come before `b`? */
bool kn_semver_less(const unsigned a[3], const unsigned b[3]);

#endif
