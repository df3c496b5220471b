/* For tests that need an OpenCL device. */
#ifndef HBY_TESTS_NEED_DEVICE_H
#define HBY_TESTS_NEED_DEVICE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/device.h"

/* HBY_REQUIRE_DEVICE=1: there ought to be one. */
static inline bool device_required(void)
{
    const char *text = getenv("HBY_REQUIRE_DEVICE");
    return text && *text && strcmp(text, "0");
}

/* The exit status of a test that found no device, for this reason: skipped, or failed where there ought to be one. */
static inline int no_device(const struct hby_reason *why)
{
    fprintf(stderr, "no device: %s\n", why->text);
    return device_required() ? 1 : 77;
}

/* 0 where the machine has a device, that exit status where it has none. */
static inline int without_device(void)
{
    struct hby_reason why = {""};
    struct hby_cl_info *info = NULL;
    int n = 0;
    if (hby_cl_list(&info, &n, &why) != HBY_OK || n == 0)
        return no_device(&why);
    free(info);
    return 0;
}

#endif
