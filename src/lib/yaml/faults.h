/*
 * faults — collecting what is wrong with a file. Internal to lib/yaml.
 */
#ifndef KN_YAML_FAULTS_H
#define KN_YAML_FAULTS_H

#include "lib/base/attributes.h"
#include "lib/yaml/reading.h"

/* No more faults are kept, so that no text needs to be made. */
bool kn_yaml_faults_full(const struct kn_yaml_reading *r);

/* Keep or count a fault. Texts live as long as the arena; a NULL message is memory that failed. */
void kn_yaml_fault(struct kn_yaml_reading *r, struct kn_yaml_fault fault);

/* A fault that ends the reading: it is kept even when there are too many. */
void kn_yaml_fatal(struct kn_yaml_reading *r, struct kn_yaml_fault fault);

/*
 * Replace each "@" in `pattern` by bytes [start, end) of the file as they stand there: one line,
 * at most 60 bytes, so nothing in a message is longer or other than what the file shows.
 */
const char *kn_yaml_with_slice(struct kn_yaml_reading *r, const char *pattern, uint32_t start,
                               uint32_t end);

#endif
