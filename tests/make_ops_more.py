"""Random one-operator models for make_ops.py: the rest of what real networks hold."""
import numpy as np

from make_ops import INT, activation, quantized
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
    "maximum": (pair("MAXIMUM", "MaximumMinimumOptions"), ("f32", "i8", "u8", "i16", "i32", "i64")),
    "minimum": (pair("MINIMUM", "MaximumMinimumOptions"), ("f32", "i8", "u8", "i16", "i32", "i64")),
    "squared_difference": (pair("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"), ("f32", "i8", "i32")),
    "div": (pair("DIV", "DivOptions"), ("f32", "i8", "u8", "i16", "i32")),
    "gelu": (math("GELU", "GeluOptions", 2, approximate=lambda rng: bool(rng.random() < 0.5)), ("f32", "i8", "u8", "i16")),
}
