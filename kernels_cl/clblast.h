/* CLBlast, opened at run time where it is installed: the matrix product of large float layers. */
#ifndef HBY_KERNELS_CL_CLBLAST_H
#define HBY_KERNELS_CL_CLBLAST_H

#include "kernels_cl/cl_api.h"

#include <stdbool.h>
#include <stddef.h>

/* c[m][n] = a[m][k] * b[n][k]^T, row by row, float32 or float16. */
struct hby_cl_gemm {
    bool used, half;
    size_t m, n, k;
    cl_mem a, b, c;
};

/* Is the library there? */
bool hby_clblast_have(void);
/* Enqueues it; CL_SUCCESS, an OpenCL error, or one of CLBlast's own (below -1000). `event` may be NULL. */
cl_int hby_clblast_run(const struct hby_cl_gemm *g, cl_command_queue queue, cl_event *event);

#endif
