/* BATCH_MATMUL: tflite/kernels/internal/reference/batch_matmul.h. Where lowering made a convolution of it, that loop nest. */
#include "host_ref/hybrid.h"

/* The element of a or b at which matrix `batch` begins. */
static size_t begin(const struct hby_args_matmul *p, const hby_i32 *stride, int batch)
{
    size_t at = 0;
    for (int i = HBY_MATMUL_BATCHES - 1; i >= 0; i--) {
        at += (size_t)(batch % p->batch[i]) * (size_t)stride[i];
        batch /= p->batch[i];
    }
    return at;
}

static void matmul_float(const struct hby_ref_call *c)
{
    const struct hby_args_matmul *p = &c->args->matmul;
    const int batches = p->batch[0] * p->batch[1] * p->batch[2];
    size_t out = 0;
    for (int batch = 0; batch < batches; batch++)
        for (int i = 0; i < p->m; i++)
            for (int j = 0; j < p->n; j++, out++) {
                const size_t a = begin(p, p->a_stride, batch) + (size_t)i * (size_t)p->k, b = begin(p, p->b_stride, batch) + (size_t)j;
                float sum = 0.0f;
                for (size_t l = 0; l < (size_t)p->k; l++)
                    sum += hby_load_float(c->in[0], c->in_type[0], a + l) * hby_load_float(c->in[1], c->in_type[1], b + l * (size_t)p->n);
                hby_store_float(c->out, c->out_type, out, sum);
            }
}

HBY_INLINE void matmul_int(const struct hby_ref_call *c, enum hby_type type, enum hby_type b_type)
{
    const struct hby_args_matmul *p = &c->args->matmul;
    const int batches = p->batch[0] * p->batch[1] * p->batch[2];
    size_t out = 0;
    for (int batch = 0; batch < batches; batch++)
        for (int i = 0; i < p->m; i++)
            for (int j = 0; j < p->n; j++, out++) {
                const size_t a = begin(p, p->a_stride, batch) + (size_t)i * (size_t)p->k, b = begin(p, p->b_stride, batch) + (size_t)j;
                int64_t sum = 0;
                for (size_t l = 0; l < (size_t)p->k; l++)
                    sum += (int64_t)(hby_load_int(c->in[0], type, a + l) - p->a_zp) * (hby_load_int(c->in[1], b_type, b + l * (size_t)p->n) - p->b_zp);
                if (type == HBY_I8)
                    sum = hby_wrap32((uint64_t)sum);
                const int32_t v = hby_rescale(sum, p->out.mult, p->out.shift, p->rounding);
                hby_store_int(c->out, type, out, hby_clamp32(hby_add32(v, p->out.zero_point), p->act_min, p->act_max));
            }
}

void hby_ref_batch_matmul_float(const struct hby_ref_call *c)
{
    if (c->step->nest == HBY_NEST_conv)
        hby_ref_conv_2d_float(c);
    else if (c->step->nest == HBY_NEST_move)
        hby_ref_move(c);
    else
        matmul_float(c);
}

void hby_ref_batch_matmul_i8(const struct hby_ref_call *c)
{
    if (c->step->nest == HBY_NEST_conv)
        hby_conv_nest(c, false, HBY_I8, HBY_I8, false);
    else if (c->step->nest == HBY_NEST_move)
        hby_ref_move(c);
    else
        matmul_int(c, HBY_I8, HBY_I8);
}

void hby_ref_batch_matmul_i16(const struct hby_ref_call *c)
{
    if (c->step->nest == HBY_NEST_conv)
        hby_conv_nest(c, false, HBY_I16, HBY_I8, true);
    else if (c->step->nest == HBY_NEST_move)
        hby_ref_move(c);
    else if (c->in_type[1] == HBY_I8)
        matmul_int(c, HBY_I16, HBY_I8);
    else
        matmul_int(c, HBY_I16, HBY_I16);
}

void hby_ref_batch_matmul_f32w8(const struct hby_ref_call *c)
{
    hby_hybrid_nest(c, HBY_I8, false);
}
