/* The kernels' sources, embedded at build time (cmake/embed.cmake). */
#ifndef HBY_KERNELS_CL_SOURCE_H
#define HBY_KERNELS_CL_SOURCE_H
struct hby_source {
    const char *name, *text; /* "conv.cl"; headers of partition/ by their base name, "args_conv.h" */
};
extern const struct hby_source hby_sources[]; /* ends with a NULL name */
#endif
