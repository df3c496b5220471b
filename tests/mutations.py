"""What can be wrong with a model: a table of small damages to a flatbuffer, each a function of (random numbers, model) that returns what it did, or None where the
model gives it nothing to damage. `damage` applies one to three of them."""
import numpy as np
from ai_edge_litert import schema_py_generated as schema

# Beyond what a file may hold are the borders of int32, products around 2^31 and 2^32, and what a division or a loop does not stand.
NUMBERS = [0, 0, 1, -1, -1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 127, 128, 255, 256, 1 << 15, 1 << 16, (1 << 31) - 1, -(1 << 31), (1 << 30), 46341, -2, -128]
SIZES = [0, 0, 1, 1, 2, 3, 5, 7, 9, 16, 17, 31, 33, 100, -1]
LARGE = [[65536, 32768], [32768, 65536], [65536, 65536], [46341, 46341], [2, 1 << 30], [1 << 31 - 1], [3, 1 << 15, 1 << 15], [1 << 16, 1 << 8, 1 << 8], [1 << 11, 1 << 11, 1 << 10], [(1 << 31) - 1, 2]]
FLOATS = [0.0, -0.0, -1.0, 1.0, float("nan"), float("inf"), float("-inf"), 1e-45, 1e-38, 1e-20, 1e20, 3e38, 0.5, 1.0 / 256, 2.0**-40, 2.0**40]
ZEROS = [-129, -128, -1, 0, 1, 127, 128, 255, 256, 1 << 31, -(1 << 31), 1 << 40, 32767, -32768]
TYPES = list(range(0, 18)) + [19, 127]


def pick(rng, items):
    return items[int(rng.integers(len(items)))] if len(items) else None


def tensors(m):
    return m.subgraphs[0].tensors or []


def operators(m):
    return m.subgraphs[0].operators or []


def content(m, t):
    """The bytes of a constant, or None."""
    b = m.buffers[t.buffer] if 0 < t.buffer < len(m.buffers) else None
    return b.data if b is not None and b.data is not None and len(b.data) else None


def constants(m):
    return [t for t in tensors(m) if content(m, t) is not None]


def own_buffer(m, t, data):
    b = schema.BufferT()
    b.data = np.asarray(data, np.uint8)
    t.buffer = len(m.buffers)
    m.buffers.append(b)


def dims(t):
    return [int(d) for d in (t.shape if t.shape is not None else [])]


def left_to_chance(blob):
    """Does the result depend on what happens to lie in the runtime's memory? A tensor that is read before it is written, or written twice; a transposition that leaves gaps."""
    m = schema.ModelT.InitFromPackedBuf(blob, 0)
    given = {int(i) for i in (m.subgraphs[0].inputs if m.subgraphs[0].inputs is not None else [])} | {i for i, t in enumerate(tensors(m)) if content(m, t) is not None or t.isVariable}
    if any(content(m, tensors(m)[int(i)]) is not None for i in (m.subgraphs[0].inputs if m.subgraphs[0].inputs is not None else []) if 0 <= i < len(tensors(m))):
        return True  # an input that is a constant: the caller writes to it after it was read
    made = set()
    for o in operators(m):
        code = m.operatorCodes[o.opcodeIndex].builtinCode if o.opcodeIndex < len(m.operatorCodes) else -1
        for i in (int(i) for i in (o.inputs if o.inputs is not None else [])):
            if 0 <= i < len(tensors(m)) and i not in given and i not in made:
                return True
        for i in (int(i) for i in (o.outputs if o.outputs is not None else [])):
            if i in made or i in given:
                return True
            made.add(i)
        if code == schema.BuiltinOperator.TRANSPOSE and len(o.inputs) == 2 and 0 <= o.inputs[1] < len(tensors(m)):
            data = content(m, tensors(m)[o.inputs[1]])
            perm = [] if data is None or len(data) % 4 else np.array(data, np.uint8).view(np.int32)
            if len({int(v) % max(len(perm), 1) for v in perm}) != len(perm):
                return True
    return any(int(i) not in made and int(i) not in given for i in (m.subgraphs[0].outputs if m.subgraphs[0].outputs is not None else []))


def has_lowest_weight(blob):
    """Has a recurrent node on floats an int8 weight of -128? Weights are symmetric; the runtime's x86 kernels take this one for 128."""
    m = schema.ModelT.InitFromPackedBuf(blob, 0)
    recurrent = (schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_RNN, schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM, schema.BuiltinOperator.SVDF)
    for o in operators(m):
        code = m.operatorCodes[o.opcodeIndex].builtinCode if o.opcodeIndex < len(m.operatorCodes) else -1
        used = [tensors(m)[int(i)] for i in (o.inputs if o.inputs is not None else []) if 0 <= i < len(tensors(m))]
        if code in recurrent and any(t.type == schema.TensorType.FLOAT32 for t in used):
            if any(t.type == schema.TensorType.INT8 and content(m, t) is not None and 0x80 in bytes(content(m, t)) for t in used):
                return True
    return False


# --- tensors ---

def one_dimension(rng, m):
    t = pick(rng, [t for t in tensors(m) if len(dims(t))])
    if t is None:
        return None
    shape, k = dims(t), 0
    k = int(rng.integers(len(shape)))
    old = shape[k]
    shape[k] = int(pick(rng, SIZES + [old + 1, old - 1, old * 2, 2 * old + 1]))
    t.shape = shape
    return f"dimension {k} of {t.name}: {old} -> {shape[k]}"


def rank(rng, m):
    t = pick(rng, tensors(m))
    shape = dims(t)
    want = int(rng.integers(0, 9))
    shape = shape[-want:] if want <= len(shape) and want else [] if not want else [1] * (want - len(shape)) + shape
    if rng.random() < 0.3:
        shape = shape[::-1]
    t.shape = shape
    return f"shape of {t.name}: {shape}"


def large_shape(rng, m):
    t = pick(rng, [t for t in tensors(m) if content(m, t) is None])
    if t is None:
        return None
    t.shape = list(pick(rng, LARGE))
    return f"shape of {t.name}: {t.shape}"


def unknown_dimension(rng, m):
    t = pick(rng, [t for t in tensors(m) if len(dims(t))])
    if t is None:
        return None
    t.shapeSignature = [-1 if rng.random() < 0.5 else d for d in dims(t)]
    return f"shape signature of {t.name}: {t.shapeSignature}"


def element_type(rng, m):
    t = pick(rng, tensors(m))
    old = t.type
    t.type = int(pick(rng, TYPES))
    return f"type of {t.name}: {old} -> {t.type}"


def quantized(m):
    return [t for t in tensors(m) if t.quantization is not None and t.quantization.scale is not None and len(t.quantization.scale)]


def scale(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    s = np.array(t.quantization.scale, np.float32)
    k = int(rng.integers(s.size))
    s[k] = pick(rng, FLOATS)
    t.quantization.scale = s
    return f"scale {k} of {t.name}: {s[k]}"


def scale_factor(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    f = np.float32(2.0 ** rng.uniform(-30, 30))
    t.quantization.scale = np.array(t.quantization.scale, np.float32) * f
    return f"scales of {t.name} times {f}"


def scale_count(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    n = int(pick(rng, [0, 1, 2, 3, len(t.quantization.scale) + 1, max(len(t.quantization.scale) - 1, 0)]))
    t.quantization.scale = np.resize(np.array(t.quantization.scale, np.float32), n)
    if rng.random() < 0.5:
        t.quantization.zeroPoint = np.zeros(n, np.int64)
    return f"{n} scales of {t.name}"


def zero_point(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    z = np.array(t.quantization.zeroPoint if t.quantization.zeroPoint is not None and len(t.quantization.zeroPoint) else [0], np.int64)
    k = int(rng.integers(z.size))
    z[k] = pick(rng, ZEROS)
    t.quantization.zeroPoint = z
    return f"zero point {k} of {t.name}: {z[k]}"


def zero_point_count(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    n = int(pick(rng, [0, 1, 2, 5]))
    t.quantization.zeroPoint = np.full(n, 3, np.int64)
    return f"{n} zero points of {t.name}"


def quantized_axis(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    t.quantization.quantizedDimension = int(pick(rng, [-1, 0, 1, 2, 3, 4, 7, 1 << 30]))
    return f"quantized dimension of {t.name}: {t.quantization.quantizedDimension}"


def quantization_gone(rng, m):
    t = pick(rng, quantized(m))
    if t is None:
        return None
    t.quantization = None
    return f"quantization of {t.name} is gone"


def quantization_new(rng, m):
    t = pick(rng, [t for t in tensors(m) if t.quantization is None or t.quantization.scale is None or not len(t.quantization.scale)])
    if t is None:
        return None
    t.quantization = schema.QuantizationParametersT()
    n = 1 if rng.random() < 0.7 or not len(dims(t)) else max(dims(t)[0], 0) % 1000
    t.quantization.scale, t.quantization.zeroPoint = np.full(n, 0.1, np.float32), np.zeros(n, np.int64)
    return f"{t.name} becomes quantized"


def no_buffer(rng, m):
    t = pick(rng, constants(m))
    if t is None:
        return None
    t.buffer = 0
    return f"constant {t.name} has no buffer"


def short_buffer(rng, m):
    t = pick(rng, constants(m))
    if t is None:
        return None
    data = np.array(content(m, t), np.uint8)
    n = int(pick(rng, [1, 2, 3, 4, data.size - 1, data.size // 2]))
    own_buffer(m, t, data[:max(n, 0)])
    return f"constant {t.name} has {n} bytes"


def long_buffer(rng, m):
    t = pick(rng, constants(m))
    if t is None:
        return None
    data = np.array(content(m, t), np.uint8)
    own_buffer(m, t, np.concatenate([data, data, np.arange(5, dtype=np.uint8)]))
    return f"constant {t.name} has more bytes than its shape"


def other_buffer(rng, m):
    t = pick(rng, tensors(m))
    t.buffer = int(rng.integers(0, len(m.buffers)))
    return f"{t.name} reads buffer {t.buffer}"


def constant_number(rng, m):
    """One element of an integer constant: axes, sizes, permutations, paddings, indices."""
    t = pick(rng, [t for t in constants(m) if t.type in (2, 4)])
    if t is None:
        return None
    data = np.array(content(m, t), np.uint8)
    values = data[: data.size // (4 if t.type == 2 else 8) * (4 if t.type == 2 else 8)].view(np.int32 if t.type == 2 else np.int64).copy()
    if not values.size:
        return None
    k = int(rng.integers(values.size))
    values[k] = pick(rng, NUMBERS) if rng.random() < 0.7 else values[k] + int(rng.integers(-3, 4))
    own_buffer(m, t, values.view(np.uint8))
    return f"element {k} of {t.name}: {values[k]}"


def constant_float(rng, m):
    t = pick(rng, [t for t in constants(m) if t.type == 0])
    if t is None:
        return None
    data = np.array(content(m, t), np.uint8)
    values = data[: data.size // 4 * 4].view(np.float32).copy()
    if not values.size:
        return None
    k = int(rng.integers(values.size))
    values[k] = pick(rng, FLOATS)
    own_buffer(m, t, values.view(np.uint8))
    return f"element {k} of {t.name}: {values[k]}"


def constant_bytes(rng, m):
    t = pick(rng, constants(m))
    if t is None:
        return None
    data = np.array(content(m, t), np.uint8)
    data[:] = pick(rng, [0, 127, 128, 255])
    own_buffer(m, t, data)
    return f"all bytes of {t.name}: {data[0]}"


def variable(rng, m):
    t = pick(rng, tensors(m))
    t.isVariable = not t.isVariable
    return f"{t.name} is {'' if t.isVariable else 'not '}a variable"


def sparsity(rng, m):
    t = pick(rng, constants(m) if rng.random() < 0.8 else tensors(m))
    if t is None:
        return None
    shape = dims(t)
    s = schema.SparsityParametersT()
    order = list(range(len(shape)))
    s.traversalOrder = order if rng.random() < 0.6 else [int(v) for v in rng.integers(-2, 9, int(rng.integers(0, 6)))]
    s.blockMap = [] if rng.random() < 0.6 else [int(v) for v in rng.integers(-2, 5, 2)]
    s.dimMetadata = []
    for d in shape[: int(rng.integers(0, len(shape) + 1))] if rng.random() < 0.3 else shape:
        meta = schema.DimensionMetadataT()
        meta.format, meta.denseSize = int(rng.random() < 0.4), int(d if rng.random() < 0.8 else pick(rng, NUMBERS))
        if meta.format:
            for field in ("Segments", "Indices"):
                values = schema.Int32VectorT()
                values.values = [int(v) for v in rng.integers(-1, 4, int(rng.integers(0, 4)))]
                setattr(meta, "array" + field + "Type", schema.SparseIndexVector.Int32Vector)
                setattr(meta, "array" + field, values)
        s.dimMetadata.append(meta)
    t.sparsity = s
    return f"{t.name} is sparse"


# --- operators ---

def absent_operand(rng, m):
    o = pick(rng, operators(m))
    if not len(o.inputs):
        return None
    k = int(rng.integers(len(o.inputs)))
    inputs = [int(i) for i in o.inputs]
    inputs[k] = -1
    o.inputs = inputs
    return f"operand {k} is absent"


def other_operand(rng, m):
    o = pick(rng, operators(m))
    if not len(o.inputs):
        return None
    k, inputs = int(rng.integers(len(o.inputs))), [int(i) for i in o.inputs]
    inputs[k] = int(rng.integers(len(tensors(m)))) if rng.random() < 0.95 else len(tensors(m))
    o.inputs = inputs
    return f"operand {k}: tensor {inputs[k]}"


def operand_count(rng, m):
    o = pick(rng, operators(m))
    inputs = [int(i) for i in o.inputs]
    if rng.random() < 0.5 and inputs:
        del inputs[int(rng.integers(len(inputs)))]
    else:
        inputs.append(int(rng.integers(-1, len(tensors(m)))))
    o.inputs = inputs
    return f"operands: {inputs}"


def alias(rng, m):
    o = pick(rng, operators(m))
    if not len(o.inputs) or not len(o.outputs):
        return None
    outputs = [int(i) for i in o.outputs]
    outputs[int(rng.integers(len(outputs)))] = int(pick(rng, list(o.inputs)))
    o.outputs = outputs
    return f"outputs: {outputs}, inputs {list(o.inputs)}"


def result_count(rng, m):
    o = pick(rng, operators(m))
    outputs = [int(i) for i in o.outputs]
    kind = rng.random()
    if kind < 0.3:
        outputs = outputs[:-1]
    elif kind < 0.6:
        outputs = outputs + outputs[-1:]
    else:
        outputs = outputs + [int(rng.integers(-1, len(tensors(m))))]
    o.outputs = outputs
    return f"results: {outputs}"


def numbers_of(options):
    return [k for k, v in vars(options).items() if isinstance(v, (int, bool, np.integer)) and not isinstance(v, float)]


def option_number(rng, m):
    o = pick(rng, [o for o in operators(m) if o.builtinOptions is not None and numbers_of(o.builtinOptions)])
    if o is None:
        return None
    key = pick(rng, sorted(numbers_of(o.builtinOptions)))
    old = getattr(o.builtinOptions, key)
    small = isinstance(old, bool) or any(w in key.lower() for w in ("activation", "padding", "type", "format", "mode"))
    value = int(pick(rng, [0, 1, 2, 3, 4, 5, 6, 77, 127] if small else NUMBERS))
    setattr(o.builtinOptions, key, bool(value & 1) if isinstance(old, bool) else value)
    return f"{key}: {old} -> {value}"


def option_float(rng, m):
    o = pick(rng, [o for o in operators(m) if o.builtinOptions is not None and any(isinstance(v, float) for v in vars(o.builtinOptions).values())])
    if o is None:
        return None
    key = pick(rng, sorted(k for k, v in vars(o.builtinOptions).items() if isinstance(v, float)))
    setattr(o.builtinOptions, key, pick(rng, [f for f in FLOATS if not 1e30 < abs(f) < 1e39]))  # else it is a matter of whether a product overflows in float
    return f"{key}: {getattr(o.builtinOptions, key)}"


def option_list(rng, m):
    """newShape of RESHAPE, squeezeDims of SQUEEZE."""
    def lists(o):
        return sorted(k for k, v in vars(o).items() if isinstance(v, (list, np.ndarray)))
    o = pick(rng, [o for o in operators(m) if o.builtinOptions is not None and lists(o.builtinOptions)])
    if o is None:
        return None
    key = pick(rng, lists(o.builtinOptions))
    setattr(o.builtinOptions, key, [int(pick(rng, NUMBERS)) for _ in range(int(rng.integers(0, 10)))])
    return f"{key}: {getattr(o.builtinOptions, key)}"


def no_options(rng, m):
    o = pick(rng, operators(m))
    o.builtinOptions, o.builtinOptionsType = None, 0
    return "no options"


def version(rng, m):
    c = pick(rng, m.operatorCodes)
    old = c.version
    c.version = int(pick(rng, [old + 1, old + 2, old + 5, 100, 1 << 30]))  # upwards only: a lower one says that fields of the parameters are not there to be read
    return f"version {old} -> {c.version}"


def other_operator(rng, m):
    c = pick(rng, m.operatorCodes)
    old = c.builtinCode
    c.builtinCode = int(pick(rng, [*range(0, 127), 140, 150]))
    c.deprecatedBuiltinCode = min(c.builtinCode, 127)
    return f"operator {old} -> {c.builtinCode}"


def swap_operators(rng, m):
    g = m.subgraphs[0]
    if len(g.operators) < 2:
        return None
    a, b = (int(v) for v in rng.choice(len(g.operators), 2, replace=False))
    g.operators[a], g.operators[b] = g.operators[b], g.operators[a]
    return f"operators {a} and {b} change places"


# --- the graph's border ---

def more_outputs(rng, m):
    g = m.subgraphs[0]
    g.outputs = [int(i) for i in g.outputs] + [int(rng.integers(len(g.tensors)))]
    return f"outputs {g.outputs}"


def more_inputs(rng, m):
    g = m.subgraphs[0]
    computed = [i for i, t in enumerate(g.tensors) if content(m, t) is None]  # writing to a constant afterwards is not the model's fault
    if not computed:
        return None
    g.inputs = [int(i) for i in g.inputs] + [int(pick(rng, computed))]
    return f"inputs {g.inputs}"


def fewer_inputs(rng, m):
    g = m.subgraphs[0]
    if not len(g.inputs):
        return None
    g.inputs = [int(i) for i in g.inputs][:-1]
    return f"inputs {g.inputs}"


def operand_from_outside(rng, m):
    """A constant that becomes an input: axes, sizes and weights that only the run knows."""
    t = pick(rng, constants(m))
    if t is None:
        return None
    t.buffer = 0
    g = m.subgraphs[0]
    g.inputs = [int(i) for i in g.inputs] + [next(i for i, other in enumerate(g.tensors) if other is t)]
    return f"constant {t.name} becomes an input"


# (mutation, weight)
TABLE = [(one_dimension, 4), (rank, 4), (large_shape, 1), (unknown_dimension, 1), (element_type, 3), (scale, 3), (scale_factor, 2), (scale_count, 2), (zero_point, 2),
         (zero_point_count, 1), (quantized_axis, 1), (quantization_gone, 1), (quantization_new, 1), (no_buffer, 1), (short_buffer, 2), (long_buffer, 1), (other_buffer, 1),
         (constant_number, 8), (constant_float, 2), (constant_bytes, 1), (variable, 1), (sparsity, 2), (absent_operand, 3), (other_operand, 3), (operand_count, 3), (alias, 2),
         (result_count, 2), (option_number, 10), (option_float, 2), (option_list, 2), (no_options, 1), (version, 2), (other_operator, 2), (swap_operators, 1), (more_outputs, 1),
         (more_inputs, 1), (fewer_inputs, 1), (operand_from_outside, 3)]


def damage(rng, blob):
    """(bytes of the damaged model, what was done); None where the schema's writer cannot express it."""
    import flatbuffers
    m = schema.ModelT.InitFromPackedBuf(blob, 0)
    odds = np.array([w for _, w in TABLE], float)
    done, want = [], int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
    for _ in range(20):
        note = TABLE[int(rng.choice(len(TABLE), p=odds / odds.sum()))][0](rng, m)
        if note:
            done.append(note)
        if len(done) == want:
            break
    try:
        b = flatbuffers.Builder(1024)
        b.Finish(m.Pack(b), b"TFL3")
        return bytes(b.Output()), "; ".join(done)
    except Exception:  # a value beyond its field's range
        return None
