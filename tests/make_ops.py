#!/usr/bin/env python3
"""Random models of one operator each, with seeded weights, and what BUILTIN_REF of LiteRT makes of seeded inputs: the source of our golden files, and of
as many more cases as one cares to run.

usage: make_ops.py --out DIR [--ops conv_2d,add] [--schemes i8,f32] [--count 10] [--seed 1] [--no-goldens] [--list]

Writes DIR/OP.SCHEME.NNN.tflite and, beside it, an .npz with inputs in0, in1, ... and the reference's outputs ref0, ... Each case depends on (seed, op, scheme, number)
only. A random case that the runtime refuses (it has rules that the generators do not know) is drawn again.

An operator is a function in OPERATORS: f(rng, scheme) -> (Model, inputs, outputs); schemes are f32, f16, i8, u8, i16, f32w8 as in partition/ops.h, and
variants of them: i8w4, f32w4 (int4 weights), i16b32 (16x8 with int32 bias).
"""
import argparse
import os
import sys
import zlib

import numpy as np

from tflite_builder import ACTIVATIONS, SAME, VALID, Model, schema

INT = {"i8": ("int8", -128, 127), "u8": ("uint8", 0, 255), "i16": ("int16", -32768, 32767)}
ACT_NAMES = list(ACTIVATIONS)


def activation(rng):
    return ACTIVATIONS[ACT_NAMES[rng.choice(4, p=[0.5, 0.2, 0.1, 0.2])]]


def random_scale(rng, count=None):
    """Mostly ordinary; sometimes a power of two, a short decimal, or extreme."""
    kind = rng.integers(10)
    size = () if count is None else count
    if kind == 0:
        s = 2.0 ** rng.integers(-9, 1, size).astype(np.float64)
    elif kind == 1:
        s = rng.integers(1, 20, size) * 0.01
    elif kind == 2:
        s = 10.0 ** rng.uniform(-6, 1, size)
    else:
        s = rng.uniform(0.002, 0.1, size)
    return np.asarray(s, np.float32)


def quantized(rng, scheme):
    """(dtype, scale, zero point) of activations."""
    dtype, low, high = INT[scheme[:3] if scheme.startswith("i16") else scheme[:2]]
    zero = 0 if dtype == "int16" else int(rng.choice([low, high, 0 if dtype == "int8" else 128, rng.integers(low, high + 1), rng.integers(low, high + 1)]))
    return dtype, random_scale(rng), zero


def weights_for(rng, scheme, shape, axis, always_per_channel=False):
    """(dtype, values, scale, zero point, axis) of weights under a scheme."""
    channels = shape[axis]
    if scheme in ("f32", "f16"):
        return "float32", rng.uniform(-1, 1, shape).astype(np.float32) * 0.5, None, None, 0
    if scheme == "u8":
        zero = int(rng.choice([0, 128, 255, rng.integers(0, 256)]))
        return "uint8", rng.integers(0, 256, shape), random_scale(rng), zero, 0
    bits = 4 if scheme.endswith("w4") else 8
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    values = rng.integers(low + 1, high + 1, shape)
    if rng.random() < 0.3 and scheme not in ("f32w8", "f32w4"):
        values[rng.random(shape) < 0.1] = low
    per_channel = rng.random() < 0.7 or always_per_channel
    return "int4" if bits == 4 else "int8", values, random_scale(rng, channels if per_channel else None), None, axis


def output_scale(rng, in_scale, w_scale, taps, scheme):
    """One under which results fill the type's range, more or less."""
    typical = float(in_scale) * float(np.mean(w_scale)) * np.sqrt(taps) * (16384 * 64 if scheme.startswith("i16") else 128 * 64)
    span = 32768 if scheme.startswith("i16") else 128
    if rng.random() < 0.1:  # dyadic: exact ties of the rounding occur
        return np.float32(float(in_scale) * float(np.ravel(w_scale)[0]) * 2.0 ** rng.integers(0, 10) * rng.choice([1, 3, 5]))
    return np.float32(max(typical / span * 2.0 ** rng.uniform(-2, 1.5), 1e-30))


def bias_for(rng, m, scheme, channels, in_scale, w_scale, taps, axis=0):
    if scheme in ("f32", "f16") or scheme.startswith("f32w"):
        return m.tensor([channels], "float32", rng.uniform(-1, 1, channels).astype(np.float32))
    wide = scheme == "i16"
    reach = int(min(128 * 64 * np.sqrt(taps) * (256 if scheme.startswith("i16") else 1), 2**30))
    values = rng.integers(-reach, reach + 1, channels)
    return m.tensor([channels], "int64" if wide else "int32", values, scale=np.float32(in_scale) * np.asarray(w_scale, np.float32), axis=axis)


def constant_weights(m, scheme, shape, w):
    """The weights' tensor; for f16 a float16 constant behind DEQUANTIZE, as converters write it."""
    dtype, values, scale, zero, axis = w
    if scheme != "f16":
        return m.tensor(shape, dtype, values, scale, zero, axis)
    half = m.tensor(shape, "float16", values)
    full = m.tensor(shape, "float32")
    m.op("DEQUANTIZE", [half], [full], "DequantizeOptions")
    return full


def image(m, scheme, shape, q):
    return m.tensor(shape, "float32") if q is None else m.tensor(shape, q[0], scale=q[1], zero_point=q[2])


def is_integer(scheme):
    return scheme[0] in "iu"


def out_size(padding, size, k, stride, dilation):
    reach = (k - 1) * dilation + 1
    return (size + stride - 1) // stride if padding == SAME else (size + stride - reach) // stride


def window(rng, most=5, dilate=True):
    """(k, stride, dilation, padding, input size) of one axis pair."""
    while True:
        padding = int(rng.choice([SAME, VALID]))
        k, stride = rng.integers(1, most + 1, 2), rng.integers(1, 5, 2) if rng.random() < 0.5 else np.array([1, 1]) * rng.integers(1, 3)
        dilation = rng.integers(1, 4, 2) if dilate and rng.random() < 0.3 else np.array([1, 1])
        size = rng.integers(1, 20, 2)
        out = [out_size(padding, int(size[i]), int(k[i]), int(stride[i]), int(dilation[i])) for i in range(2)]
        if min(out) > 0:
            return [int(v) for v in k], [int(v) for v in stride], [int(v) for v in dilation], padding, [int(v) for v in size], out


def bias_type(scheme):
    return {"i16": schema.TensorType.INT64, "i16b32": schema.TensorType.INT32}.get(scheme, schema.TensorType.FLOAT32)


def conv_like(rng, scheme, m, in_shape, w_shape, w_axis, out_shape, taps, with_bias=True, always_per_channel=False):
    """Tensors (input, weights, bias, output) of a convolution."""
    q = quantized(rng, scheme) if is_integer(scheme) else None
    w = weights_for(rng, scheme, w_shape, w_axis, always_per_channel)
    x = image(m, scheme, in_shape, q)
    weights = constant_weights(m, scheme, w_shape, w)
    channels = w_shape[w_axis]
    bias = bias_for(rng, m, scheme, channels, q[1] if q else 1, w[2] if w[2] is not None else 1, taps) if with_bias else -1
    if q is None:
        return x, weights, bias, m.tensor(out_shape, "float32")
    dtype, _, zero = quantized(rng, scheme)
    scale = output_scale(rng, q[1], w[2], taps, scheme)
    if scheme == "u8":  # the runtime wants the bias' scale within 0.02 of the output's
        scale = max(scale, np.float32(1e-6))
    return x, weights, bias, m.tensor(out_shape, dtype, scale=scale, zero_point=zero)


def conv_2d(rng, scheme):
    m = Model()
    k, stride, dilation, padding, size, out = window(rng)
    groups = int(rng.choice([1, 1, 1, 2, 3, 4]))
    group_c, per_group, batch = int(rng.integers(1, 20)), int(rng.integers(1, 20)), int(rng.choice([1, 1, 2, 3]))
    in_shape, w_shape = [batch, *size, group_c * groups], [per_group * groups, *k, group_c]
    x, w, b, y = conv_like(rng, scheme, m, in_shape, w_shape, 0, [batch, *out, per_group * groups], group_c * k[0] * k[1],
                           always_per_channel=groups > 1)  # the hybrid kernel reads one scale per channel there, whether they exist or not
    m.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", version=8 if scheme == "i16b32" else 5, padding=padding, strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0],
         dilationWFactor=dilation[1], fusedActivationFunction=activation(rng), quantizedBiasType=bias_type(scheme))
    return m, [x], [y]


def depthwise_conv_2d(rng, scheme):
    m = Model()
    k, stride, dilation, padding, size, out = window(rng)
    channels, multiplier, batch = int(rng.integers(1, 20)), int(rng.choice([1, 1, 2, 3, 8])), int(rng.choice([1, 1, 2, 3]))
    w_shape = [1, *k, channels * multiplier]
    x, w, b, y = conv_like(rng, scheme, m, [batch, *size, channels], w_shape, 3, [batch, *out, channels * multiplier], k[0] * k[1])
    m.op("DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2DOptions", version=6, padding=padding, strideH=stride[0], strideW=stride[1],
         dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier, fusedActivationFunction=activation(rng))
    return m, [x], [y]


def fully_connected(rng, scheme):
    m = Model()
    depth, units = int(rng.integers(1, 200)), int(rng.integers(1, 80))
    keep = bool(rng.random() < 0.4)
    lead = [int(v) for v in rng.integers(1, 5, rng.integers(1, 3))]
    in_shape = [*lead, depth]
    out_shape = [*lead, units] if keep else [int(np.prod(lead)), units]
    x, w, b, y = conv_like(rng, scheme, m, in_shape, [units, depth], 0, out_shape, depth, with_bias=rng.random() < 0.8)
    m.op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", version=11 if scheme == "i16b32" else 9, keepNumDims=keep,
         asymmetricQuantizeInputs=bool(rng.random() < 0.5), fusedActivationFunction=activation(rng), quantizedBiasType=bias_type(scheme))
    return m, [x], [y]


def transpose_conv(rng, scheme):
    m = Model()
    k, stride, _, padding, size, in_size = window(rng, dilate=False)  # the window runs over the output
    in_c, out_c, batch = int(rng.integers(1, 16)), int(rng.integers(1, 16)), int(rng.choice([1, 1, 2, 3]))
    out_shape = [batch, *size, out_c]
    shape = m.tensor([4], "int32", out_shape)
    x, w, b, y = conv_like(rng, scheme, m, [batch, *in_size, in_c], [out_c, *k, in_c], 0, out_shape, in_c * k[0] * k[1] // (stride[0] * stride[1]) + 1,
                           with_bias=rng.random() < 0.6)
    inputs = [shape, w, x] + ([b] if b >= 0 else [])
    m.op("TRANSPOSE_CONV", inputs, [y], "TransposeConvOptions", version=5 if scheme == "i16b32" else 4, padding=padding, strideH=stride[0], strideW=stride[1],
         fusedActivationFunction=activation(rng), quantizedBiasType=bias_type(scheme))
    return m, [x], [y]


def pool(name):
    def build(rng, scheme):
        m = Model()
        k, stride, _, padding, size, out = window(rng, most=7, dilate=False)
        channels, batch = int(rng.integers(1, 40)), int(rng.choice([1, 1, 2, 3]))
        q = quantized(rng, scheme) if is_integer(scheme) else None
        x, y = image(m, scheme, [batch, *size, channels], q), image(m, scheme, [batch, *out, channels], q)
        m.op(name, [x], [y], "Pool2DOptions", version=1 if name == "L2_POOL_2D" else 3, padding=padding, strideH=stride[0], strideW=stride[1], filterHeight=k[0], filterWidth=k[1],
             fusedActivationFunction=activation(rng))
        return m, [x], [y]
    return build


CONV = ("f32", "f16", "i8", "u8", "i16", "i16b32", "f32w8", "i8w4", "f32w4")
OPERATORS = {
    "conv_2d": (conv_2d, CONV),
    "depthwise_conv_2d": (depthwise_conv_2d, ("f32", "f16", "i8", "u8", "i16", "f32w8", "i8w4")),
    "fully_connected": (fully_connected, CONV),
    "transpose_conv": (transpose_conv, ("f32", "f16", "i8", "u8", "i16", "i16b32", "f32w8")),
    "average_pool_2d": (pool("AVERAGE_POOL_2D"), ("f32", "i8", "u8", "i16")),
    "max_pool_2d": (pool("MAX_POOL_2D"), ("f32", "i8", "u8", "i16")),
}


def feed(rng, detail):
    """Random values of an input: full range, sometimes the ends of it only; floats sometimes on a grid on which rounding meets ties."""
    shape, dtype = [int(d) for d in detail["shape"]], detail["dtype"]
    if np.issubdtype(dtype, np.floating):
        if rng.random() < 0.2:
            return (rng.integers(-255, 256, shape) * 0.5 * 2.0 ** rng.integers(-4, 2)).astype(dtype)
        return (rng.standard_normal(shape) * 2.0 ** rng.integers(-3, 4)).astype(dtype)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype in (np.int32, np.int64):
        return rng.integers(-1000, 1001, shape).astype(dtype)
    info = np.iinfo(dtype)
    if rng.random() < 0.15:
        return rng.choice([info.min, info.max], shape).astype(dtype)
    return rng.integers(info.min, int(info.max) + 1, shape).astype(dtype)


def reference(blob, rng, given, without_ref):
    """Inputs and BUILTIN_REF's outputs, as {in0, ..., ref0, ...}; ValueError or RuntimeError where the runtime refuses the model. given: inputs that the generator
    chose, by tensor. without_ref: BUILTIN_REF lacks the operator, the optimized kernel stands in."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if without_ref else OpResolverType.BUILTIN_REF
    it = Interpreter(model_content=blob, experimental_op_resolver_type=resolver, num_threads=1)
    it.allocate_tensors()
    return many_calls(it, rng, given) if keeps_state(blob) else one_call(it, rng, given)


def one_call(it, rng, given):
    arrays = {}
    for i, d in enumerate(it.get_input_details()):
        arrays[f"in{i}"] = given.get(d["index"]) if d["index"] in given else feed(rng, d)
        it.set_tensor(d["index"], arrays[f"in{i}"])
    it.invoke()
    for i, d in enumerate(it.get_output_details()):
        arrays[f"ref{i}"] = it.get_tensor(d["index"])
    return arrays


CALLS, RESET = 5, 3


def many_calls(it, rng, given):
    """A network with a state: CALLS calls along a new first axis of every array, and before call number `reset` all variables are reset."""
    calls = []
    for call in range(CALLS):
        if call == RESET:
            it.reset_all_variables()
        calls.append(one_call(it, rng, given))
    return {key: np.stack([c[key] for c in calls]) for key in calls[0]} | {"reset": np.int64(RESET)}


def keeps_state(blob):
    return any(t.isVariable for t in schema.ModelT.InitFromPackedBuf(blob, 0).subgraphs[0].tensors)


def make(op, scheme, number, seed, goldens=True):
    """(model bytes, arrays) of one case; None when 50 draws were all refused."""
    for attempt in range(50):
        rng = np.random.default_rng([seed, number, attempt, zlib.crc32(f"{op}.{scheme}".encode())])
        m, inputs, outputs = OPERATORS[op][0](rng, scheme)
        blob = m.bytes(inputs, outputs)
        if not goldens:
            return blob, None
        try:
            return blob, reference(blob, rng, m.given, m.without_ref)
        except (ValueError, RuntimeError) as e:
            last = e
    print(f"{op}.{scheme}.{number}: every draw was refused: {last}", file=sys.stderr)
    return None


def load_others():
    """Operators from make_ops_*.py beside this file."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.modules.setdefault("make_ops", sys.modules[__name__])
    for name in sorted(os.listdir(here)):
        if name.startswith("make_ops_") and name.endswith(".py"):
            OPERATORS.update(__import__(name[:-3]).OPERATORS)


def chosen(parser, names):
    """The operators of a comma-separated list, all without one; call load_others first."""
    unknown = [op for op in names.split(",") if op not in OPERATORS] if names else []
    if unknown:
        parser.error(f"--ops: {', '.join(unknown)}: no such operator; there are {', '.join(sorted(OPERATORS))}")
    return names.split(",") if names else sorted(OPERATORS)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default="ops")
    p.add_argument("--ops", help="comma-separated; default all")
    p.add_argument("--schemes", help="comma-separated; default all that the operator has")
    p.add_argument("--count", type=int, default=10)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--no-goldens", action="store_true", help="models only: nothing is run")
    p.add_argument("--list", action="store_true", help="operators and schemes")
    a = p.parse_args()
    load_others()
    if a.list:
        for op, (_, schemes) in OPERATORS.items():
            print(op, *schemes)
        return 0
    ops = chosen(p, a.ops)
    os.makedirs(a.out, exist_ok=True)
    made = 0
    for op in ops:
        for scheme in OPERATORS[op][1]:
            if a.schemes and scheme not in a.schemes.split(","):
                continue
            for number in range(a.count):
                case = make(op, scheme, number, a.seed, not a.no_goldens)
                if case is None:
                    continue
                stem = os.path.join(a.out, f"{op}.{scheme}.{number:03d}")
                with open(stem + ".tflite", "wb") as f:
                    f.write(case[0])
                if case[1] is not None:
                    np.savez_compressed(stem + ".npz", **case[1])
                made += 1
    print(f"{made} models in {a.out}")
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
