/* ONE_HOT: tflite/kernels/one_hot.cc. Of an int64 the low 32 bits count. */
#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_one_hot(const struct hby_ref_call *c)
{
    const struct hby_args_one_hot *a = &c->args->one_hot;
    const size_t size = (size_t)a->elem_size;
    size_t at = 0;
    for (size_t o = 0; o < (size_t)a->outer; o++)
        for (int d = 0; d < a->depth; d++)
            for (size_t i = 0; i < (size_t)a->inner; i++, at += size) {
                const int32_t index = hby_wrap32((uint64_t)hby_load_int64(c->in[0], c->in_type[0], o * (size_t)a->inner + i));
                memcpy((char *)c->out + at, index == d ? c->in[1] : c->in[2], size);
            }
}
