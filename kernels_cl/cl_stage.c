/* Host memory that tensors pass through. A GPU with memory of its own gets it from the driver, pinned: from ordinary memory the driver would copy once more. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_session.h"

/* Mapped for the session's life. NULL where the driver has none to give. */
static unsigned char *pin(struct hby_cl_session *s, int root, size_t bytes)
{
    const struct hby_cl_api *cl = s->st->cl;
    const struct hby_cl_info *info = &s->st->dev.info;
    cl_int err = CL_SUCCESS;
    if (info->kind != HBY_CL_GPU || (info->host_unified && hby_cl_feature_number("pinned=") != 1) || hby_cl_feature_denied("pinned"))
        return NULL;
    cl_mem mem = cl->clCreateBuffer(s->st->ctx, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &err);
    unsigned char *at = mem ? cl->clEnqueueMapBuffer(s->queue, mem, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL, NULL, &err) : NULL;
    if (mem && (!at || err)) {
        cl->clReleaseMemObject(mem);
        return NULL;
    }
    s->pinned[root] = mem;
    return at;
}

unsigned char *hby_cl_memory_stage(struct hby_cl_session *s, int root)
{
    if (!s->staged[root]) {
        const size_t bytes = (hby_plan_bytes(s->plan, root) + HBY_CL_SLACK + 4095) & ~(size_t)4095;
        s->staged[root] = pin(s, root, bytes);
        if (!s->staged[root])
            s->staged[root] = aligned_alloc(4096, bytes);
        if (s->staged[root])
            memset(s->staged[root], 0, bytes); /* touched now, not in the first run */
    }
    return s->staged[root];
}

void hby_cl_stages_free(struct hby_cl_session *s)
{
    const struct hby_cl_api *cl = s->st->cl;
    for (int t = 0; s->staged && s->pinned && t < s->plan->graph->n_tensors; t++) {
        if (!s->pinned[t]) {
            free(s->staged[t]);
            continue;
        }
        cl->clEnqueueUnmapMemObject(s->queue, s->pinned[t], s->staged[t], 0, NULL, NULL);
        cl->clReleaseMemObject(s->pinned[t]);
    }
    free(s->staged);
    free(s->pinned);
}
