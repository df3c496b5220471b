"""Random one-operator models for make_ops.py: the rest of what real networks hold."""
import numpy as np

from make_ops import INT, quantized, random_scale
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
    "gelu": (math("GELU", "GeluOptions", 2, approximate=lambda rng: bool(rng.random() < 0.5)), ("f32", "i8", "u8", "i16")),
}
