/* For tests that need an OpenCL device. */
#ifndef HBY_TESTS_NEED_DEVICE_H
#define HBY_TESTS_NEED_DEVICE_H

#include <stdio.h>
#include <stdlib.h>

#include "kernels_cl/device.h"

/* The exit status of a test that found no device, for this reason: skipped, or failed where there ought to be one. */
static inline int no_device(const struct hby_reason *why)
{
    fprintf(stderr, "no device: %s\n", why->text);
    return getenv("HBY_REQUIRE_DEVICE") ? 1 : 77;
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
