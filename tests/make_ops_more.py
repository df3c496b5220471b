"""Random one-operator models for make_ops.py: the rest of what real networks hold."""
import numpy as np

from make_ops import INT, activation, quantized, random_scale
from make_ops_elementwise import broadcast_pair, is_plain, near, operand, quant_of, shape_of
from tflite_builder import Model

# Operators that fail for negative inputs get the lowest zero point where they are quantized.
NOT_NEGATIVE = {"SQRT", "RSQRT"}
# What BUILTIN_REF lacks.
WITHOUT_REF = {"ELU", "CEIL", "ROUND"}


def math(name, options=None, version=1, **fields):
    """One input, one output of its shape and type."""
    def build(rng, scheme):
        m = Model()
        shape = shape_of(rng, 0 if rng.random() < 0.1 else 1, 4)
        if name == "GELU" and scheme == "f32":  # the reference's erfc errs by 1e-7, which shows where all results are small
            shape = shape + [32]
        q = quant_of(rng, scheme)
        qy = q
        if not is_plain(scheme):
            low = INT[scheme][1]
            scale = np.float32(10 ** rng.uniform(-5, -3.5) if scheme == "i16" else 10 ** rng.uniform(-3, -0.5))
            q = (q[0], scale, low if name in NOT_NEGATIVE and scheme != "i16" else q[2])
            typical = {"EXP": np.exp(min(scale * 40, 12)) / 256, "LOG": 0.05, "RSQRT": 1 / np.sqrt(scale) / 200, "SQRT": np.sqrt(scale) / 10}.get(name, float(scale))
            qy = (q[0], near(rng, np.float32(typical / (256 if scheme == "i16" and name in ("EXP", "LOG", "RSQRT", "SQRT") else 1))), quantized(rng, scheme)[2])
            if rng.random() < 0.15:
                qy = q
        x = operand(rng, m, shape, q, False)
        y = m.tensor(shape, qy[0], scale=qy[1], zero_point=qy[2])
        if name in NOT_NEGATIVE and scheme == "i16":
            m.given[x] = rng.integers(0, 32768, shape).astype(np.int16)
        m.without_ref = name in WITHOUT_REF
        m.op(name, [x], [y], options, version=version, **{k: f(rng) for k, f in fields.items()})
        return m, [x], [y]
    return build


def pair(name, options=None, version=2):
    """Two inputs that broadcast."""
    def build(rng, scheme):
        m = Model()
        a, b, out = broadcast_pair(rng, 5)
        qa = qb = qy = quant_of(rng, scheme)
        if not is_plain(scheme):
            if name in ("MAXIMUM", "MINIMUM"):
                qb = qy = qa
            else:
                qb = (qa[0], near(rng, qa[1]), quantized(rng, scheme)[2])
                typical = (4 * max(qa[1], qb[1])) ** 2 if name == "SQUARED_DIFFERENCE" else qa[1] / qb[1] / 16
                qy = (qa[0], near(rng, typical), quantized(rng, scheme)[2])
        constant = int(rng.integers(4))  # 0, 1: neither
        x, y = operand(rng, m, a, qa, constant == 2), operand(rng, m, b, qb, constant == 3)
        z = m.tensor(out, qy[0], scale=qy[1], zero_point=qy[2])
        if name == "DIV" and scheme != "f32":  # the reference refuses divisors of 0
            m.given[y] = divisors(rng, qb, b)
            if constant == 3:
                return build(rng, scheme)
        fields = {"fusedActivationFunction": activation(rng)} if name == "DIV" else {}
        m.op(name, [x, y], [z], options, version=version, **fields)
        return m, [t for t, c in ((x, 2), (y, 3)) if constant != c], [z]
    return build


def divisors(rng, q, shape):
    low, high = (-50, 51) if q[0] == "int32" else (np.iinfo(q[0]).min, int(np.iinfo(q[0]).max) + 1)
    v = rng.integers(low, high, shape)
    zero = q[2] or 0
    return np.where(v == zero, v + (1 if zero + 1 < high else -1), v).astype(q[0])


def space_depth(name, options):
    def build(rng, scheme):
        m = Model()
        s, (n, h, w), c = int(rng.integers(1, 5)), (int(v) for v in rng.integers(1, 5, 3)), int(rng.integers(1, 9))
        space, deep = [n, h * s, w * s, c], [n, h, w, c * s * s]
        q = quant_of(rng, scheme)
        x, y = (space, deep) if name == "SPACE_TO_DEPTH" else (deep, space)
        x, y = operand(rng, m, x, q, False), m.tensor(y, q[0], scale=q[1], zero_point=q[2])
        m.op(name, [x], [y], options, version=1, blockSize=s)
        return m, [x], [y]
    return build


def space_batch(name, options):
    def build(rng, scheme):
        m = Model()
        spatial = int(rng.choice([1, 2, 2]))
        n, c = int(rng.integers(1, 4)), int(rng.integers(1, 9))
        block = [int(v) for v in rng.integers(1, 4, spatial)]
        parts = [int(v) for v in rng.integers(2, 6, spatial)]
        edge = [[int(v) for v in rng.integers(0, 2, 2)] if rng.random() < 0.6 else [0, 0] for _ in range(spatial)]
        image = [n, *[p * b - sum(e) for p, b, e in zip(parts, block, edge)], c]
        if min(image) < 1:
            return build(rng, scheme)
        batches = [n * int(np.prod(block)), *parts, c]
        q = quant_of(rng, scheme)
        x, y = (image, batches) if name == "SPACE_TO_BATCH_ND" else (batches, image)
        x, y = operand(rng, m, x, q, False), m.tensor(y, q[0], scale=q[1], zero_point=q[2])
        m.op(name, [x, m.tensor([spatial], "int32", block), m.tensor([spatial, 2], "int32", edge)], [y], options, version=3 if scheme == "i16" else 2)
        return m, [x], [y]
    return build


def tile(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4, 5, 500), quant_of(rng, scheme)
    times = [int(rng.integers(1, 4)) if rng.random() < 0.6 else 1 for _ in shape]
    x, y = operand(rng, m, shape, q, False), m.tensor([d * t for d, t in zip(shape, times)], q[0], scale=q[1], zero_point=q[2])
    m.op("TILE", [x, m.tensor([len(times)], "int64" if rng.random() < 0.3 else "int32", times)], [y], "TileOptions", version=2)
    return m, [x], [y]


def broadcast_to(rng, scheme):
    m = Model()
    out, q = shape_of(rng, 1, 5, 6, 3000), quant_of(rng, scheme)
    shape = [1 if rng.random() < 0.4 else d for d in out][int(rng.integers(0, len(out))) if rng.random() < 0.4 else 0:]
    x, y = operand(rng, m, shape, q, False), m.tensor(out, q[0], scale=q[1], zero_point=q[2])
    m.op("BROADCAST_TO", [x, m.tensor([len(out)], "int64" if rng.random() < 0.3 else "int32", out)], [y], "BroadcastToOptions", version=3)
    return m, [x], [y]


def unpack(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 2, 5, 6, 5000), quant_of(rng, scheme)
    axis, count = int(rng.integers(-len(shape), len(shape))), int(rng.integers(1, 6))
    shape[axis] = count
    at = axis % len(shape)
    x = operand(rng, m, shape, q, False)
    ys = [m.tensor(shape[:at] + shape[at + 1:], q[0], scale=q[1], zero_point=q[2]) for _ in range(count)]
    m.op("UNPACK", [x], ys, "UnpackOptions", version=4, num=count, axis=axis)
    return m, [x], ys


def split_v(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4, 6, 2000), quant_of(rng, scheme)
    axis, sizes = int(rng.integers(-len(shape), len(shape))), [int(v) for v in rng.integers(1, 6, int(rng.integers(1, 6)))]
    shape[axis] = sum(sizes)
    x, ys = operand(rng, m, shape, q, False), []
    for s in sizes:
        part = list(shape)
        part[axis] = s
        ys.append(m.tensor(part, q[0], scale=q[1], zero_point=q[2]))
    if rng.random() < 0.3:
        sizes[int(rng.integers(len(sizes)))] = -1
    m.op("SPLIT_V", [x, m.tensor([len(sizes)], "int64" if rng.random() < 0.3 else "int32", sizes), m.tensor([], "int32", axis)], ys, "SplitVOptions", version=2,
         numSplits=len(sizes))
    return m, [x], ys


def mirror_pad(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 5, 6, 1000), quant_of(rng, scheme)
    reflect = int(rng.integers(2))  # the schema's REFLECT is 0
    pad = [[int(rng.integers(0, min(d - reflect, 3) + 1)) if rng.random() < 0.5 else 0 for _ in range(2)] for d in shape]
    x, y = operand(rng, m, shape, q, False), m.tensor([d + sum(p) for d, p in zip(shape, pad)], q[0], scale=q[1], zero_point=q[2])
    m.op("MIRROR_PAD", [x, m.tensor([len(shape), 2], "int64" if rng.random() < 0.3 else "int32", pad)], [y], "MirrorPadOptions", version=2, mode=1 - reflect)
    return m, [x], [y]


def reduce_(name):
    def build(rng, scheme):
        m = Model()
        shape = shape_of(rng, 1, 5)
        n = len(shape)
        axes = sorted(rng.choice(n, int(rng.integers(1, n + 1)), replace=False).tolist())
        keep = bool(rng.random() < 0.5)
        out = [1 if i in axes else d for i, d in enumerate(shape)] if keep else [d for i, d in enumerate(shape) if i not in axes]
        given = [a - n if rng.random() < 0.3 else a for a in axes]
        q = qy = quant_of(rng, scheme)
        if name == "SUM" and not is_plain(scheme):
            qy = (q[0], near(rng, q[1] * 4), quantized(rng, scheme)[2])
        x, y = operand(rng, m, shape, q, False), m.tensor(out, qy[0], scale=qy[1], zero_point=qy[2])
        if name == "REDUCE_PROD" and scheme == "f32":
            m.given[x] = rng.uniform(-1.5, 1.5, shape).astype(np.float32)
        m.op(name, [x, m.tensor([len(given)], "int32", given)], [y], "ReducerOptions", version=1 if name in ("REDUCE_ANY", "REDUCE_ALL") else 2, keepDims=keep)
        return m, [x], [y]
    return build


def arg(name):
    def build(rng, scheme):
        m = Model()
        shape, q = shape_of(rng, 1, 5), quant_of(rng, scheme)
        axis = int(rng.integers(len(shape)))
        given = axis - len(shape) if rng.random() < 0.3 else axis
        wide = rng.random() < 0.5
        x = operand(rng, m, shape, q, False)
        y = m.tensor([d for i, d in enumerate(shape) if i != axis], "int64" if wide else "int32")
        options = "ArgMaxOptions" if name == "ARG_MAX" else "ArgMinOptions"
        m.op(name, [x, m.tensor([1], "int32", [given])], [y], options, version=2, outputType=4 if wide else 2)  # the schema's INT64 and INT32
        return m, [x], [y]
    return build


def batch_matmul(rng, scheme):
    """Batches that broadcast; f32w8: constant int8 weights; i16w8: int16 by int8."""
    m = Model()
    hybrid = scheme == "f32w8"
    batch = [int(v) for v in rng.integers(1, 4, int(rng.integers(0, 2 if hybrid else 4)))]
    rows, columns, depth = (int(v) for v in rng.integers(1, 18, 3))
    adj = [bool(rng.random() < 0.3), bool(rng.random() < 0.5)]
    constant = hybrid or rng.random() < 0.4

    def shape(matrix, swap, single):
        lead = [1 if single or rng.random() < 0.25 else d for d in batch]
        return lead[int(rng.integers(0, len(lead) + 1)) if rng.random() < 0.2 else 0:] + (matrix[::-1] if swap else matrix)

    a, b = shape([rows, depth], adj[0], False), shape([depth, columns], adj[1], hybrid or (constant and rng.random() < 0.6))
    out = [int(d) for d in np.broadcast_shapes(tuple(a[:-2]), tuple(b[:-2]))] + [rows, columns]
    base = {"f32w8": "f32", "i16w8": "i16"}.get(scheme, scheme)
    qa = quant_of(rng, base)
    if hybrid:
        count = columns if rng.random() < 0.5 else None
        y = m.tensor(b, "int8", rng.integers(-127, 128, b), random_scale(rng, count), None, len(b) - 2 if adj[1] else len(b) - 1)
        qy = qa
    else:
        qb = quantized(rng, "i8") if scheme == "i16w8" else quant_of(rng, scheme)
        if not is_plain(base):
            qb = (qb[0], qb[1], 0 if base == "i16" or rng.random() < 0.5 else qb[2])
            qy = (qa[0], near(rng, qa[1] * qb[1] * np.sqrt(depth) * (30000 if base == "i16" else 100) / (16 if scheme == "i16w8" else 1)), quantized(rng, base)[2])
        else:
            qy = qa
        y = operand(rng, m, b, qb, constant)
    x = operand(rng, m, a, qa, False)
    z = m.tensor(out, qy[0], scale=qy[1], zero_point=qy[2])
    m.op("BATCH_MATMUL", [x, y], [z], "BatchMatMulOptions", version=4, adjX=adj[0], adjY=adj[1], asymmetricQuantizeInputs=bool(rng.random() < 0.5))
    return m, [x] if constant else [x, y], [z]


def gather(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4, 6, 2000), quant_of(rng, scheme)
    axis = int(rng.integers(len(shape)))
    batch = int(rng.integers(1, axis + 1)) if axis and rng.random() < 0.3 else 0
    index = shape[:batch] + [int(v) for v in rng.integers(1, 5, int(rng.integers(1 if batch else 0, 3)))]
    values = rng.integers(0, shape[axis], index)
    if rng.random() < 0.2:
        values = np.broadcast_to(np.arange(values.size) % shape[axis], (values.size,)).reshape(index)
    dtype = str(rng.choice(["int32", "int32", "int64"]))
    constant = rng.random() < 0.5
    x, i = operand(rng, m, shape, q, False), m.tensor(index, dtype, values if constant else None)
    if not constant:
        m.given[i] = values.astype(dtype)
    y = m.tensor(shape[:axis] + index[batch:] + shape[axis + 1:], q[0], scale=q[1], zero_point=q[2])
    m.op("GATHER", [x, i], [y], "GatherOptions", version=5, axis=axis - len(shape) if rng.random() < 0.3 else axis, batchDims=batch)
    return m, [x] if constant else [x, i], [y]


def gather_nd(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4, 6, 2000), quant_of(rng, scheme)
    n = int(rng.integers(1, len(shape) + 1))
    lead = [int(v) for v in rng.integers(1, 5, int(rng.integers(0, 3)))]
    values = np.stack([rng.integers(0, d, lead) for d in shape[:n]], -1)
    dtype = str(rng.choice(["int32", "int64"]))
    constant = rng.random() < 0.4
    x, i = operand(rng, m, shape, q, False), m.tensor(lead + [n], dtype, values if constant else None)
    if not constant:
        m.given[i] = values.astype(dtype)
    y = m.tensor(lead + shape[n:], q[0], scale=q[1], zero_point=q[2])
    m.op("GATHER_ND", [x, i], [y], "GatherNdOptions", version=3)
    return m, [x] if constant else [x, i], [y]


MOVE = ("f32", "i8", "u8", "i16", "i32", "i64")
OPERATORS = {
    "abs": (math("ABS", "AbsOptions", 3), ("f32", "i8", "i16", "i32")),
    "neg": (math("NEG", "NegOptions"), ("f32", "i8", "i16", "i32", "i64")),
    "square": (math("SQUARE", "SquareOptions"), ("f32",)),
    "sqrt": (math("SQRT", version=2), ("f32", "i8", "i16")),
    "rsqrt": (math("RSQRT", version=3), ("f32", "i8", "i16")),
    "exp": (math("EXP", "ExpOptions", 2), ("f32", "i8", "i16")),
    "log": (math("LOG", version=2), ("f32", "i8", "i16")),
    "sin": (math("SIN"), ("f32",)),
    "cos": (math("COS", "CosOptions"), ("f32",)),
    "floor": (math("FLOOR"), ("f32",)),
    "ceil": (math("CEIL"), ("f32",)),
    "round": (math("ROUND"), ("f32",)),
    "elu": (math("ELU"), ("f32", "i8")),
    "arg_max": (arg("ARG_MAX"), ("f32", "i8", "u8", "i32")),
    "arg_min": (arg("ARG_MIN"), ("f32", "i8", "u8", "i32")),
    "maximum": (pair("MAXIMUM", "MaximumMinimumOptions"), ("f32", "i8", "u8", "i16", "i32", "i64")),
    "minimum": (pair("MINIMUM", "MaximumMinimumOptions"), ("f32", "i8", "u8", "i16", "i32", "i64")),
    "squared_difference": (pair("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"), ("f32", "i8", "i32")),
    "div": (pair("DIV", "DivOptions"), ("f32", "i8", "u8", "i16", "i32")),
    "space_to_depth": (space_depth("SPACE_TO_DEPTH", "SpaceToDepthOptions"), ("f32", "i8", "u8", "i32", "i64")),
    "depth_to_space": (space_depth("DEPTH_TO_SPACE", "DepthToSpaceOptions"), ("f32", "i8", "u8", "i32", "i64")),
    "space_to_batch_nd": (space_batch("SPACE_TO_BATCH_ND", "SpaceToBatchNDOptions"), MOVE),
    "batch_to_space_nd": (space_batch("BATCH_TO_SPACE_ND", "BatchToSpaceNDOptions"), MOVE),
    "tile": (tile, MOVE + ("bool",)),
    "broadcast_to": (broadcast_to, MOVE + ("bool",)),
    "unpack": (unpack, ("f32", "i8", "u8", "i16", "i32", "bool")),
    "split_v": (split_v, MOVE),
    "mirror_pad": (mirror_pad, MOVE),
    "sum": (reduce_("SUM"), ("f32", "u8", "i32", "i64")),
    "reduce_max": (reduce_("REDUCE_MAX"), MOVE),
    "reduce_min": (reduce_("REDUCE_MIN"), MOVE),
    "reduce_prod": (reduce_("REDUCE_PROD"), ("f32", "i32", "i64")),
    "reduce_any": (reduce_("REDUCE_ANY"), ("bool",)),
    "reduce_all": (reduce_("REDUCE_ALL"), ("bool",)),
    "batch_matmul": (batch_matmul, ("f32", "i8", "i16", "i16w8", "f32w8")),
    "gather": (gather, MOVE + ("bool",)),
    "gather_nd": (gather_nd, MOVE),
    "gelu": (math("GELU", "GeluOptions", 2, approximate=lambda rng: bool(rng.random() < 0.5)), ("f32", "i8", "u8", "i16")),
}
