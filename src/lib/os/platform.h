/*
 * platform — which system on which kind of machine, and its name in the network.
 */
#ifndef KN_OS_PLATFORM_H
#define KN_OS_PLATFORM_H

enum {
    KN_PLATFORM_TEXT_SIZE = 128,
    KN_PLATFORM_MACHINE_SIZE = 16,
};

/* "" where the system does not tell, or tells more than fits. */
struct kn_platform {
    char system[KN_PLATFORM_TEXT_SIZE];     /* "Linux" */
    char release[KN_PLATFORM_TEXT_SIZE];    /* "6.1.0-13-amd64" */
    char machine[KN_PLATFORM_MACHINE_SIZE]; /* "x86_64"; "arm64", also where it is "aarch64" */
    char host[KN_PLATFORM_TEXT_SIZE];
};

void kn_platform_read(struct kn_platform *out);

#endif
