/* Launch rule of CLBlast's matrix product: FULLY_CONNECTED and dense 1x1 convolutions in float. It goes before conv_f in kernels.def, and stands back for it
 * unless the option gemm says so, or a measurement on this device does. */
#include <math.h>

#include "kernels_cl/cl_session.h"
#include "kernels_cl/launch_nest.h"
#include "partition/element.h"

enum { TIMED_RUNS = 5 };
#define WORTH_MEASURING 4e6 /* products; below, launches decide, and own kernels need fewer */

/* Is the step a plain product of in[rows][in_c] and w[out_c][in_c]? */
static bool is_product(const struct hby_step *s)
{
    const struct hby_args_conv *p = &s->args.conv;
    return (s->op == HBY_OP_fully_connected || s->op == HBY_OP_conv_2d || s->op == HBY_OP_batch_matmul) && p->k_h == 1 && p->k_w == 1 && p->stride_h == 1 &&
           p->stride_w == 1 && p->pad_top == 0 && p->pad_left == 0 && p->group_c == p->in_c && p->out_h == p->in_h && p->out_w == p->in_w;
}

int hby_cl_match_gemm(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    if (site->dev->state->gemm == HBY_CL_GEMM_OWN || !is_product(s) || !hby_clblast_have())
        return 0;
    for (int i = 0; i < 2; i++)
        if (hby_nest_stored(site, s->in[i]) != own) {
            hby_say(HBY_UNSUPPORTED, why, "CLBlast needs activations and weights of one type");
            return 0;
        }
    if (own == HBY_F16 && !site->dev->info.has_fp16) {
        hby_say(HBY_UNSUPPORTED, why, "CLBlast in half precision needs cl_khr_fp16");
        return 0;
    }
    return s->args.conv.has_bias && !hby_nest_is_float(hby_nest_stored(site, s->in[2])) ? 0 : 1;
}

/* By one of the two: the best of some runs, in microseconds, and the output. */
static enum hby_status time_one(struct hby_cl_state *st, const struct hby_cl_rig *rig, int gemm, int out, double *us, struct hby_reason *why)
{
    struct hby_session *s;
    enum hby_status status = hby_cl_rig_session(st, rig, &(struct hby_cl_force){gemm, HBY_CL_TILE_TUNED}, out, &s, why);
    if (status)
        return status;
    *us = INFINITY;
    for (int i = 0; i < TIMED_RUNS && !status; i++) {
        const int64_t start = hby_cl_now_ns();
        status = s->ops->run(s, 0, 1);
        if (!status)
            status = s->ops->finish(s);
        *us = fmin(*us, (double)(hby_cl_now_ns() - start) * 1e-3);
    }
    s->ops->destroy(&s);
    return status;
}

/* As near to our own kernel's result as an operator has to be to the reference's (docs/design.md): half sums of many products may not be. */
static bool near(const void *a, const void *b, size_t n, bool half, double k)
{
    const enum hby_type type = half ? HBY_F16 : HBY_F32;
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = hby_load_float(a, type, i), y = hby_load_float(b, type, i);
        largest = fmax(largest, fabs(x));
        worst = isfinite(x - y) ? fmax(worst, fabs(x - y)) : INFINITY;
    }
    return worst <= largest * (half ? ldexp(2 + sqrt(k) / 16, -10) : 1e-5);
}

/* Measures both on the step's own shape. False as well when that fails: then our own kernel will say why. */
static bool measure(const struct hby_cl_site *site, const struct hby_cl_gemm *g)
{
    struct hby_cl_state *st = site->dev->state;
    struct hby_cl_rig rig;
    struct hby_reason why = {""};
    double us[2] = {0, 0};
    bool faster = false;
    if (hby_cl_rig_open(site, &rig)) {
        if (!time_one(st, &rig, HBY_CL_GEMM_OWN, 0, &us[0], &why) && !time_one(st, &rig, HBY_CL_GEMM_CLBLAST, 1, &us[1], &why))
            faster = us[1] < 0.95 * us[0] && near(rig.out[0], rig.out[1], g->m * g->n, g->half, (double)g->k);
        hby_cl_log(st, HBY_CL_LOG_BUILD, "%zu x %zu x %zu: own kernel %.0f us, CLBlast %.0f us%s%s", g->m, g->n, g->k, us[0], us[1], faster ? ", taken" : "",
                   why.text);
    }
    hby_cl_rig_close(&rig);
    return faster;
}

/* One measurement per shape, device and backend. */
static bool is_faster(const struct hby_cl_site *site, const struct hby_cl_gemm *g)
{
    struct hby_cl_state *st = site->dev->state;
    bool faster = false;
    int i = 0;
    pthread_mutex_lock(&st->gemm_lock);
    while (i < st->n_gemms && (st->gemms[i].m != g->m || st->gemms[i].n != g->n || st->gemms[i].k != g->k || st->gemms[i].half != g->half))
        i++;
    if (i < st->n_gemms) {
        faster = st->gemms[i].faster;
    } else if (hby_cl_grow((void **)&st->gemms, st->n_gemms, &st->gemm_room, sizeof *st->gemms)) {
        faster = measure(site, g);
        st->gemms[st->n_gemms++] = (struct hby_cl_gemm_verdict){g->m, g->n, g->k, g->half, faster};
    }
    pthread_mutex_unlock(&st->gemm_lock);
    return faster;
}

enum hby_status hby_cl_launch_gemm(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_conv *p = &s->args.conv;
    const double rows = (double)p->batch * p->out_h * p->out_w, products = rows * p->out_c * p->in_c;
    const struct hby_cl_gemm g = {.used = true, .half = s->scheme == HBY_SCHEME_f16, .m = (size_t)rows, .n = (size_t)p->out_c, .k = (size_t)p->in_c};
    const bool measurable = products >= WORTH_MEASURING && hby_cl_tune(site->dev, HBY_TUNE_measure_clblast) != 0;
    if (l->force.gemm == HBY_CL_GEMM_OWN || products <= 0 || rows * p->out_c > INT32_MAX ||
        (l->force.gemm == HBY_CL_GEMM_AUTO && (!measurable || !is_faster(site, &g))))
        return HBY_UNSUPPORTED;
    hby_cl_product(l, &g, s->in[0], s->in[1], s->out[0]);
    if (p->has_bias || p->f_min > -INFINITY || p->f_max < INFINITY) {
        hby_cl_define(l, "HBY_HALF_BIAS", p->has_bias && hby_nest_stored(site, s->in[2]) == HBY_F16);
        const enum hby_status st = hby_cl_use(l, "bias.cl", "hby_bias");
        if (st)
            return st;
        hby_cl_arg_tensor(l, s->out[0]);
        hby_cl_arg_tensor(l, p->has_bias ? s->in[2] : -1);
        hby_cl_arg_i32(l, (int32_t)(g.m * g.n));
        hby_cl_arg_i32(l, p->out_c);
        hby_cl_arg_i32(l, p->has_bias);
        hby_cl_arg_args(l, &p->f_min, sizeof p->f_min);
        hby_cl_arg_args(l, &p->f_max, sizeof p->f_max);
        size_t local = site->dev->info.kind == HBY_CL_CPU ? 1 : 64;
        local = local < hby_cl_max_group(l) ? local : hby_cl_max_group(l);
        const size_t items = (g.m * g.n + 3) / 4;
        hby_cl_grid(l, (const size_t[3]){(items + local - 1) / local * local, 1, 1}, (const size_t[3]){local, 1, 1});
    }
    hby_cl_arithmetic(l, g.half ? "half (CLBlast)" : "float (CLBlast)");
    hby_cl_cost(l, products, 0);
    return HBY_OK;
}
