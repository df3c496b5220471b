/* SPACE_TO_BATCH_ND: its padding, and the copy of the blocks. tflite/kernels/internal/reference/space_to_batch_nd.h. */
#include "host_ref/ref.h"

void hby_ref_space_to_batch_nd(const struct hby_ref_call *c)
{
    if (c->step->nest == HBY_NEST_pad)
        hby_ref_pad(c);
    else
        hby_ref_move(c);
}
