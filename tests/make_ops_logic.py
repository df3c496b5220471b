"""Random one-operator models for make_ops.py: CAST, comparisons, logic, whole-number division, POW, SELECT, FILL, REVERSE_V2 and what is folded."""
import numpy as np

from make_ops import INT, quantized
from make_ops_elementwise import broadcast_pair, is_plain, near, operand, quant_of, shape_of, values
from tflite_builder import Model

EDGES = np.array([0, -0.0, 0.5, -0.5, 1.9, -1.9, 127.5, 128, -128.5, -129, 255.9, 256, 32767.5, 32768, -32769, 65536, 2147483520, 2147483648, -2147483648, -3e9, 1e19, -1e19,
                  np.inf, -np.inf, np.nan], np.float32)
NUMBERS = ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool")


def cast(rng, scheme):
    """From the scheme's type to every other one, or from each of them to it."""
    m = Model()
    shape, own = shape_of(rng, 0, 3, 9, 400), {"f32": "float32", "i64": "int64", "bool": "bool", "i32": "int32"}.get(scheme) or INT[scheme][0]
    from_own = rng.random() < 0.6
    if own == "float32":
        shape = [3, len(EDGES)]
    ins, outs = [], []
    for other in NUMBERS:
        if not from_own or not ins:
            ins.append(m.tensor(shape, own if from_own else other))
            m.given[ins[-1]] = numbers_of(rng, own if from_own else other, shape)
        outs.append(m.tensor(shape, other if from_own else own))
        m.op("CAST", [ins[-1]], [outs[-1]], "CastOptions", version=6)
    return m, ins, outs


def numbers_of(rng, dtype, shape):
    """Values of all magnitudes; every one of EDGES among floats, where there is room."""
    if dtype in ("float32", "float16"):
        v = np.asarray(rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 5))
        if v.shape[-1:] == EDGES.shape:
            v[0] = EDGES
        with np.errstate(over="ignore"):
            return v.astype(dtype)
    if dtype in ("int32", "int64"):
        info = np.iinfo(dtype)
        return np.asarray(np.where(rng.random(shape) < 0.5, rng.integers(-300, 300, shape), rng.integers(info.min, info.max, shape))).astype(dtype)
    return values(rng, dtype, shape)


def compare(name, options):
    def build(rng, scheme):
        m = Model()
        a, b, out = broadcast_pair(rng, 5)
        qa = qb = quant_of(rng, scheme)
        if not is_plain(scheme):
            qa = (qa[0], np.float32(rng.uniform(0.001, 0.99)), qa[2])
            qb = (qa[0], np.float32(min(near(rng, qa[1]), 0.99)), quantized(rng, scheme)[2])
        constant = int(rng.integers(4))  # 0, 1: neither
        x, y, z = operand(rng, m, a, qa, constant == 2), operand(rng, m, b, qb, constant == 3), m.tensor(out, "bool")
        if constant < 2 and is_plain(scheme) and scheme != "bool":
            for t, s in ((x, a), (y, b)):
                v = rng.integers(-3, 4, s)
                m.given[t] = np.asarray(np.where(rng.random(s) < 0.1, np.nan, v) if scheme == "f32" else v).astype(qa[0])
        m.op(name, [x, y], [z], options, version=2)
        return m, [t for t, c in ((x, 2), (y, 3)) if constant != c], [z]
    return build


def logical(name, options):
    def build(rng, scheme):
        m = Model()
        a, b, out = broadcast_pair(rng, 5)
        if name == "LOGICAL_NOT":
            x, z = m.tensor(a, "bool"), m.tensor(a, "bool")
            m.op(name, [x], [z], options)
            return m, [x], [z]
        x, y, z = m.tensor(a, "bool"), m.tensor(b, "bool"), m.tensor(out, "bool")
        m.op(name, [x, y], [z], options)
        return m, [x, y], [z]
    return build


def floor_of(name, options):
    def build(rng, scheme):
        m = Model()
        a, b, out = broadcast_pair(rng, 5)
        dtype = {"f32": "float32", "i32": "int32", "i64": "int64"}.get(scheme) or INT[scheme][0]
        x, y, z = m.tensor(a, dtype), m.tensor(b, dtype), m.tensor(out, dtype)
        if scheme == "f32":
            v, w = rng.standard_normal(a) * 20, rng.standard_normal(b) * 3
            m.given[x] = np.asarray(np.where(rng.random(a) < 0.3, np.round(v), v)).astype(np.float32)
            m.given[y] = np.asarray(np.where(rng.random(b) < 0.3, np.round(w) + 0.5, w)).astype(np.float32)
        else:
            info = np.iinfo(dtype)
            low, high = (info.min, info.max) if rng.random() < 0.3 else (max(info.min, -1000), min(info.max, 1000))
            v = rng.integers(low, high, b)
            m.given[x] = rng.integers(low + 1, high, a).astype(dtype)
            m.given[y] = np.asarray(np.where(v == 0, 1 + rng.integers(0, 9, b), v)).astype(dtype)
        m.op(name, [x, y], [z], options, version={"f32": 2, "i32": 1, "i64": 1}.get(scheme, 3 if name == "FLOOR_DIV" else 2))
        return m, [x, y], [z]
    return build


def power(rng, scheme):
    m = Model()
    a, b, out = broadcast_pair(rng, 5)
    single = rng.random() < 0.5
    if single:
        b, out = ([] if rng.random() < 0.5 else [1]), (a or [1])
        a = out
    dtype = "float32" if scheme == "f32" else "int32"
    x, y, z = m.tensor(a, dtype), m.tensor(b, dtype), m.tensor(out, dtype)
    if scheme == "f32":
        m.given[x] = np.asarray(rng.uniform(0, 3, a) if rng.random() < 0.5 else rng.standard_normal(a)).astype(np.float32)
        m.given[y] = np.asarray(rng.integers(-3, 6, b) if rng.random() < 0.6 else rng.uniform(-2, 3, b)).astype(np.float32)
    else:
        m.given[x], m.given[y] = rng.integers(-20, 21, a).astype(np.int32), rng.integers(0, 4 if rng.random() < 0.5 else 40, b).astype(np.int32)
    m.op("POW", [x, y], [z], "PowOptions")
    return m, [x, y], [z]


def select(name, options):
    def build(rng, scheme):
        m = Model()
        out = shape_of(rng, 1, 4)
        q = quant_of(rng, scheme)
        kind = int(rng.integers(3))
        condition, a, b = list(out), list(out), list(out)
        if name == "SELECT" and kind < 2:
            condition = out[:kind]
        if name == "SELECT_V2":
            for s in (condition, a, b):
                if rng.random() < 0.6:
                    s[:] = [1 if rng.random() < 0.4 else d for d in s][int(rng.integers(0, len(s))) if rng.random() < 0.3 else 0:]
            out = [int(d) for d in np.broadcast_shapes(tuple(condition), tuple(a), tuple(b))]
        constant = rng.random() < 0.3
        c, x, y, z = m.tensor(condition, "bool"), operand(rng, m, a, q, False), operand(rng, m, b, q, constant), m.tensor(out, q[0], scale=q[1], zero_point=q[2])
        m.op(name, [c, x, y], [z], options, version=1)
        return m, [c, x] if constant else [c, x, y], [z]
    return build


def clamp01(rng, scheme):
    m = Model()
    shape, q = shape_of(rng), quant_of(rng, scheme)
    qy = q if is_plain(scheme) else (q[0], near(rng, q[1]), quantized(rng, scheme)[2])
    x, y = operand(rng, m, shape, q, False), m.tensor(shape, qy[0], scale=qy[1], zero_point=qy[2])
    m.op("RELU_0_TO_1", [x], [y])
    return m, [x], [y]


def sign(rng, scheme):
    m = Model()
    shape, dtype = shape_of(rng, 0, 4), "float32" if scheme == "f32" else "int32"
    x, y = m.tensor(shape, dtype), m.tensor(shape, dtype)
    m.given[x] = np.asarray(np.where(rng.random(shape) < 0.2, np.nan if scheme == "f32" and rng.random() < 0.5 else 0, values(rng, dtype, shape))).astype(dtype)
    m.op("SIGN", [x], [y], "SignOptions")
    return m, [x], [y]


def fill(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 4), quant_of(rng, scheme)
    x, y = operand(rng, m, [], q, False), m.tensor(shape, q[0], scale=q[1], zero_point=q[2])
    m.op("FILL", [m.tensor([len(shape)], str(rng.choice(["int32", "int64"])), shape), x], [y], "FillOptions", version=3)
    return m, [x], [y]


def reverse(rng, scheme):
    m = Model()
    shape, q = shape_of(rng, 1, 5, 6, 3000), quant_of(rng, scheme)
    first = int(rng.integers(len(shape)))
    axes = [a - len(shape) if rng.random() < 0.3 else a for a in range(first, int(rng.integers(first, len(shape))) + 1)]
    rng.shuffle(axes)
    x, y = operand(rng, m, shape, q, False), m.tensor(shape, q[0], scale=q[1], zero_point=q[2])
    m.op("REVERSE_V2", [x, m.tensor([len(axes)], "int32", axes)], [y], "ReverseV2Options", version=3)
    return m, [x], [y]


def folded(name, options):
    """ZEROS_LIKE and RANK, added to a run-time tensor."""
    def build(rng, scheme):
        m = Model()
        shape, dtype = shape_of(rng, 1, 4), quant_of(rng, scheme)[0]
        x, y = m.tensor(shape, dtype), m.tensor(shape, dtype)
        z = m.tensor(shape if name == "ZEROS_LIKE" else [], dtype if name == "ZEROS_LIKE" else "int32")
        m.op(name, [x], [z], options)
        m.op("ADD", [x, z], [y], "AddOptions", version=4 if scheme == "i64" else 1)
        return m, [x], [y]
    return build


def numbers(rng, scheme):
    """RANGE of constants, or up to a size that the model asks for."""
    m = Model()
    n, dtype = int(rng.integers(1, 30)), quant_of(rng, scheme)[0]
    x, r, y = m.tensor([n, 2], dtype), m.tensor([n], dtype), m.tensor([n, 2], dtype)
    if scheme == "i32" and rng.random() < 0.5:
        shape, size = m.tensor([2], dtype), m.tensor([], dtype)
        m.op("SHAPE", [x], [shape], "ShapeOptions", outType=2)
        m.op("STRIDED_SLICE", [shape] + [m.tensor([1], dtype, [v]) for v in (0, 1, 1)], [size], "StridedSliceOptions", shrinkAxisMask=1)
        m.op("RANGE", [m.tensor([], dtype, 0), size, m.tensor([], dtype, 1)], [r], "RangeOptions")
        m.op("GATHER", [x, r], [y], "GatherOptions", axis=0)
        return m, [x], [y]
    step = rng.choice([-3, -1, 1, 2]) * (0.3 if scheme == "f32" else 1)
    start = rng.integers(-20, 20)
    column = m.tensor([n, 1], dtype)
    m.op("RANGE", [m.tensor([], dtype, v) for v in (start, start + step * (n - 0.5 if scheme == "f32" else n), step)], [r], "RangeOptions")
    m.op("RESHAPE", [r, m.tensor([2], "int32", [n, 1])], [column], "ReshapeOptions", newShape=[n, 1])
    m.op("ADD", [x, column], [y], "AddOptions", version=4 if scheme == "i64" else 1)
    return m, [x], [y]


SIX = ("f32", "i8", "u8", "i16", "i32", "i64")
ORDER = {name.lower(): (compare(name, options), SIX) for name, options in
         (("LESS", "LessOptions"), ("LESS_EQUAL", "LessEqualOptions"), ("GREATER", "GreaterOptions"), ("GREATER_EQUAL", "GreaterEqualOptions"))}
OPERATORS = ORDER | {
    "equal": (compare("EQUAL", "EqualOptions"), SIX + ("bool",)),
    "not_equal": (compare("NOT_EQUAL", "NotEqualOptions"), SIX + ("bool",)),
    "cast": (cast, SIX + ("bool",)),
    "logical_and": (logical("LOGICAL_AND", "LogicalAndOptions"), ("bool",)),
    "logical_or": (logical("LOGICAL_OR", "LogicalOrOptions"), ("bool",)),
    "logical_not": (logical("LOGICAL_NOT", "LogicalNotOptions"), ("bool",)),
    "floor_div": (floor_of("FLOOR_DIV", "FloorDivOptions"), ("f32", "i8", "i16", "i32")),
    "floor_mod": (floor_of("FLOOR_MOD", "FloorModOptions"), ("f32", "i8", "i16", "i32", "i64")),
    "pow": (power, ("f32", "i32")),
    "select": (select("SELECT", "SelectOptions"), SIX + ("bool",)),
    "select_v2": (select("SELECT_V2", "SelectV2Options"), SIX + ("bool",)),
    "relu_0_to_1": (clamp01, ("f32", "i8", "u8")),
    "sign": (sign, ("f32", "i32")),
    "fill": (fill, SIX + ("bool",)),
    "reverse_v2": (reverse, SIX + ("bool",)),
    "zeros_like": (folded("ZEROS_LIKE", "ZerosLikeOptions"), ("f32", "i32", "i64")),
    "range": (numbers, ("f32", "i32", "i64")),
    "rank": (folded("RANK", "RankOptions"), ("i32",)),
}
