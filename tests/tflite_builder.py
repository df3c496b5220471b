"""Writes .tflite models of a few operators, from numpy arrays, with the schema that the ai-edge-litert wheel carries (no TensorFlow).

    m = Model()
    x = m.tensor([1, 8, 8, 3], "int8", scale=0.5, zero_point=-3)
    w = m.tensor([4, 3, 3, 3], "int8", data=array, scale=[...], axis=0)
    y = m.tensor([1, 6, 6, 4], "int8", scale=1.0)
    m.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=1, strideW=1, strideH=1)
    m.save(path, inputs=[x], outputs=[y])
"""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    "float32": schema.TensorType.FLOAT32, "float16": schema.TensorType.FLOAT16, "int8": schema.TensorType.INT8, "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16, "int32": schema.TensorType.INT32, "int64": schema.TensorType.INT64, "bool": schema.TensorType.BOOL,
    "int4": schema.TensorType.INT4,
}
SAME, VALID = 0, 1
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}


def pack_int4(values):
    """Two per byte, the first in the low nibble; the last byte of an odd count is filled with zero."""
    flat = np.asarray(values, np.int8).reshape(-1)
    flat = np.concatenate([flat, np.zeros(flat.size % 2, np.int8)]).view(np.uint8) & 15
    return (flat[0::2] | flat[1::2] << 4).astype(np.uint8)


class Model:
    def __init__(self):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "one-operator test model"
        self.model.operatorCodes, self.model.buffers = [], [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.name, self.graph.tensors, self.graph.operators = "main", [], []
        self.model.subgraphs = [self.graph]
        self.given, self.without_ref = {}, False  # for make_ops.py

    def tensor(self, shape, dtype, data=None, scale=None, zero_point=None, axis=0, name=None, is_variable=False):
        """A tensor's index. data makes it a constant; scale (a number or a list) quantizes it, along axis if there are several."""
        t = schema.TensorT()
        t.shape, t.type, t.name = [int(d) for d in shape], TYPES[dtype], (name or f"t{len(self.graph.tensors)}").encode()
        t.hasRank, t.isVariable = True, is_variable
        t.quantization = schema.QuantizationParametersT()
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            points = np.atleast_1d(np.asarray(0 if zero_point is None else zero_point, np.int64))
            t.quantization.scale = scales
            t.quantization.zeroPoint = np.broadcast_to(points, scales.shape).copy()
            t.quantization.quantizedDimension = axis
        if data is not None:
            b = schema.BufferT()
            b.data = pack_int4(data) if dtype == "int4" else np.frombuffer(np.ascontiguousarray(np.asarray(data, dtype)).tobytes(), np.uint8)
            t.buffer = len(self.model.buffers)
            self.model.buffers.append(b)
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def op(self, name, inputs, outputs, options=None, version=1, intermediates=(), **fields):
        """Appends an operator; options is the schema's table name ("Conv2DOptions"), fields are its fields. An absent input is -1."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        self.model.operatorCodes.append(code)
        o = schema.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs, o.intermediates = len(self.model.operatorCodes) - 1, list(inputs), list(outputs), list(intermediates)
        if options:
            table = getattr(schema, options + "T")()
            for key, value in fields.items():
                if not hasattr(table, key):
                    raise AttributeError(f"{options} has no field {key}")
                setattr(table, key, value)
            first = hasattr(schema.BuiltinOptions, options)
            setattr(o, "builtinOptionsType" if first else "builtinOptions2Type", getattr(schema.BuiltinOptions if first else schema.BuiltinOptions2, options))
            setattr(o, "builtinOptions" if first else "builtinOptions2", table)
        self.graph.operators.append(o)

    def renumber(self, order):
        """Tensor order[i] becomes tensor i."""
        number = {-1: -1, **{int(old): new for new, old in enumerate(order)}}
        self.graph.tensors = [self.graph.tensors[int(old)] for old in order]
        for o in self.graph.operators + [self.graph]:
            o.inputs, o.outputs = [number[int(i)] for i in o.inputs], [number[int(i)] for i in o.outputs]
        for o in self.graph.operators:
            o.intermediates = [number[int(i)] for i in o.intermediates]

    def bytes(self, inputs, outputs, order=None):
        """The model; its tensors in another order, if that is given."""
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        if order is not None:
            self.renumber(order)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def save(self, path, inputs, outputs):
        with open(path, "wb") as f:
            f.write(self.bytes(inputs, outputs))
