/* The two functions of CLBlast that we use, by its documented C interface (clblast_c.h); no header of it is needed to build. */
#include "kernels_cl/clblast.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { ROW_MAJOR = 101, TRANSPOSE_NO = 111, TRANSPOSE_YES = 112 };

typedef int sgemm_fn(int layout, int a_transpose, int b_transpose, size_t m, size_t n, size_t k, float alpha, cl_mem a, size_t a_offset, size_t a_ld, cl_mem b,
                     size_t b_offset, size_t b_ld, float beta, cl_mem c, size_t c_offset, size_t c_ld, cl_command_queue *queue, cl_event *event);
typedef int hgemm_fn(int layout, int a_transpose, int b_transpose, size_t m, size_t n, size_t k, uint16_t alpha, cl_mem a, size_t a_offset, size_t a_ld,
                     cl_mem b, size_t b_offset, size_t b_ld, uint16_t beta, cl_mem c, size_t c_offset, size_t c_ld, cl_command_queue *queue, cl_event *event);

static sgemm_fn *sgemm;
static hgemm_fn *hgemm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *lib = dlopen("libclblast.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        lib = dlopen("libclblast.so", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        return;
    void *s = dlsym(lib, "CLBlastSgemm"), *h = dlsym(lib, "CLBlastHgemm");
    if (!s || !h)
        return;
    memcpy(&sgemm, &s, sizeof sgemm);
    memcpy(&hgemm, &h, sizeof hgemm);
}

bool hby_clblast_have(void)
{
    pthread_once(&once, load);
    return sgemm && hgemm;
}

cl_int hby_clblast_run(const struct hby_cl_gemm *g, cl_command_queue queue, cl_event *event)
{
    const uint16_t half_one = 0x3c00;
    if (g->half)
        return hgemm(ROW_MAJOR, TRANSPOSE_NO, TRANSPOSE_YES, g->m, g->n, g->k, half_one, g->a, 0, g->k, g->b, 0, g->k, 0, g->c, 0, g->n, &queue, event);
    return sgemm(ROW_MAJOR, TRANSPOSE_NO, TRANSPOSE_YES, g->m, g->n, g->k, 1.0f, g->a, 0, g->k, g->b, 0, g->k, 0.0f, g->c, 0, g->n, &queue, event);
}
