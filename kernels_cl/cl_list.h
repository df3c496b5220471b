/* Enumeration: every device that we could use, in the default order. */
#ifndef HBY_KERNELS_CL_CL_LIST_H
#define HBY_KERNELS_CL_CL_LIST_H

#include "kernels_cl/cl_api.h"
#include "kernels_cl/device.h"

struct hby_cl_found {
    cl_platform_id platform;
    cl_device_id id;
    struct hby_cl_info info; /* but for what only a program can tell: dot, is_host_cpu, x86_* */
    bool correct_divide;     /* -cl-fp32-correctly-rounded-divide-sqrt is accepted */
    unsigned char uuid[16];  /* of cl_khr_device_uuid; has_uuid */
    unsigned pci[4];         /* domain, bus, device, function; has_pci */
    bool has_uuid, has_pci;
    int seen; /* order of enumeration: settles ties */
};

/* Free *found with free(). HBY_UNSUPPORTED with a reason and *n = 0 where there is none. */
enum hby_status hby_cl_find(struct hby_cl_found **found, int *n, struct hby_reason *why);
/* Sorts into the default order and drops what is there twice under two platforms; returns how many stay. */
int hby_cl_order(struct hby_cl_found *found, int n);
/* The index of the device that `choice` means, or -1 with a reason that lists what there is. */
int hby_cl_choose(const struct hby_cl_found *found, int n, const struct hby_cl_choice *choice, struct hby_reason *why);
/* Does the space-separated list contain the word? */
bool hby_cl_has_word(const char *list, const char *word);

#endif
