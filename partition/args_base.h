/* The types that args structs are made of, for C and for OpenCL C: 4-byte scalars and arrays of them only.
 * A struct is passed to a kernel by value, so it has at most 256 bytes (asserted in args.h). */
#ifndef HBY_PARTITION_ARGS_BASE_H
#define HBY_PARTITION_ARGS_BASE_H
#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
typedef int hby_i32;
typedef float hby_f32;
#else
#include <stdint.h>
typedef int32_t hby_i32;
typedef float hby_f32;
#endif

/* Which of TFLite's ways turns an int32 (or int64) accumulator into the output's scale. `mult` is Q31 in [2^30, 2^31), `shift` the
 * power of two: real factor = mult * 2^(shift - 31).  docs/quantization.md derives them.
 *   DOUBLE   saturating rounding doubling high multiply, then rounding shift, ties away from zero (gemmlowp; BUILTIN_REF's conv)
 *   SINGLE   one rounding of the 64-bit product: (x * mult + 2^(30 - shift)) >> (31 - shift) (BUILTIN_REF's FULLY_CONNECTED)
 *   RUY      as DOUBLE, but the shift rounds ties up; a channel whose `mult` is negated is rescaled by DOUBLE (the scalar rest behind
 *            the runtime's vector loops)
 *   FLOAT    float(x) * factor in float32, rounded to nearest, ties to even (XNNPACK); `mult` holds the factor's bits, `shift` is 0
 *   WIDE16   int64 accumulator, multiplier reduced to 16 bits (16x8 with int64 bias)
 *   EXACT    round(double(accumulator) * real), ties away from zero: BUILTIN_REF's FULLY_CONNECTED, where lowering found no multiplier
 *            with which SINGLE gives the same for every accumulator (16-bit outputs). A kernel that lacks it must not take the step. */
#define HBY_ROUND_DOUBLE 0
#define HBY_ROUND_SINGLE 1
#define HBY_ROUND_RUY 2
#define HBY_ROUND_FLOAT 3 /* those up to here: int32 accumulators and nothing but `mult` and `shift` */
#define HBY_ROUND_WIDE16 4
#define HBY_ROUND_EXACT 5

struct hby_rescale {
    hby_i32 zero_point, mult, shift;
};
#endif
