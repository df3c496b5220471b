/* The part of a pooling window that lies inside the input. */
#ifndef HBY_HOST_REF_POOL_H
#define HBY_HOST_REF_POOL_H

#include "host_ref/conv.h"

struct hby_pool_window {
    int y0, y1, x0, x1; /* input rows [y0, y1) and columns [x0, x1) */
};

HBY_INLINE struct hby_pool_window hby_pool_window(const struct hby_args_pool *p, int y, int x)
{
    const int top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
    return (struct hby_pool_window){
        .y0 = top > 0 ? top : 0,
        .y1 = top + p->k_h < p->in_h ? top + p->k_h : p->in_h,
        .x0 = left > 0 ? left : 0,
        .x1 = left + p->k_w < p->in_w ? left + p->k_w : p->in_w,
    };
}

HBY_INLINE size_t hby_pool_at(const struct hby_args_pool *p, int b, int y, int x, int c)
{
    return (((size_t)b * (size_t)p->in_h + (size_t)y) * (size_t)p->in_w + (size_t)x) * (size_t)p->channels + (size_t)c;
}

#endif
