/*
 * model_name — which model a word names.
 */
#ifndef KN_PETALS_MODEL_NAME_H
#define KN_PETALS_MODEL_NAME_H

#include "lib/base/nearest.h"

/* A repository without the address before it: "owner/name". Points into `repository`. */
const char *kn_repository_name(const char *repository);

/* How well a word from the command line names a model, worst first. Case does not count, nor the
 * address before a repository. */
enum kn_model_match {
    KN_MODEL_NO,
    KN_MODEL_NAME,       /* the last part of the repository or of the prefix, in any spelling */
    KN_MODEL_REPOSITORY, /* owner and name */
    KN_MODEL_PREFIX,
};

/* `repository` may be NULL: then its owner in the word is believed. */
enum kn_model_match kn_model_match(const char *word, const char *prefix, const char *repository);

/* Offer everything by which that model could have been named. */
void kn_model_offer(struct kn_nearest *nearest, const char *prefix, const char *repository);

#endif
