#include "partition/cost.h"

/* Rates per microsecond (1 GB/s is 1000 bytes per microsecond) of one thread of a 3.7 GHz x86 core with AVX-512 VNNI, fitted to the times of 75 networks:
 * multiply-adds of the runtime's kernels. XNNPACK has float32, int8 and uint8, and not everything of those; the rest are reference loops. */
static const double runtime_macs[HBY_WORK_MATH][HBY_SCHEME_COUNT] = {
#define RATES(float_, i8, u8, i16, hybrid)                                                                                                                     \
    {                                                                                                                                                          \
        [HBY_SCHEME_f32] = float_, [HBY_SCHEME_f16] = float_, [HBY_SCHEME_i8] = i8, [HBY_SCHEME_u8] = u8, [HBY_SCHEME_i16] = i16, [HBY_SCHEME_i32] = 1000,     \
        [HBY_SCHEME_f32w8] = hybrid                                                                                                                            \
    }
    [HBY_WORK_CONV] = RATES(98000, 380000, 150000, 1400, 170000),   [HBY_WORK_DEPTHWISE] = RATES(24000, 20000, 10000, 170, 1500),
    [HBY_WORK_DENSE] = RATES(110000, 118000, 100000, 3900, 200000), [HBY_WORK_MATMUL] = RATES(30000, 2000, 2000, 2000, 30000),
    [HBY_WORK_RECURRENT] = RATES(5400, 700, 700, 50, 5400),
};
/* Bytes where elements are computed, and where they are moved. */
static const double runtime_bytes[2][HBY_SCHEME_COUNT] = {RATES(8000, 1700, 1700, 90, 8000), RATES(12000, 3000, 3000, 400, 12000)};
static const double stream_bytes = 12000, runtime_node_us = 0.3;
static const double host_macs = 1000, host_bytes = 1500, host_node_us = 0.5;
static const double device_macs = 100000, device_bytes = 8000, device_launch_us = 2.0;

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

static enum hby_work work_of(const struct hby_step *s)
{
    switch (s->nest) {
    case HBY_NEST_conv:
        return s->op == HBY_OP_depthwise_conv_2d ? HBY_WORK_DEPTHWISE : s->op == HBY_OP_fully_connected ? HBY_WORK_DENSE : HBY_WORK_CONV;
    case HBY_NEST_matmul:
        return HBY_WORK_MATMUL;
    case HBY_NEST_lstm:
    case HBY_NEST_rnn:
    case HBY_NEST_svdf:
        return HBY_WORK_RECURRENT;
    case HBY_NEST_pool:
    case HBY_NEST_mean:
    case HBY_NEST_softmax:
    case HBY_NEST_resize:
    case HBY_NEST_unary:
        return HBY_WORK_MATH;
    default:
        return HBY_WORK_MOVE;
    }
}

struct hby_cost hby_cost_of_step(const struct hby_plan *plan, const struct hby_step *s)
{
    struct hby_cost c = {.macs = macs_per_output(plan, s) * elements(plan, s->out[0]), .work = work_of(s)};
    for (int i = 0; i < s->n_in; i++)
        if (s->in[i] >= 0)
            c.bytes += (double)hby_plan_bytes(plan, s->in[i]);
    if (s->nest == HBY_NEST_move) /* one piece of its input or of its output */
        c.bytes = (double)s->args.move.count * s->args.move.elem_size * 2;
    else if (s->nest == HBY_NEST_gather || s->nest == HBY_NEST_embedding) /* the rows that are picked */
        c.bytes = (double)hby_plan_bytes(plan, s->out[0]) * 2;
    else
        c.bytes += (double)hby_plan_bytes(plan, s->out[0]);
    return c;
}

/* Of threads beyond the first; and only XNNPACK's products are divided among them. */
static double speedup(struct hby_cost c, enum hby_scheme scheme, int threads)
{
    const bool shared = (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16 || scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8) &&
                        (c.work == HBY_WORK_CONV || c.work == HBY_WORK_DEPTHWISE || c.work == HBY_WORK_DENSE);
    return shared && threads > 1 ? 1.0 + 0.8 * (threads - 1) : 1.0;
}

/* The processor's part of the rates: of loops that are not vectors (int16, recurrent int8) it has all. */
static double part_of(struct hby_cost c, enum hby_scheme scheme, struct hby_cost_cpu cpu)
{
    const bool integers = scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_f32w8;
    const bool products = c.work == HBY_WORK_CONV || c.work == HBY_WORK_DENSE;
    const bool vectors = scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16 || (integers && (products || c.work == HBY_WORK_DEPTHWISE));
    const float part = integers && products ? cpu.integers : cpu.floats;
    return vectors && part > 0 ? part : 1;
}

double hby_cost_runtime_us(struct hby_cost c, enum hby_scheme scheme, int threads, struct hby_cost_cpu cpu)
{
    if (c.work >= HBY_WORK_MATH)
        return runtime_node_us + c.bytes / runtime_bytes[c.work == HBY_WORK_MOVE][scheme];
    const double compute = c.macs / (runtime_macs[c.work][scheme] * part_of(c, scheme, cpu)), memory = c.bytes / stream_bytes;
    return runtime_node_us + (compute > memory ? compute : memory) / speedup(c, scheme, threads);
}

double hby_cost_host_us(struct hby_cost c)
{
    return host_node_us + c.macs / host_macs + c.bytes / host_bytes;
}

double hby_cost_device_us(struct hby_cost c)
{
    return device_launch_us + c.macs / device_macs + c.bytes / device_bytes;
}
