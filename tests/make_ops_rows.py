"""Random one-operator models for make_ops.py: normalizations of rows, CUMSUM, L2_POOL_2D, and operators that go by indices."""
import numpy as np

from make_ops import activation, out_size, pool, random_scale
from make_ops_elementwise import is_plain, operand, quant_of, shape_of
from tflite_builder import SAME, VALID, Model


def norm(name, options, scale, zero_points):
    """The output's scale is fixed."""
    def build(rng, scheme):
        m = Model()
        shape, q = shape_of(rng, 1, 4), quant_of(rng, scheme)
        if rng.random() < 0.2:
            shape = shape[:-1] + [int(rng.integers(100, 400))]
        x = operand(rng, m, shape, q, False)
        y = m.tensor(shape, q[0], scale=None if is_plain(scheme) else scale, zero_point=zero_points.get(scheme))
        m.op(name, [x], [y], options, version=1 if is_plain(scheme) else 2)
        return m, [x], [y]
    return build


def local_response(rng, scheme):
    m = Model()
    shape = [int(v) for v in rng.integers(1, 6, 3)] + [int(rng.integers(1, 40))]
    x, y = m.tensor(shape, "float32"), m.tensor(shape, "float32")
    m.op("LOCAL_RESPONSE_NORMALIZATION", [x], [y], "LocalResponseNormalizationOptions", radius=int(rng.integers(0, 8)), bias=float(rng.uniform(0.5, 3)), alpha=float(rng.uniform(1e-4, 1)),
         beta=float(rng.choice([0.5, 0.75, 1.0])))
    return m, [x], [y]


def conv_3d(rng, scheme):
    m = Model()
    padding = int(rng.choice([SAME, VALID]))
    axes = []
    while len(axes) < 3:
        k, stride, size = (int(v) for v in rng.integers(1, 4, 3) + [0, 0, rng.integers(0, 7)])
        dilation = int(rng.integers(1, 3)) if rng.random() < 0.3 else 1
        out = out_size(padding, size, k, stride, dilation)
        if out > 0:
            axes.append((k, stride, dilation, size, out))
    k, stride, dilation, size, out = (list(v) for v in zip(*axes))
    batch, channels, results = (int(v) for v in rng.integers(1, [3, 8, 20]))
    x, y = m.tensor([batch, *size, channels], "float32"), m.tensor([batch, *out, results], "float32")
    w = (rng.uniform(-1, 1, [*k, channels, results]) / np.sqrt(np.prod(k) * channels)).astype(np.float32)
    if scheme == "f16":
        weights = m.tensor(w.shape, "float32")
        m.op("DEQUANTIZE", [m.tensor(w.shape, "float16", w)], [weights], "DequantizeOptions")
    else:
        weights = m.tensor(w.shape, "float32", w)
    ins = [x, weights] + ([m.tensor([results], "float32", rng.uniform(-1, 1, results))] if rng.random() < 0.7 else [])
    m.op("CONV_3D", ins, [y], "Conv3DOptions", padding=padding, strideD=stride[0], strideH=stride[1], strideW=stride[2], dilationDFactor=dilation[0], dilationHFactor=dilation[1],
         dilationWFactor=dilation[2], fusedActivationFunction=activation(rng))
    return m, [x], [y]


def cumsum(rng, scheme):
    m = Model()
    shape, dtype = shape_of(rng, 1, 5), quant_of(rng, scheme)[0]
    x, y = m.tensor(shape, dtype), m.tensor(shape, dtype)
    if scheme == "f32":  # no sum of which the terms cancel out
        m.given[x] = rng.uniform(-0.2, 1, shape).astype(np.float32)
    m.op("CUMSUM", [x, m.tensor([], "int32", int(rng.integers(-len(shape), len(shape))))], [y], "CumsumOptions", exclusive=bool(rng.random() < 0.5), reverse=bool(rng.random() < 0.5))
    return m, [x], [y]


def one_hot(rng, scheme):
    m = Model()
    shape, q, depth = shape_of(rng, 0 if rng.random() < 0.1 else 1, 3, limit=500), quant_of(rng, scheme), int(rng.integers(1, 20))
    axis = int(rng.integers(len(shape) + 1))
    dtype = str(rng.choice(["int32", "int64"]))
    x, on, off = m.tensor(shape, dtype), operand(rng, m, [], q, True), operand(rng, m, [], q, True)
    m.given[x] = np.asarray(rng.integers(-2, depth + 2, shape)).astype(dtype)
    y = m.tensor(shape[:axis] + [depth] + shape[axis:], q[0], scale=q[1], zero_point=q[2])
    m.op("ONE_HOT", [x, m.tensor([], "int32", depth), on, off], [y], "OneHotOptions", axis=-1 if axis == len(shape) and rng.random() < 0.5 else axis)
    return m, [x], [y]


def embedding(rng, scheme):
    """f32w8, f32w4: a table of int8 or int4, with a scale for all or one per row."""
    m = Model()
    rows, n, rest = int(rng.integers(1, 50)), int(rng.integers(1, 20)), shape_of(rng, 1, 3, 8, 500)
    if scheme == "f32w4":
        rest[-1] += rest[-1] % 2
    if scheme.startswith("f32w"):
        high = 7 if scheme == "f32w4" else 127
        table = m.tensor([rows] + rest, "int4" if scheme == "f32w4" else "int8", rng.integers(-high, high + 1, [rows] + rest), random_scale(rng, rows if rng.random() < 0.5 else None), None, 0)
        q = ("float32", None, None)
    else:
        q = quant_of(rng, scheme)
        table = operand(rng, m, [rows] + rest, q, True)
    x, y = m.tensor([n], "int32"), m.tensor([n] + rest, q[0], scale=q[1], zero_point=q[2])
    m.given[x] = rng.integers(0, rows, n).astype(np.int32)
    m.op("EMBEDDING_LOOKUP", [x, table], [y], version=4 if scheme == "f32w4" else 3)
    return m, [x], [y]


def topk(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4), quant_of(rng, scheme)
    k = int(rng.integers(1, shape[-1] + 1))
    x = operand(rng, m, shape, q, False)
    if scheme == "f32":
        v = rng.integers(-4, 5, shape) * 0.5
        m.given[x] = np.where(rng.random(shape) < 0.1, rng.choice([np.nan, np.inf, -np.inf], shape), v).astype(np.float32)
    elif is_plain(scheme):
        m.given[x] = rng.integers(-4, 5, shape).astype(q[0])
    short = rng.random() < 0.3
    values_, positions = m.tensor(shape[:-1] + [k], q[0], scale=q[1], zero_point=q[2]), m.tensor(shape[:-1] + [k], "int16" if short else "int32")
    m.op("TOPK_V2", [x, m.tensor([], "int32", k)], [values_, positions], "TopKV2Options", version=3)
    return m, [x], [values_, positions]


def update_slice(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 5, 8, 3000), quant_of(rng, scheme)
    part = [int(rng.integers(1, d + 1)) for d in shape]
    dtype = str(rng.choice(["int32", "int64"]))
    x, u, s = operand(rng, m, shape, q, False), operand(rng, m, part, q, rng.random() < 0.2), m.tensor([len(shape)], dtype)
    m.given[s] = rng.integers(-2, 9, len(shape)).astype(dtype)
    y = m.tensor(shape, q[0], scale=q[1], zero_point=q[2])
    m.op("DYNAMIC_UPDATE_SLICE", [x, u, s], [y], "DynamicUpdateSliceOptions", version=2)
    constant = m.graph.tensors[u].buffer
    return m, [x, s] if constant else [x, u, s], [y]


def scatter_nd(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4, 6, 1000), quant_of(rng, scheme)
    n = int(rng.integers(1, len(shape) + 1))
    lead = [int(v) for v in rng.integers(1, 5, int(rng.integers(0, 3)))]
    i, u = m.tensor(lead + [n], "int32"), operand(rng, m, lead + shape[n:], q, False)
    m.given[i] = np.stack([rng.integers(0, d, lead) for d in shape[:n]], -1).astype(np.int32)
    y = m.tensor(shape, q[0], scale=q[1], zero_point=q[2])
    m.op("SCATTER_ND", [i, u, m.tensor([len(shape)], "int32", shape)], [y], "ScatterNdOptions")
    return m, [i, u], [y]


SIX = ("f32", "i8", "u8", "i16", "i32", "i64")
OPERATORS = {
    "log_softmax": (norm("LOG_SOFTMAX", "LogSoftmaxOptions", 16 / 256, {"i8": 127, "u8": 255}), ("f32", "i8", "u8")),
    "l2_normalization": (norm("L2_NORMALIZATION", "L2NormOptions", 1 / 128, {"i8": 0, "u8": 128}), ("f32", "i8", "u8")),
    "local_response_normalization": (local_response, ("f32",)),
    "l2_pool_2d": (pool("L2_POOL_2D"), ("f32",)),
    "conv_3d": (conv_3d, ("f32", "f16")),
    "cumsum": (cumsum, ("f32", "i32", "i64")),
    "one_hot": (one_hot, ("f32", "i8", "u8", "i32", "i64", "bool")),
    "embedding_lookup": (embedding, ("f32", "i8", "u8", "i16", "i32", "f32w8", "f32w4")),
    "scatter_nd": (scatter_nd, ("f32", "i8", "u8", "i32", "i64", "bool")),
    "topk_v2": (topk, SIX),
    "dynamic_update_slice": (update_slice, ("f32", "i8", "i16", "i32", "i64", "bool")),
}
