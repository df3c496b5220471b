"""What bench/bundle_torch.py builds a network from: the layers of a float .tflite file as JSON, for a machine that has no reader of such files. The weights stay in the
file; the JSON says at which byte they lie.

usage: python -m bench.models.layers FOLDER      (NAME.layers.json beside each NAME.float16.tflite.gz, or NAME.float32.tflite.gz)"""
import gzip
import json
import pathlib
import sys

import numpy as np

from . import flat
from .flat import schema

OP = schema.BuiltinOperator
NAMES = {value: name for name, value in vars(OP).items() if not name.startswith("_")}
ACTIVATIONS = {value: name for name, value in vars(schema.ActivationFunctionType).items() if not name.startswith("_")}
TYPES = {flat.F16: "float16", flat.F32: "float32"}
SAME = schema.Padding.SAME


class Unknown(Exception):
    """The network has something that torch is not told to compute."""


def need(condition, what):
    if not condition:
        raise Unknown(what)


def same_padding(size, window, stride):
    """Before and behind: TFLite puts the odd one behind."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


class Describer:
    def __init__(self, raw, model):
        need(len(model.subgraphs) == 1, "several subgraphs")
        self.raw, self.model, self.graph = raw, model, model.subgraphs[0]
        self.code = lambda op: flat.op_code(model, op)
        self.half = {op.outputs[0]: op.inputs[0] for op in self.graph.operators if self.code(op) == OP.DEQUANTIZE and self.is_constant(op.inputs[0])}
        self.made = {index: op for op in self.graph.operators for index in op.outputs}
        self.buffers = schema.Model.GetRootAs(raw, 0)

    def is_constant(self, index):
        return flat.constant(self.model, self.graph.tensors[index]) is not None if self.graph.tensors[index].type in flat.DTYPES else False

    def shape(self, index):
        return [int(d) for d in self.graph.tensors[index].shape]

    def weights(self, index):
        """Where a constant lies in the file; None where there is none (-1)."""
        if index < 0:
            return None
        index = self.half.get(index, index)
        tensor = self.graph.tensors[index]
        need(tensor.type in TYPES and self.is_constant(index), "weights that are no floats, or are computed")
        buffer = self.buffers.Buffers(tensor.buffer)
        whole = np.frombuffer(self.raw, np.uint8)
        at = buffer.Offset() if buffer.Offset() > 1 else buffer.DataAsNumpy().ctypes.data - whole.ctypes.data
        return {"at": int(at), "type": TYPES[tensor.type], "shape": self.shape(index)}

    def numbers(self, index):
        need(index in range(len(self.graph.tensors)) and self.is_constant(index), "a shape, pads or axes that are computed")
        return flat.constant(self.model, self.graph.tensors[index])

    def pads(self, op):
        """Top, bottom, left, right of a PAD of an image, or of none."""
        pads = self.numbers(op.inputs[1])
        need(pads.shape == (4, 2) and not pads[[0, 3]].any(), "PAD of other than height and width")
        return [int(p) for p in pads[1:3].ravel()]

    def swallowed(self, index):
        """The PAD behind whose zeros the operators look, where they alone do so and torch's windows have padding of their own; else None. A maximum pads with -inf: the
        same where nothing is negative."""
        op = self.made.get(index)
        if op is None or self.code(op) != OP.PAD or index in self.graph.outputs:
            return None
        before = self.made.get(op.inputs[0])
        positive = before is not None and ACTIVATIONS[getattr(before.builtinOptions, "fusedActivationFunction", 0)] in ("RELU", "RELU6")
        for user in (u for u in self.graph.operators if index in u.inputs):
            code, o = self.code(user), user.builtinOptions
            if code not in (OP.CONV_2D, OP.DEPTHWISE_CONV_2D, OP.MAX_POOL_2D) or o.padding == SAME or user.inputs[0] != index:
                return None
            if code == OP.MAX_POOL_2D and not (positive and 2 * max(self.pads(op)) <= min(o.filterHeight, o.filterWidth)):
                return None
        return op

    def window(self, op, layer, high, wide):
        """Strides, and the pads around the image that the layer takes."""
        o, source = op.builtinOptions, op.inputs[0]
        dilation = [getattr(o, "dilationHFactor", 1), getattr(o, "dilationWFactor", 1)]
        layer["stride"] = [o.strideH, o.strideW]
        pad = self.swallowed(source)
        if pad:
            layer["in"], layer["pads"] = [pad.inputs[0]], self.pads(pad)
        elif o.padding == SAME:
            height, width = self.shape(source)[1:3]
            layer["pads"] = [*same_padding(height, (high - 1) * dilation[0] + 1, o.strideH), *same_padding(width, (wide - 1) * dilation[1] + 1, o.strideW)]
        else:
            layer["pads"] = [0, 0, 0, 0]
        return dilation

    def conv(self, op, layer):
        layer["weights"], layer["bias"] = self.weights(op.inputs[1]), self.weights(op.inputs[2] if len(op.inputs) > 2 else -1)
        shape, channels = layer["weights"]["shape"], self.shape(op.inputs[0])[3]
        layer["groups"] = channels if layer["op"] == "DEPTHWISE_CONV_2D" else channels // shape[3]
        layer["dilation"] = self.window(op, layer, shape[1], shape[2])

    def pool(self, op, layer):
        layer["window"] = [op.builtinOptions.filterHeight, op.builtinOptions.filterWidth]
        self.window(op, layer, *layer["window"])
        top, bottom, left, right = layer["pads"]
        need(layer["op"] == "MAX_POOL_2D" or (top == bottom and left == right), "AVERAGE_POOL_2D that pads one side")

    def mean(self, op, layer):
        rank = len(self.shape(op.inputs[0]))
        axes = sorted({int(a) % rank for a in self.numbers(op.inputs[1]).ravel()})
        need(rank == 4 and axes == [1, 2], "MEAN over other than height and width")
        layer["keep"] = bool(op.builtinOptions.keepDims)

    def dense(self, op, layer):
        o = op.builtinOptions
        need(o.weightsFormat == 0 and not o.keepNumDims, "FULLY_CONNECTED in another form")
        layer["weights"], layer["bias"] = self.weights(op.inputs[1]), self.weights(op.inputs[2] if len(op.inputs) > 2 else -1)

    def add(self, op, layer):
        need(self.shape(op.inputs[0]) == self.shape(op.inputs[1]), "ADD of two shapes")
        layer["in"] = list(op.inputs)

    def softmax(self, op, layer):
        layer["beta"] = float(op.builtinOptions.beta)

    def pad(self, op, layer):
        layer["pads"] = self.pads(op)

    def reshape(self, op, layer):
        layer["shape"] = self.shape(op.outputs[0])

    def activation(self, op, layer):
        layer["act"] = layer["op"]

    KNOWN = {OP.CONV_2D: conv, OP.DEPTHWISE_CONV_2D: conv, OP.ADD: add, OP.PAD: pad, OP.AVERAGE_POOL_2D: pool, OP.MAX_POOL_2D: pool, OP.MEAN: mean,
             OP.FULLY_CONNECTED: dense, OP.SOFTMAX: softmax, OP.RESHAPE: reshape, OP.RELU: activation, OP.RELU6: activation}

    def layers(self):
        for op in self.graph.operators:
            code = self.code(op)
            if op.outputs[0] in self.half or (code == OP.PAD and self.swallowed(op.outputs[0])):
                continue
            need(code in self.KNOWN, NAMES[code])
            act = ACTIVATIONS[getattr(op.builtinOptions, "fusedActivationFunction", 0)]
            need(act in ("NONE", "RELU", "RELU6"), f"{NAMES[code]} with {act}")
            layer = {"op": NAMES[code], "in": [op.inputs[0]], "out": op.outputs[0], "act": act}
            self.KNOWN[code](self, op, layer)
            layer["in"] = [int(i) for i in layer["in"]]
            need(not any(self.is_constant(i) or i in self.half for i in layer["in"]), f"{NAMES[code]} of a constant")
            yield layer | {"out": int(layer["out"])}

    def all(self):
        (source,), (result,) = self.graph.inputs, self.graph.outputs
        need(self.graph.tensors[source].type == self.graph.tensors[result].type == flat.F32, "an input or output that is no float")
        ends = {"input": int(source), "input_shape": self.shape(source), "output": int(result), "output_shape": self.shape(result)}
        return ends | {"layers": list(self.layers())}


def describe(path):
    """Of a .tflite file: what it computes, or {"unknown": what of it cannot be told}."""
    model = flat.load(path)
    try:
        need(all(len(ends) == 1 for graph in model.subgraphs for ends in (graph.inputs, graph.outputs)), "several inputs or outputs")
        return Describer(path.read_bytes(), model).all()
    except Unknown as e:
        return {"unknown": str(e)}


def main():
    for packed in sorted(pathlib.Path(sys.argv[1]).glob("*.float*.tflite.gz")):
        name = packed.name.removesuffix(".tflite.gz")
        path = packed.with_suffix("")
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        packed.with_name(f"{name}.layers.json").write_text(json.dumps(describe(path)))
        path.unlink()


if __name__ == "__main__":
    main()
