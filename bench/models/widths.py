"""The same weights in another width: float16 <-> float32 constants, and int8 through the quantizer."""
import contextlib
import copy
import os
import sys

import numpy as np

from . import flat
from .flat import schema

# The widths that a network is made in, and the quantizer's recipe for each; float16 needs none.
RECIPES = {"float16": None, "int8": "static_wi8_ai8", "int16x8": "static_wi8_ai16", "dynamic_range": "dynamic_wi8_afp32"}
DEQUANTIZE = schema.BuiltinOperator.DEQUANTIZE


def to_float32(model):
    """Folds DEQUANTIZE of float16 constants into float32 constants, in place. Every subgraph's operators keep their order."""
    for graph in model.subgraphs:
        kept = []
        for op in graph.operators:
            source = graph.tensors[op.inputs[0]] if len(op.inputs) else None
            values = flat.constant(model, source) if flat.op_code(model, op) == DEQUANTIZE and source.type == flat.F16 else None
            if values is None:
                kept.append(op)
                continue
            target = graph.tensors[op.outputs[0]]
            target.buffer = flat.add_constant(model, values.astype(np.float32))
            target.type, target.shape = flat.F32, source.shape
        graph.operators = kept
    flat.drop_unused(model)
    flat.add_signature(model)
    return model


def to_float16(model):
    """A copy whose float32 constants with more than one value are float16 behind a DEQUANTIZE, as TFLite's converter writes them."""
    model = copy.deepcopy(model)
    graph = model.subgraphs[0]
    code = flat.add_op_code(model, DEQUANTIZE, version=3)
    ops = []
    for index in range(len(graph.tensors)):
        tensor = graph.tensors[index]
        values = flat.constant(model, tensor) if tensor.type == flat.F32 else None
        if values is None or values.size < 2:
            continue
        half = copy.deepcopy(tensor)
        half.name = tensor.name + b"/half"
        half.type = flat.F16
        half.buffer = flat.add_constant(model, np.clip(values, -65504, 65504).astype(np.float16))
        graph.tensors.append(half)
        tensor.buffer = 0
        op = schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = code, [len(graph.tensors) - 1], [index]
        op.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
        op.builtinOptions = schema.DequantizeOptionsT()
        ops.append(op)
    graph.operators = ops + list(graph.operators)
    flat.drop_unused(model)
    return model


def lift_dead_channels(model):
    """Trained networks have output channels whose weights are all but zero, and a bias. Their scale would be so small that the int32 bias overflows, and the
    quantizer writes nonsense. One weight of 1e-4 of the bias is enough to represent it, and too small to show in 8 bits. In place."""
    axis_of = {schema.BuiltinOperator.CONV_2D: 0, schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3, schema.BuiltinOperator.FULLY_CONNECTED: 0}
    graph = model.subgraphs[0]
    for op in graph.operators:
        axis = axis_of.get(flat.op_code(model, op))
        if axis is None or len(op.inputs) < 3 or op.inputs[2] < 0:
            continue
        weights, bias = (flat.constant(model, graph.tensors[i]) for i in (op.inputs[1], op.inputs[2]))
        if weights is None or bias is None:
            continue
        by_channel = np.moveaxis(weights, axis, 0).reshape(bias.size, -1).copy()
        least = np.abs(bias).reshape(-1) * 1e-4
        dead = np.abs(by_channel).max(1) < least
        if dead.any():
            by_channel[dead, 0] = least[dead]
            shape = np.moveaxis(weights, axis, 0).shape
            graph.tensors[op.inputs[1]].buffer = flat.add_constant(model, np.moveaxis(by_channel.reshape(shape), 0, axis))
    flat.drop_unused(model)


@contextlib.contextmanager
def quiet(log):
    """The quantizer's and the runtime's chatter on stderr goes to a file, which is shown if they fail."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(log, "wb") as f:
            os.dup2(f.fileno(), 2)
            yield
    except BaseException:
        os.write(kept, log.read_bytes()[-4000:])
        raise
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    log.unlink()


def quantize(float32_path, int8_path, recipe_name, samples):
    """By a recipe of the quantizer's; those that are static are calibrated with the samples: a list of arrays for the one input."""
    from ai_edge_quantizer import quantizer, recipe

    q = quantizer.Quantizer(str(float32_path), getattr(recipe, recipe_name)())
    name = flat.load(float32_path).signatureDefs[0]
    key, feed = name.signatureKey, name.inputs[0].name
    text = lambda s: s.decode() if isinstance(s, bytes) else s
    part = int8_path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with quiet(int8_path.with_suffix(".log")):
        stats = q.calibrate({text(key): [{text(feed): x} for x in samples]}, num_threads=2) if q.need_calibration else None
        q.quantize(stats, serialize_to_path=str(part), enable_progress_bar=False, enable_progress_report=False)
    part.rename(int8_path)
