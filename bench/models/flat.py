"""Reading, editing and writing .tflite files through the schema that ships with the runtime."""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

F32, F16, I32 = schema.TensorType.FLOAT32, schema.TensorType.FLOAT16, schema.TensorType.INT32
DTYPES = {F32: np.float32, F16: np.float16, I32: np.int32}


def load(path):
    """The model as a tree of schema objects. Constants that lie behind the flatbuffer, as quantizers may write them, are taken into it."""
    raw = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(raw), 0))
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(raw, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def save(model, path):
    """Writes under another name first, so that an interrupted run leaves no half file behind."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    part = path.with_suffix(".part")
    part.write_bytes(builder.Output())
    part.rename(path)


def op_code(model, op):
    code = model.operatorCodes[op.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def add_op_code(model, builtin, version=1):
    """Index of the builtin's operator code, added if the model has none."""
    for i, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin and code.version == version:
            return i
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def add_constant(model, array):
    """Index of a new buffer that holds the array."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def constant(model, tensor):
    """The values of a constant tensor, or None."""
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0:
        return None
    return np.frombuffer(np.asarray(data, np.uint8).tobytes(), DTYPES[tensor.type]).reshape(tensor.shape)


def add_signature(model):
    """The quantizer calibrates through a signature: one that names inputs and outputs in0.., out0.. ."""
    if model.signatureDefs:
        return

    def maps(prefix, indices):
        out = []
        for k, index in enumerate(indices):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = f"{prefix}{k}", int(index)
            out.append(entry)
        return out

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = maps("in", model.subgraphs[0].inputs)
    signature.outputs = maps("out", model.subgraphs[0].outputs)
    model.signatureDefs = [signature]


def drop_unused(model):
    """Removes tensors that no operator, input or output names, and buffers that no tensor or metadata names."""
    for graph in model.subgraphs:
        used = set(int(i) for i in list(graph.inputs) + list(graph.outputs))
        for op in graph.operators:
            used.update(int(i) for i in list(op.inputs) + list(op.outputs))
        used.discard(-1)
        order = sorted(used)
        place = {old: new for new, old in enumerate(order)} | {-1: -1}
        graph.tensors = [graph.tensors[i] for i in order]
        graph.inputs = [place[int(i)] for i in graph.inputs]
        graph.outputs = [place[int(i)] for i in graph.outputs]
        for op in graph.operators:
            op.inputs = [place[int(i)] for i in op.inputs]
            op.outputs = [place[int(i)] for i in op.outputs]
        for signature in model.signatureDefs or []:
            for entry in list(signature.inputs) + list(signature.outputs):
                entry.tensorIndex = place[int(entry.tensorIndex)]
    order = sorted({0} | {t.buffer for g in model.subgraphs for t in g.tensors} | {m.buffer for m in model.metadata or []})
    place = {old: new for new, old in enumerate(order)}
    model.buffers = [model.buffers[i] for i in order]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = place[tensor.buffer]
    for entry in model.metadata or []:
        entry.buffer = place[entry.buffer]
