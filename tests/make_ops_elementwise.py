"""Random one-operator models for make_ops.py: arithmetic, activations, reductions, moves, resizing and quantization."""
import numpy as np

from make_ops import INT, activation, quantized, random_scale
from tflite_builder import Model

PLAIN = {"f32": "float32", "i32": "int32", "i64": "int64", "bool": "bool"}


def is_plain(scheme):
    return scheme in PLAIN


def shape_of(rng, low=1, high=4, most=9, limit=20000):
    """Odd sizes, some of them 1."""
    while True:
        shape = [int(rng.integers(1, most + 1)) if rng.random() < 0.8 else 1 for _ in range(int(rng.integers(low, high + 1)))]
        if rng.random() < 0.2 and shape:
            shape[int(rng.integers(len(shape)))] = int(rng.integers(10, 70))
        if np.prod(shape, dtype=np.int64) <= limit:
            return shape


def quant_of(rng, scheme):
    """(dtype, scale, zero point) or (dtype, None, None)."""
    return (PLAIN[scheme], None, None) if is_plain(scheme) else quantized(rng, scheme)


def near(rng, scale):
    """A scale of the same magnitude, sometimes equal or far off."""
    kind = rng.integers(8)
    return np.float32(scale if kind == 0 else scale * 10.0 ** rng.uniform(-3, 3) if kind == 1 else scale * 2.0 ** rng.uniform(-3, 3))


def values(rng, dtype, shape):
    if dtype == "float32":
        return (rng.standard_normal(shape) * 2).astype(np.float32)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(np.bool_)
    info = np.iinfo(dtype)
    if dtype in ("int32", "int64"):
        return rng.integers(-1000, 1001, shape).astype(dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


def broadcast_pair(rng, ranks=6):
    """(shape, shape, result)."""
    out = shape_of(rng, 0 if rng.random() < 0.1 else 1, ranks)
    pair = []
    for _ in range(2):
        s = list(out)
        if rng.random() < 0.6:
            s = [1 if rng.random() < 0.35 else d for d in s]
            s = s[int(rng.integers(0, len(s) + 1)):] if rng.random() < 0.3 else s
        pair.append(s)
    if rng.random() < 0.3:
        pair = [list(out), list(out)]
    return pair[0], pair[1], [int(d) for d in np.broadcast_shapes(tuple(pair[0]), tuple(pair[1]))]


def operand(rng, m, shape, q, constant):
    return m.tensor(shape, q[0], values(rng, q[0], shape) if constant else None, q[1], q[2])


def binary(name, options):
    def build(rng, scheme):
        m = Model()
        a, b, out = broadcast_pair(rng)
        qa = quant_of(rng, scheme)
        qb, qy = (qa, qa) if is_plain(scheme) else (quantized(rng, scheme), quantized(rng, scheme))
        if not is_plain(scheme):
            qb = (qb[0], near(rng, qa[1]), qb[2])
            typical = max(qa[1], qb[1]) if name != "MUL" else qa[1] * qb[1] * (32 if scheme != "i16" else 8192)
            qy = (qy[0], near(rng, typical), qy[2])
        constant = int(rng.integers(4))  # 0, 1: neither
        fields = {"fusedActivationFunction": activation(rng)}
        if name != "MUL":
            fields["potScaleInt16"] = False
            if scheme == "i16" and rng.random() < 0.3:  # power-of-two arithmetic: one input has the output's scale
                fields["potScaleInt16"] = True
                a, b = out, out  # TFLite's ADD does not broadcast here: it reads past its inputs
                e = int(rng.integers(-14, 0))
                low = e - int(rng.integers(0, 8))
                sa, sb = (e, low) if rng.random() < 0.5 else (low, e)
                qa, qb, qy = (qa[0], np.float32(2.0 ** sa), 0), (qa[0], np.float32(2.0 ** sb), 0), (qa[0], np.float32(2.0 ** e), 0)
        x, y = operand(rng, m, a, qa, constant == 2), operand(rng, m, b, qb, constant == 3)
        z = m.tensor(out, qy[0], scale=qy[1], zero_point=qy[2])
        m.op(name, [x, y], [z], options, version=2 if scheme != "i64" else 4, **fields)
        return m, [t for t, c in ((x, 2), (y, 3)) if constant != c], [z]
    return build


def prelu(rng, scheme):
    m = Model()
    shape = shape_of(rng, 1, 4)
    alpha = [1 if rng.random() < 0.5 else d for d in shape][int(rng.integers(0, 2)) if len(shape) > 1 else 0:]
    q = quant_of(rng, scheme)
    qa = q if is_plain(scheme) else quantized(rng, "i8" if scheme == "i16" else scheme)
    qy = q if is_plain(scheme) else (q[0], near(rng, q[1]), quantized(rng, scheme)[2])
    x, a = operand(rng, m, shape, q, False), operand(rng, m, alpha, qa, True)
    y = m.tensor(shape, qy[0], scale=qy[1], zero_point=qy[2])
    m.op("PRELU", [x, a], [y])
    return m, [x], [y]


FIXED = {("LOGISTIC", "i8"): (1 / 256, -128), ("LOGISTIC", "u8"): (1 / 256, 0), ("LOGISTIC", "i16"): (1 / 32768, 0), ("TANH", "i16"): (1 / 32768, 0),
         ("SOFTMAX", "i8"): (1 / 256, -128), ("SOFTMAX", "u8"): (1 / 256, 0), ("SOFTMAX", "i16"): (1 / 32768, 0)}


def unary(name, options=None, **fields):
    def build(rng, scheme):
        m = Model()
        shape = shape_of(rng, 0 if name != "SOFTMAX" and rng.random() < 0.1 else 1, 5)
        q = quant_of(rng, scheme)
        qy = q
        if not is_plain(scheme):
            qy = (q[0], near(rng, q[1]), quantized(rng, scheme)[2])
            if name in ("TANH", "LOGISTIC", "SOFTMAX"):
                q = (q[0], np.float32(2.0 ** -int(rng.integers(10, 14)) if scheme == "i16" and rng.random() < 0.4 else
                                      10 ** rng.uniform(-5, -3) if scheme == "i16" else 10 ** rng.uniform(-3, 0)), q[2])
            if name == "TANH" and scheme != "i16":
                qy = (q[0], np.float32(1 / 128), 0 if scheme == "i8" else 128)
            if (name, scheme) in FIXED:
                qy = (q[0], np.float32(FIXED[name, scheme][0]), FIXED[name, scheme][1])
        x = operand(rng, m, shape, q, False)
        out16 = name == "SOFTMAX" and scheme in ("i8", "u8") and rng.random() < 0.15
        y = m.tensor(shape, "int16" if out16 else qy[0], scale=np.float32(1 / 65536) if out16 else qy[1], zero_point=-32768 if out16 else qy[2])
        given = {k: f(rng) for k, f in fields.items()}
        m.op(name, [x], [y], options, version=1 if name in ("RELU_N1_TO_1", "HARD_SWISH") else 2, **given)
        return m, [x], [y]
    return build


def mean(rng, scheme):
    m = Model()
    shape = shape_of(rng, 1, 5)
    n = len(shape)
    axes = sorted(rng.choice(n, int(rng.integers(0 if rng.random() < 0.1 else 1, n + 1)), replace=False).tolist())
    if n == 4 and rng.random() < 0.4:
        axes = [1, 2]
    keep = bool(rng.random() < 0.5)
    out = [1 if i in axes else d for i, d in enumerate(shape)] if keep else [d for i, d in enumerate(shape) if i not in axes]
    given = [a - n if rng.random() < 0.3 else a for a in axes]
    if given and rng.random() < 0.1:
        given.append(given[0])
    q = quant_of(rng, scheme)
    qy = q if is_plain(scheme) else (q[0], near(rng, q[1]), quantized(rng, scheme)[2])
    if not is_plain(scheme) and rng.random() < 0.3:
        qy = q
    x = operand(rng, m, shape, q, False)
    y = m.tensor(out, qy[0], scale=qy[1], zero_point=qy[2])
    m.op("MEAN", [x, m.tensor([len(given)], "int32", given)], [y], "ReducerOptions", version=2, keepDims=keep)
    return m, [x], [y]


def reshape(rng, scheme):
    m = Model()
    shape = shape_of(rng, 1, 5)
    out = [int(np.prod(shape))] if rng.random() < 0.3 else [int(v) for v in rng.permutation(shape)]
    q = quant_of(rng, scheme)
    x, y = operand(rng, m, shape, q, False), m.tensor(out, q[0], scale=q[1], zero_point=q[2])
    m.op("RESHAPE", [x, m.tensor([len(out)], "int32", out)], [y], "ReshapeOptions", newShape=out)
    return m, [x], [y]


def squeeze(rng, scheme):
    m = Model()
    shape = shape_of(rng, 2, 5)
    shape[int(rng.integers(len(shape)))] = 1
    ones = [i for i, d in enumerate(shape) if d == 1]
    q = quant_of(rng, scheme)
    x, y = operand(rng, m, shape, q, False), m.tensor([d for d in shape if d != 1], q[0], scale=q[1], zero_point=q[2])
    m.op("SQUEEZE", [x], [y], "SqueezeOptions", squeezeDims=ones)
    return m, [x], [y]


def expand_dims(rng, scheme):
    m = Model()
    shape = shape_of(rng, 1, 5)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    at = axis + len(shape) + 1 if axis < 0 else axis
    q = quant_of(rng, scheme)
    x, y = operand(rng, m, shape, q, False), m.tensor(shape[:at] + [1] + shape[at:], q[0], scale=q[1], zero_point=q[2])
    m.op("EXPAND_DIMS", [x, m.tensor([], "int32", axis)], [y], "ExpandDimsOptions")
    return m, [x], [y]


def concatenation(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 5), quant_of(rng, scheme)
    axis, count = int(rng.integers(-len(shape), len(shape))), int(rng.integers(1, 7))
    inputs, total = [], 0
    for i in range(count):
        s = list(shape)
        s[axis] = int(rng.integers(1, 8))
        total += s[axis]
        p = (q[0], near(rng, q[1]), quantized(rng, scheme)[2]) if scheme == "u8" and rng.random() < 0.7 else q
        inputs.append((operand(rng, m, s, p, i and rng.random() < 0.15), True))
    shape[axis] = total
    y = m.tensor(shape, q[0], scale=q[1], zero_point=q[2])
    ids = [t for t, _ in inputs]
    m.op("CONCATENATION", ids, [y], "ConcatenationOptions", version=2, axis=axis, fusedActivationFunction=0)
    return m, [t for t in ids if m.graph.tensors[t].buffer == 0], [y]


def pack(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 0 if rng.random() < 0.2 else 1, 4), quant_of(rng, scheme)
    axis, count = int(rng.integers(-len(shape) - 1, len(shape) + 1)), int(rng.integers(1, 7))
    at = axis + len(shape) + 1 if axis < 0 else axis
    ids = [operand(rng, m, shape, q, i and rng.random() < 0.15) for i in range(count)]
    y = m.tensor(shape[:at] + [count] + shape[at:], q[0], scale=q[1], zero_point=q[2])
    m.op("PACK", ids, [y], "PackOptions", version=2, valuesCount=count, axis=axis)
    return m, [t for t in ids if m.graph.tensors[t].buffer == 0], [y]


def split(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 5), quant_of(rng, scheme)
    axis, count = int(rng.integers(-len(shape), len(shape))), int(rng.integers(1, 6))
    part = list(shape)
    shape[axis] = part[axis] * count
    x = operand(rng, m, shape, q, False)
    ys = [m.tensor(part, q[0], scale=q[1], zero_point=q[2]) for _ in range(count)]
    m.op("SPLIT", [m.tensor([], "int32", axis), x], ys, "SplitOptions", version=2, numSplits=count)
    return m, [x], ys


def slice_(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 5), quant_of(rng, scheme)
    begin = [int(rng.integers(0, d)) for d in shape]
    size = [int(rng.integers(1, d - b + 1)) if rng.random() < 0.8 else -1 for d, b in zip(shape, begin)]
    out = [d - b if s < 0 else s for d, b, s in zip(shape, begin, size)]
    index = "int64" if rng.random() < 0.3 else "int32"
    x, y = operand(rng, m, shape, q, False), m.tensor(out, q[0], scale=q[1], zero_point=q[2])
    m.op("SLICE", [x, m.tensor([len(shape)], index, begin), m.tensor([len(shape)], index, size)], [y], "SliceOptions", version=2)
    return m, [x], [y]


def strided_slice(rng, scheme):
    """Any masks but `offset`, whose version BUILTIN_REF lacks; the output's shape is numpy's."""
    m = Model()
    shape, q = shape_of(rng, 1, 5), quant_of(rng, scheme)
    n = int(rng.integers(1, len(shape) + 1))
    begin, end, strides = [], [], []
    masks = dict.fromkeys(("beginMask", "endMask", "ellipsisMask", "newAxisMask", "shrinkAxisMask"), 0)
    index, d = [], 0
    ellipsis = int(rng.integers(0, n)) if rng.random() < 0.2 else -1
    i = 0
    while d < n:
        size, kind = shape[d], rng.random()
        b, s = int(rng.integers(-size - 1, size + 1)), int(rng.choice([1, 1, 1, 2, 3, -1, -2]))
        e = int(rng.integers(-size - 1, size + 2))
        if d == ellipsis:
            masks["ellipsisMask"] |= 1 << i
            index.append(Ellipsis)
            ellipsis, skip = -1, len(shape) - n + 1
            d, n = d + skip, n + skip - 1
        elif kind < 0.08:
            masks["newAxisMask"] |= 1 << i
            index.append(np.newaxis)
        elif kind < 0.2:
            b = int(rng.integers(-size, size))
            masks["shrinkAxisMask"] |= 1 << i
            s = 1
            index.append(b)
            d += 1
        else:
            bm, em = rng.random() < 0.3, rng.random() < 0.3
            masks["beginMask"] |= bm << i
            masks["endMask"] |= em << i
            index.append(slice(None if bm else b, None if em else e, s))
            d += 1
        begin.append(b)
        end.append(e)
        strides.append(s)
        i += 1
        if i > 8:
            break
    out = list(np.zeros(shape, np.int8)[tuple(index)].shape)
    if 0 in out:
        raise ValueError("empty")
    x, y = operand(rng, m, shape, q, False), m.tensor(out, q[0], scale=q[1], zero_point=q[2])
    ids = [m.tensor([len(v)], "int32", v) for v in (begin, end, strides)]
    m.op("STRIDED_SLICE", [x, *ids], [y], "StridedSliceOptions", version=4, **masks)
    return m, [x], [y]


def retry(build):
    def again(rng, scheme):
        while True:
            try:
                return build(rng, scheme)
            except (ValueError, IndexError):
                pass
    return again


def transpose(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 6, most=6), quant_of(rng, scheme)
    perm = [int(v) for v in rng.permutation(len(shape))]
    x, y = operand(rng, m, shape, q, False), m.tensor([shape[p] for p in perm], q[0], scale=q[1], zero_point=q[2])
    m.op("TRANSPOSE", [x, m.tensor([len(perm)], "int32", [p - len(perm) if rng.random() < 0.1 else p for p in perm])], [y], "TransposeOptions", version=2)
    return m, [x], [y]


def pad(name):
    def build(rng, scheme):
        m = Model()
        shape, q = shape_of(rng, 1, 5, most=6), quant_of(rng, scheme)
        pads = rng.integers(0, 4, (len(shape), 2))
        if len(shape) == 4 and rng.random() < 0.5:
            pads[[0, 3]] = 0
        out = [int(d + p.sum()) for d, p in zip(shape, pads)]
        x, y = operand(rng, m, shape, q, False), m.tensor(out, q[0], scale=q[1], zero_point=q[2])
        inputs = [x, m.tensor([len(shape), 2], "int64" if rng.random() < 0.3 else "int32", pads)]
        if name == "PADV2":
            inputs.append(m.tensor([], q[0], values(rng, q[0], []), q[1], q[2]))
        m.op(name, inputs, [y], "PadOptions" if name == "PAD" else "PadV2Options", version=2)
        return m, [x], [y]
    return build


def resize(name, options):
    def build(rng, scheme):
        m = Model()
        q = quant_of(rng, scheme)
        shape = [int(rng.integers(1, 4)), int(rng.integers(1, 16)), int(rng.integers(1, 16)), int(rng.integers(1, 9))]
        size = [int(rng.integers(1, 33)) if rng.random() < 0.7 else shape[k + 1] * int(rng.integers(1, 4)) for k in range(2)]
        corners, centers = [(False, False), (True, False), (False, True), (True, True)][int(rng.integers(3 if name == "RESIZE_BILINEAR" else 4))]
        x, y = operand(rng, m, shape, q, False), m.tensor([shape[0], *size, shape[3]], q[0], scale=q[1], zero_point=q[2])
        m.op(name, [x, m.tensor([2], "int32", size)], [y], options, version=3, alignCorners=corners, halfPixelCenters=centers)
        return m, [x], [y]
    return build


def quantize(rng, scheme):
    """The scheme is the input's type."""
    m = Model()
    shape = shape_of(rng, 0 if rng.random() < 0.1 else 1, 5)
    to = {"f32": ("i8", "u8", "i16"), "i8": ("i8", "u8", "i16"), "u8": ("i8", "u8", "i16"), "i16": ("i8", "i16", "i32"), "i32": ("i8", "i16")}[scheme]
    to = to[int(rng.integers(len(to)))]
    q = ("int32", random_scale(rng), int(rng.integers(-5, 6))) if scheme == "i32" else quant_of(rng, scheme)
    p = ("int32", random_scale(rng), int(rng.integers(-50, 60))) if to == "i32" else quantized(rng, to)
    if scheme != "f32":
        p = (p[0], near(rng, q[1]), p[2])
    if scheme in ("i8", "u8") and to in ("i8", "u8") and scheme != to and rng.random() < 0.4:
        p = (p[0], q[1], q[2] + (128 if to == "u8" else -128))
    x = operand(rng, m, shape, q, False)
    if scheme == "f32" and to in ("i8", "u8") and shape and rng.random() < 0.2:
        axis = int(rng.integers(len(shape)))
        y = m.tensor(shape, p[0], scale=np.atleast_1d(random_scale(rng, shape[axis])), zero_point=p[2], axis=axis)
    else:
        y = m.tensor(shape, p[0], scale=p[1], zero_point=p[2])
    m.op("QUANTIZE", [x], [y], "QuantizeOptions", version=2)
    return m, [x], [y]


def dequantize(rng, scheme):
    m = Model()
    shape = shape_of(rng, 0 if rng.random() < 0.1 else 1, 5)
    y = m.tensor(shape, "float32")
    if scheme == "f16":
        x = m.tensor(shape, "float16")
    elif scheme in ("i8", "u8") and shape and rng.random() < 0.3:
        axis, dtype = int(rng.integers(len(shape))), INT[scheme][0]
        x = m.tensor(shape, dtype, scale=np.atleast_1d(random_scale(rng, shape[axis])), zero_point=quantized(rng, scheme)[2], axis=axis)
    else:
        x = operand(rng, m, shape, quantized(rng, scheme), False)
    m.op("DEQUANTIZE", [x], [y], "DequantizeOptions", version=5)
    return m, [x], [y]


ALL = ("f32", "i8", "u8", "i16")
MOVE = ("f32", "i8", "u8", "i16", "i32", "i64", "bool")
OPERATORS = {
    "add": (binary("ADD", "AddOptions"), ALL + ("i32", "i64")),
    "sub": (binary("SUB", "SubOptions"), ALL + ("i32", "i64")),
    "mul": (binary("MUL", "MulOptions"), ALL + ("i32", "i64")),
    "prelu": (prelu, ALL),
    "logistic": (unary("LOGISTIC"), ALL),
    "tanh": (unary("TANH"), ALL),
    "hard_swish": (unary("HARD_SWISH", "HardSwishOptions"), ("f32", "i8", "u8")),
    "relu": (unary("RELU"), ALL),
    "relu6": (unary("RELU6"), ALL),
    "relu_n1_to_1": (unary("RELU_N1_TO_1"), ("f32", "i8", "u8")),
    "leaky_relu": (unary("LEAKY_RELU", "LeakyReluOptions", alpha=lambda rng: float(rng.choice([0.01, 0.2, 0.5, 1.0, 1.7, -0.3, 0.0]))), ALL),
    "softmax": (unary("SOFTMAX", "SoftmaxOptions", beta=lambda rng: float(rng.choice([1.0, 1.0, 0.5, 2.0]))), ALL),
    "mean": (mean, ALL + ("i32", "i64")),
    "reshape": (reshape, MOVE),
    "squeeze": (squeeze, MOVE),
    "expand_dims": (expand_dims, MOVE),
    "concatenation": (concatenation, MOVE),
    "pack": (pack, ("f32", "i8", "u8", "i16", "i32", "i64")),
    "split": (split, ("f32", "i8", "u8", "i16", "i32", "i64")),
    "slice": (slice_, MOVE),
    "strided_slice": (retry(strided_slice), MOVE),
    "transpose": (transpose, MOVE),
    "pad": (pad("PAD"), ("f32", "i8", "u8", "i16", "i32", "i64")),
    "padv2": (pad("PADV2"), ("f32", "i8", "u8", "i16", "i32", "i64")),
    "resize_bilinear": (resize("RESIZE_BILINEAR", "ResizeBilinearOptions"), ALL),
    "resize_nearest_neighbor": (resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"), ALL),
    "quantize": (quantize, ("f32", "i8", "u8", "i16", "i32")),
    "dequantize": (dequantize, ("f16", "i8", "u8", "i16")),
}
