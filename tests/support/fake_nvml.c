/*
 * fake_nvml — a management library of NVIDIA's whose graphics processors exist nowhere.
 *
 * KN_FAKE_GPUS: how many. KN_FAKE_OLD: a driver from before the second forms of the functions.
 * KN_FAKE_ODD: cards that tell nonsense, one story each. KN_FAKE_ASLEEP: no driver answers.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SHOWN __attribute__((visibility("default")))

enum { DONE = 0, NOT_SUPPORTED = 3, NO_DRIVER = 9, LOST = 15 };

struct memory {
    unsigned long long total, free, used;
};

int nvmlInit(void) SHOWN;
int nvmlInit_v2(void) SHOWN;
int nvmlShutdown(void) SHOWN;
int nvmlDeviceGetCount(unsigned *count) SHOWN;
int nvmlDeviceGetCount_v2(unsigned *count) SHOWN;
int nvmlDeviceGetHandleByIndex(unsigned index, void **device) SHOWN;
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) SHOWN;
int nvmlDeviceGetName(void *device, char *name, unsigned size) SHOWN;
int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory) SHOWN;
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) SHOWN;
int nvmlDeviceGetUtilizationRates(void *device, unsigned percents[2]) SHOWN;

static unsigned handles[KN_FAKE_GPUS + 1], awake;

#ifdef KN_FAKE_OLD
#define FORM(name) name
#else
#define FORM(name) name##_v2
#endif

int FORM(nvmlInit)(void)
{
#ifdef KN_FAKE_ASLEEP
    return NO_DRIVER;
#else
    awake++;
    return DONE;
#endif
}

int nvmlShutdown(void)
{
    awake--;
    return DONE;
}

int FORM(nvmlDeviceGetCount)(unsigned *count)
{
    *count = awake == 1 ? KN_FAKE_GPUS : 0;
    return awake == 1 ? DONE : NO_DRIVER;
}

int FORM(nvmlDeviceGetHandleByIndex)(unsigned index, void **device)
{
    if (index >= KN_FAKE_GPUS)
        return NOT_SUPPORTED;
#ifdef KN_FAKE_ODD
    if (index == 1) /* fell off the bus */
        return LOST;
#endif
    handles[index] = index;
    *device = &handles[index];
    return DONE;
}

static unsigned index_of(const void *device)
{
    return *(const unsigned *)device;
}

#ifdef KN_FAKE_ODD

int nvmlDeviceGetName(void *device, char *name, unsigned size)
{
    switch (index_of(device)) {
    case 0: /* without an end, in bytes that do not print */
        memset(name, '\001', size);
        return DONE;
    case 2:
        return LOST;
    default:
        (void)snprintf(name, size, "Odd %u", index_of(device));
        return DONE;
    }
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory)
{
    switch (index_of(device)) {
    case 0: /* more than any card has */
        *memory = (struct memory){ ~0ULL, 1, 1 };
        return DONE;
    case 2: /* more is free than there is */
        *memory = (struct memory){ 1ULL << 30, 1ULL << 31, 0 };
        return DONE;
    case 3: /* its memory is the machine's */
        return NOT_SUPPORTED;
    default:
        *memory = (struct memory){ 0, 0, 0 };
        return DONE;
    }
}

int nvmlDeviceGetUtilizationRates(void *device, unsigned percents[2])
{
    percents[0] = index_of(device) == 3 ? 101 : 0; /* more than all of its time */
    percents[1] = 0;
    return index_of(device) == 2 ? LOST : DONE;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor)
{
    *major = index_of(device) == 3 ? 12 : -1;
    *minor = 1;
    return DONE;
}

#else

int nvmlDeviceGetName(void *device, char *name, unsigned size)
{
    (void)device;
    (void)snprintf(name, size, "NVIDIA H100 80GB HBM3");
    return DONE;
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory)
{
    unsigned long long gib = 1ULL << 30, used = index_of(device) * gib;

    *memory = (struct memory){ 80 * gib, 80 * gib - used, used };
    return DONE;
}

#ifndef KN_FAKE_OLD
/* The third is busy. */
int nvmlDeviceGetUtilizationRates(void *device, unsigned percents[2])
{
    percents[0] = index_of(device) == 2 ? 97 : 0;
    percents[1] = 5;
    return DONE;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor)
{
    (void)device;
    *major = 9;
    *minor = 0;
    return DONE;
}
#endif

#endif
