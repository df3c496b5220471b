"""More generators for make_ops.py: the recurrent operators. Their cases are five calls, with a reset of the variables before the fourth."""
import numpy as np

from make_ops import constant_weights
from tflite_builder import Model

ACT = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3, "tanh": 4, "sign_bit": 5}


def matrix(rng, m, scheme, shape, depth):
    """Weights under which sums of `depth` products reach the bend of the activations."""
    reach = 3.0 / np.sqrt(depth) * 2.0 ** rng.uniform(-1, 0.5)
    if scheme in ("f32", "f16"):
        return constant_weights(m, scheme, shape, ("float32", (rng.uniform(-1, 1, shape) * reach).astype(np.float32), None, None, 0))
    values = rng.integers(-127, 128, shape)
    return m.tensor(shape, "int8", values, scale=np.float32(reach / 127))


def vector(rng, m, dtype, n, reach):
    if dtype == "float32":
        return m.tensor([n], dtype, (rng.uniform(-1, 1, n) * reach).astype(np.float32))
    top = np.iinfo(dtype).max
    return m.tensor([n], dtype, rng.integers(-top, top + 1, n), scale=np.float32(reach / top))


def bias(rng, m, scheme, n, scale):
    if scheme != "i8":
        return m.tensor([n], "float32", rng.uniform(-0.5, 0.5, n).astype(np.float32))
    return m.tensor([n], "int32", rng.integers(-int(0.5 / scale), int(0.5 / scale) + 1, n), scale=np.float32(scale))


def sequence(rng):
    time_major = bool(rng.integers(2))
    batch, time = int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, 2, 5, 11]))
    return time_major, batch, time, [time, batch] if time_major else [batch, time]


def scale_of(m, t):
    return float(m.graph.tensors[t].quantization.scale[0])


def lstm(rng, scheme):
    m, i8 = Model(), scheme == "i8"
    time_major, batch, time, lead = sequence(rng)
    n_in, n_cell = int(rng.integers(1, 40)), int(rng.choice([rng.integers(1, 40), 16 * rng.integers(1, 4)]))
    cifg, peephole, norm, projection = (bool(rng.random() < p) for p in (0.25, 0.3, 0.3, 0.3))
    # of a projection to more than n_cell + 16, TFLite's kernel writes past its scratch memory
    n_out = int(rng.integers(1, n_cell + 1 if peephole else min(40, n_cell + 17))) if projection else n_cell
    act, h_act = ("int8" if i8 else "float32"), dict(scale=np.float32(rng.uniform(0.004, 0.012)), zero_point=int(rng.integers(-128, 128))) if i8 else {}
    x_q = dict(scale=np.float32(rng.uniform(0.005, 0.03)), zero_point=int(rng.integers(-128, 128))) if i8 else {}
    x = m.tensor([*lead, n_in], act, **x_q)
    y = m.tensor([*lead, n_out], act, **h_act)
    inputs = [-1] * 24
    inputs[0] = x
    inputs[18] = m.tensor([batch, n_out], act, is_variable=True, **h_act)
    inputs[19] = m.tensor([batch, n_cell], "int16" if i8 else "float32", is_variable=True, **(dict(scale=np.float32(2.0 ** -int(rng.integers(9, 16)))) if i8 else {}))
    diagonal = scheme == "f32" and not projection and rng.random() < 0.2
    for g in range(int(cifg), 4):
        inputs[1 + g] = matrix(rng, m, scheme, [n_cell, n_in], n_in)
        inputs[5 + g] = vector(rng, m, "float32", n_cell, 0.8) if diagonal else matrix(rng, m, scheme, [n_cell, n_out], n_out)
        norm_reach = 1.5
        inputs[12 + g] = bias(rng, m, scheme, n_cell, (norm_reach / 32767 / 1024 if norm else scale_of(m, x) * scale_of(m, inputs[1 + g])) if i8 else 1)
        if peephole and g != 2:
            inputs[9 + g - (g == 3)] = vector(rng, m, "int16" if i8 else "int8" if scheme == "f32w8" else "float32", n_cell, 0.7)
        if norm:
            inputs[20 + g] = vector(rng, m, "int16" if i8 else "float32", n_cell, norm_reach)
    if projection:
        inputs[16] = matrix(rng, m, scheme, [n_out, n_cell], n_cell)
        if rng.random() < 0.5:
            inputs[17] = bias(rng, m, scheme, n_out, 0.01 * scale_of(m, inputs[16]) if i8 else 1)
    mids = []
    for i in range(5 if i8 else 0):
        q = dict(scale=np.float32(rng.uniform(0.004, 0.01)), zero_point=int(rng.integers(-128, 128))) if i == 4 else dict(scale=np.float32(rng.uniform(1, 3) * 2**-12))
        mids.append(m.tensor([0], "int8" if i == 4 else "int16", **q))
    m.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs if norm or rng.random() < 0.8 else inputs[:20], [y], "UnidirectionalSequenceLSTMOptions", version=3 if scheme == "f32w8" else 2,
         intermediates=mids, fusedActivationFunction=ACT["tanh"] if i8 or rng.random() < 0.8 else int(rng.choice([1, 2, 3, 5])), timeMajor=time_major,
         cellClip=float(rng.choice([0, 0, 0.5, 2.0])), projClip=float(rng.choice([0, 0, 0.3])), asymmetricQuantizeInputs=bool(rng.integers(2)))
    return m, [x], [y]


def rnn(rng, scheme):
    m = Model()
    time_major, batch, _, lead = sequence(rng)
    n_in, n_out = int(rng.integers(1, 60)), int(rng.choice([rng.integers(1, 60), 16 * rng.integers(1, 4)]))
    x, y = m.tensor([*lead, n_in], "float32"), m.tensor([*lead, n_out], "float32")
    w, r = matrix(rng, m, scheme, [n_out, n_in], n_in), matrix(rng, m, scheme, [n_out, n_out], n_out)
    h = m.tensor([batch, n_out], "float32", is_variable=True)
    m.op("UNIDIRECTIONAL_SEQUENCE_RNN", [x, w, r, bias(rng, m, scheme, n_out, 1), h], [y], "SequenceRNNOptions", version=3 if scheme == "f32w8" else 1, timeMajor=time_major,
         fusedActivationFunction=int(rng.choice([0, 2, 3, 4, 4, 4, 5])), asymmetricQuantizeInputs=bool(rng.integers(2)))
    return m, [x], [y]


def svdf(rng, scheme):
    m, i8 = Model(), scheme == "i8"
    batch, n_in, rank, units = int(rng.choice([1, 1, 2, 3])), int(rng.integers(1, 60)), int(rng.integers(1, 4)), int(rng.integers(1, 30))
    memory, filters = int(rng.choice([1, 2, rng.integers(2, 20)])), rank * units
    q = (lambda low, high: dict(scale=np.float32(rng.uniform(low, high)), zero_point=int(rng.integers(-128, 128)))) if i8 else lambda low, high: {}
    act = "int8" if i8 else "float32"
    x, y = m.tensor([batch, n_in], act, **q(0.005, 0.03)), m.tensor([batch, units], act, **q(0.01, 0.05))
    feature = matrix(rng, m, scheme, [filters, n_in], n_in)
    if i8:
        time = m.tensor([filters, memory], "int16", rng.integers(-32767, 32768, [filters, memory]), scale=np.float32(rng.uniform(0.3, 1.5) / 32767))
    else:
        time = matrix(rng, m, scheme, [filters, memory], memory)
    state_q = dict(scale=np.float32(rng.uniform(1, 4) / 32767)) if i8 else {}
    state = m.tensor([batch, filters * memory], "int16" if i8 else "float32", is_variable=True, **state_q)
    b = -1 if rng.random() < 0.3 else bias(rng, m, scheme, units, scale_of(m, time) * scale_of(m, state) if i8 else 1)
    m.op("SVDF", [x, feature, time, b, state], [y], "SVDFOptions", version=3 if i8 else 4, rank=rank, fusedActivationFunction=1 if i8 else int(rng.choice([0, 1, 2, 3, 4, 5])),
         asymmetricQuantizeInputs=bool(rng.integers(2)))
    return m, [x], [y]


OPERATORS = {
    "unidirectional_sequence_lstm": (lstm, ("f32", "f16", "f32w8", "i8")),
    "unidirectional_sequence_rnn": (rnn, ("f32", "f16", "f32w8")),
    "svdf": (svdf, ("f32", "f16", "f32w8", "i8")),
}
