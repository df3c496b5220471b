/* The OpenCL loader, opened at run time: the library loads, and says why it claims nothing, where there is none. */
#ifndef HBY_KERNELS_CL_CL_API_H
#define HBY_KERNELS_CL_CL_API_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 300
#endif
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS /* clCreateCommandQueue: the form that every version has */
#include <CL/cl.h>

#include "partition/status.h"

struct hby_cl_api {
#define HBY_CL(name) __typeof__(name) *name;
#include "kernels_cl/cl_api.def"
#undef HBY_CL
};

/* The entry points, opened once per process (libOpenCL.so.1, then libOpenCL.so) and never closed. NULL, with a reason, where there is none. Thread-safe. */
const struct hby_cl_api *hby_cl_api(struct hby_reason *why);

/* "CL_OUT_OF_RESOURCES", or "unknown error". */
const char *hby_cl_error_name(cl_int err);
/* Says "clX: CL_ERROR (-5)"; the status that the error amounts to: HBY_NO_MEMORY for a lack of host memory, else HBY_DEVICE. HBY_OK for CL_SUCCESS. */
enum hby_status hby_cl_fail(cl_int err, const char *call, struct hby_reason *why);

#endif
