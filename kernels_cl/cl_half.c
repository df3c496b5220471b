/* How does the device compute with halves? Found out by building half_test.cl and comparing what it computes. */
#include <stdio.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "partition/half.h"

enum { COUNT = 256, LANES = 4 };

/* Multiples of 1/8 below 16: a product, with or without another of them added, is a float, and most are no halves. */
static float value(int i)
{
    return (float)((i * 97 + 13) % 255 - 127) / 8.0f;
}

static float rounded(float v)
{
    return hby_half_to_float(hby_float_to_half(v));
}

static bool works(struct hby_cl_state *s, enum hby_cl_half_math math)
{
    static const char *const names[] = {[HBY_HALF_MATH_FP16] = "cl_khr_fp16", [HBY_HALF_MATH_F16X2] = "f16x2", [HBY_HALF_MATH_EMULATED] = "emulated"};
    uint16_t a[COUNT + LANES], b[COUNT];
    float out[2][COUNT] = {{0}};
    cl_int n = COUNT;
    char options[64];
    struct hby_reason why = {""};
    for (int i = 0; i < COUNT + LANES; i++)
        a[i] = hby_float_to_half(value(i));
    for (int i = 0; i < COUNT; i++)
        b[i] = hby_float_to_half(value(3 * i + 1));
    const struct hby_cl_trial arg[] = {
        {HBY_CL_TRIAL_IN, a, sizeof a}, {HBY_CL_TRIAL_IN, b, sizeof b}, {HBY_CL_TRIAL_OUT, out, sizeof out}, {HBY_CL_TRIAL_VALUE, &n, sizeof n}};
    snprintf(options, sizeof options, "-DHBY_SCHEME_f16=1 -DHBY_HALF_MATH=%d", (int)math);
    enum hby_status st = hby_cl_try(s, "half_test.cl", options, "half_test", 1, 1, arg, sizeof arg / sizeof *arg, &why);
    for (int i = 0; i < COUNT && !st; i++) {
        const float x = value(i), y = value(3 * i + 1), first = value(i / LANES * LANES);
        if (out[0][i] != rounded(x * y) || out[1][i] != rounded(first * y + value(i + LANES)))
            st = hby_say(HBY_DEVICE, &why, "self-test: %g * %g is %g, %g * %g + %g is %g", (double)x, (double)y, (double)out[0][i], (double)first, (double)y,
                         (double)value(i + LANES), (double)out[1][i]);
    }
    hby_cl_log(s, HBY_CL_LOG_BUILD, "%s: arithmetic on halves, %s: %s", s->dev.info.name, names[math], st ? why.text : "right");
    return !st;
}

enum hby_cl_half_math hby_cl_find_half_math(struct hby_cl_state *s, bool is_nvidia)
{
    const struct hby_cl_info *in = &s->dev.info;
    if (in->kind == HBY_CL_CPU)
        return HBY_HALF_MATH_NONE;
    if (hby_cl_feature_given("f16x2=emulate"))
        return works(s, HBY_HALF_MATH_EMULATED) ? HBY_HALF_MATH_EMULATED : HBY_HALF_MATH_NONE;
    if (in->has_fp16)
        return works(s, HBY_HALF_MATH_FP16) ? HBY_HALF_MATH_FP16 : HBY_HALF_MATH_NONE;
    const bool pays = in->nv_compute >= 53 && in->nv_compute != 61; /* which takes 64 times as long as over floats */
    return is_nvidia && pays && !hby_cl_feature_denied("f16x2") && works(s, HBY_HALF_MATH_F16X2) ? HBY_HALF_MATH_F16X2 : HBY_HALF_MATH_NONE;
}
