/* RESIZE_NEAREST_NEIGHBOR: tflite/kernels/internal/reference/resize_nearest_neighbor.h. */
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"

static hby_i32 nearest(hby_i32 out, float scale, hby_i32 in_size, const struct hby_args_resize *a)
{
    const float at = ((float)out + (a->half_pixel_centers ? 0.5f : 0.0f)) * scale;
    hby_i32 in = (hby_i32)(a->align_corners ? roundf(at) : floorf(at));
    in = in < in_size - 1 ? in : in_size - 1;
    return in > 0 ? in : 0;
}

void hby_ref_resize_nearest_neighbor(const struct hby_ref_call *c)
{
    const struct hby_args_resize *a = &c->args->resize;
    const size_t size = (size_t)a->elem_size;
    size_t to = 0;
    for (hby_i32 b = 0; b < a->batch; b++)
        for (hby_i32 y = 0; y < a->out_h; y++)
            for (hby_i32 x = 0; x < a->out_w; x++) {
                const hby_i32 iy = nearest(y, a->scale_h, a->in_h, a), ix = nearest(x, a->scale_w, a->in_w, a);
                const size_t from = (((size_t)b * (size_t)a->in_h + (size_t)iy) * (size_t)a->in_w + (size_t)ix) * (size_t)a->channels;
                for (size_t k = 0; k < (size_t)a->channels; k++, to++) {
                    if (hby_type_size(c->in_type[0]) != size) /* a float constant of the other width */
                        hby_store_float(c->out, c->out_type, to, hby_load_float(c->in[0], c->in_type[0], from + k));
                    else
                        memcpy((char *)c->out + to * size, (const char *)c->in[0] + (from + k) * size, size);
                }
            }
}
