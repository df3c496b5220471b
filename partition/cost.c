#include "partition/cost.h"

/* Rates per microsecond, measured on MobileNet v2 with one thread of a 3.7 GHz x86 core: 1 GB/s is 1000 bytes per microsecond. */
static const struct {
    double runtime_macs, host_macs;
} rate[HBY_SCHEME_COUNT] = {
    [HBY_SCHEME_f32] = {45000, 1000}, [HBY_SCHEME_f16] = {45000, 700}, [HBY_SCHEME_i8] = {95000, 1000},    [HBY_SCHEME_u8] = {95000, 1000},
    [HBY_SCHEME_i16] = {1400, 1000},  [HBY_SCHEME_i32] = {1000, 1000}, [HBY_SCHEME_f32w8] = {25000, 1000},
};
static const double runtime_bytes = 4000, host_bytes = 1500, runtime_node_us = 1.0, host_node_us = 0.5; /* streaming rates; overhead per operator */
static const double device_macs = 100000, device_bytes = 8000, device_launch_us = 2.0;
static const double transfer_bytes = 5000, wait_us = 15.0;

static double elements(const struct hby_plan *plan, int tensor)
{
    return tensor < 0 ? 0.0 : (double)hby_tensor_count(&plan->graph->tensor[tensor]);
}

/* What one output element costs in multiply-adds, by loop nest. */
static double macs_per_output(const struct hby_plan *plan, const struct hby_step *s)
{
    const union hby_args *a = &s->args;
    double out = elements(plan, s->out[0]);
    switch (s->nest) {
    case HBY_NEST_conv:
        if (s->op == HBY_OP_transpose_conv)
            return out > 0 ? elements(plan, s->in[0]) * a->conv.k_h * a->conv.k_w * a->conv.out_c / out : 0;
        return (double)a->conv.k_h * a->conv.k_w * a->conv.group_c;
    case HBY_NEST_conv3d:
        return (double)a->conv3d.k[0] * a->conv3d.k[1] * a->conv3d.k[2] * a->conv3d.in_c;
    case HBY_NEST_matmul:
        return a->matmul.k;
    case HBY_NEST_pool:
        return (double)a->pool.k_h * a->pool.k_w;
    case HBY_NEST_mean:
        return a->mean.n_reduced;
    case HBY_NEST_softmax:
        return 30;
    case HBY_NEST_norm:
        return a->norm.fn == HBY_NORM_LOCAL_RESPONSE ? 30 + 2.0 * (a->norm.radius < a->norm.depth ? a->norm.radius : a->norm.depth) : 20;
    case HBY_NEST_topk: /* a pass over the row for each */
        return a->topk.depth;
    case HBY_NEST_lstm:
        return 4.0 * a->lstm.n_cell * ((double)a->lstm.n_in + a->lstm.n_out) / a->lstm.n_out + a->lstm.projection * a->lstm.n_cell;
    case HBY_NEST_rnn:
        return (double)a->rnn.n_in + a->rnn.n_out;
    case HBY_NEST_svdf:
        return (double)a->svdf.rank * (a->svdf.n_in + a->svdf.memory);
    case HBY_NEST_resize:
        return a->resize.is_bilinear ? 8 : 1;
    case HBY_NEST_unary:
        return 10;
    case HBY_NEST_binary:
        return 4;
    default:
        return 0;
    }
}

struct hby_cost hby_cost_of_step(const struct hby_plan *plan, const struct hby_step *s)
{
    struct hby_cost c = {.macs = macs_per_output(plan, s) * elements(plan, s->out[0])};
    for (int i = 0; i < s->n_in; i++)
        if (s->in[i] >= 0)
            c.bytes += (double)hby_plan_bytes(plan, s->in[i]);
    if (s->nest == HBY_NEST_move) /* one piece of its input or of its output */
        c.bytes = (double)s->args.move.count * s->args.move.elem_size * 2;
    else if (s->nest == HBY_NEST_gather || s->nest == HBY_NEST_embedding) /* the rows that are picked */
        c.bytes = (double)hby_plan_bytes(plan, s->out[0]) * 2;
    else if (s->out[0] >= 0)
        c.bytes += (double)hby_plan_bytes(plan, s->out[0]);
    return c;
}

double hby_cost_runtime_us(struct hby_cost c, enum hby_scheme scheme)
{
    return runtime_node_us + c.macs / rate[scheme].runtime_macs + c.bytes / runtime_bytes;
}

double hby_cost_host_us(struct hby_cost c, enum hby_scheme scheme)
{
    return host_node_us + c.macs / rate[scheme].host_macs + c.bytes / host_bytes;
}

double hby_cost_device_us(struct hby_cost c)
{
    return device_launch_us + c.macs / device_macs + c.bytes / device_bytes;
}

double hby_cost_transfer_us(double bytes)
{
    return 2.0 + bytes / transfer_bytes;
}

double hby_cost_wait_us(void)
{
    return wait_us;
}
