#!/usr/bin/env python3
"""Networks as quantization-aware training and its kin leave them, small and true to structure, against BUILTIN_REF: float islands in integer networks and integer ones in
float networks, conversions between every two modes, recurrent networks over many calls.

usage: qat_graphs.py --delegate libhalfbyte.so [--option key=value ...] [--only NAME,...] [--where device|host_ref] [--calls 4] [--list]

Integer outputs must be equal; behind a float island they may differ by one step (a float on a rounding edge), floats by 1e-4 of their range (2e-2 behind hybrid nodes or
islands that feed integers). With --where every node must run there, and each network must be one partition. Exit 1 on a difference, 77 where there is no device.
"""
import argparse
import json
import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from need_device import no_device  # noqa: E402
from tflite_builder import SAME, VALID, Model, schema  # noqa: E402


class Net:
    """A model under construction: tensors are (index, shape, type, scale, zero point)."""

    def __init__(self, seed):
        self.m, self.rng, self.inputs, self.outputs = Model(), np.random.default_rng(seed), [], []

    def tensor(self, shape, dtype="float32", scale=None, zero=None, data=None, axis=0):
        return (self.m.tensor(shape, dtype, data, scale, zero, axis), list(shape), dtype, scale, zero)

    def input(self, shape, dtype="float32", scale=None, zero=None):
        self.inputs.append(self.tensor(shape, dtype, scale, zero))
        return self.inputs[-1]

    def op(self, name, inputs, out, options=None, version=1, **fields):
        self.m.op(name, [i[0] if isinstance(i, tuple) else i for i in inputs], [out[0]], options, version, **fields)
        return out

    def like(self, x, shape=None, scale=None, zero=None):
        return self.tensor(shape or x[1], x[2], x[3] if scale is None else scale, x[4] if zero is None else zero)

    def free(self, x, shape):
        """A result of x's type with another scale and zero point."""
        if x[2] == "float32":
            return self.tensor(shape)
        low, high = {"int8": (-128, 127), "uint8": (0, 255), "int16": (0, 0)}[x[2]]
        return self.tensor(shape, x[2], np.float32(self.rng.uniform(0.02, 0.05) / (128 if x[2] == "int16" else 1)), int(self.rng.integers(low, high + 1)))

    # --- weights ---

    def weights(self, x, shape, axis, narrow=True, per_tensor=False):
        """(tensor, scales) for activations x: floats, int8 per channel (with -128 unless `narrow`), uint8 per tensor and asymmetric."""
        channels = shape[axis]
        if x[2] == "float32":
            return self.tensor(shape, data=(self.rng.standard_normal(shape) / np.sqrt(np.prod(shape) / channels)).astype(np.float32)), None
        if x[2] == "uint8":
            scale = np.float32(0.4 / np.sqrt(np.prod(shape) / channels) / 40)
            return self.tensor(shape, "uint8", scale, int(self.rng.integers(90, 160)), self.rng.integers(0, 256, shape)), np.full(channels, scale)
        values = self.rng.integers(-127 if narrow else -128, 128, shape)
        if not narrow:
            values.flat[0] = values.flat[-1] = -128
        scale = (self.rng.uniform(0.5, 1.5, 1 if per_tensor else channels) / np.sqrt(np.prod(shape) / channels) / 70).astype(np.float32)
        return self.tensor(shape, "int8", scale, None, values, axis), np.broadcast_to(scale, channels)

    def bias(self, x, scales, channels, wide=None):
        if scales is None:
            return self.tensor([channels], data=self.rng.standard_normal(channels).astype(np.float32) * 0.1)
        wide = x[2] == "int16" if wide is None else wide
        values = self.rng.integers(-2000, 2000, channels) * (200 if x[2] == "int16" else 1)
        return self.tensor([channels], "int64" if wide else "int32", (np.float32(x[3]) * scales).astype(np.float32), None, values)

    # --- layers ---

    def conv(self, x, channels, k=3, stride=1, act=0, wide=None, **how):
        w, s = self.weights(x, [channels, k, k, x[1][3]], 0, **how)
        out = self.free(x, [x[1][0], -(-x[1][1] // stride), -(-x[1][2] // stride), channels])
        t = schema.TensorType
        return self.op("CONV_2D", [x, w, self.bias(x, s, channels, wide)], out, "Conv2DOptions", 8 if wide is False and x[2] == "int16" else 5, padding=SAME, strideW=stride, strideH=stride,
                       fusedActivationFunction=act, quantizedBiasType=t.INT32 if wide is False and x[2] == "int16" else t.FLOAT32)

    def depthwise(self, x, k=3, stride=1, act=0, **how):
        c = x[1][3]
        w, s = self.weights(x, [1, k, k, c], 3, **how)
        out = self.free(x, [x[1][0], -(-x[1][1] // stride), -(-x[1][2] // stride), c])
        return self.op("DEPTHWISE_CONV_2D", [x, w, self.bias(x, s, c)], out, "DepthwiseConv2DOptions", 6, padding=SAME, strideW=stride, strideH=stride, depthMultiplier=1,
                       fusedActivationFunction=act)

    def dense(self, x, units, act=0, **how):
        w, s = self.weights(x, [units, x[1][-1]], 0, **how)
        out = self.free(x, [*x[1][:-1], units])
        return self.op("FULLY_CONNECTED", [x, w, self.bias(x, s, units)], out, "FullyConnectedOptions", 9, keepNumDims=True, fusedActivationFunction=act)

    def norm(self, x):
        """Stand-alone batch normalization: MUL and ADD by constants per channel, in x's type."""
        c = x[1][-1]
        if x[2] == "float32":
            gain, offset = (self.tensor([c], data=self.rng.uniform(0.5, 1.5, c).astype(np.float32)), self.tensor([c], data=self.rng.standard_normal(c).astype(np.float32) * 0.3))
        else:
            gain, offset = (self.tensor([c], x[2], np.float32(0.012), 0, self.rng.integers(20, 128, c)), self.tensor([c], x[2], np.float32(0.01), 0, self.rng.integers(-100, 100, c)))
        x = self.op("MUL", [x, gain], self.free(x, x[1]), "MulOptions")
        return self.op("ADD", [x, offset], self.free(x, x[1]), "AddOptions")

    def island(self, x, body):
        """x's integers through float and back."""
        real = body(self.op("DEQUANTIZE", [x], self.tensor(x[1]), "DequantizeOptions"))
        return self.op("QUANTIZE", [real], self.like(x, real[1]), "QuantizeOptions")

    def to(self, x, dtype, scale, zero):
        return self.op("QUANTIZE", [x], self.tensor(x[1], dtype, scale, zero), "QuantizeOptions")

    def real(self, x):
        return self.op("DEQUANTIZE", [x], self.tensor(x[1]), "DequantizeOptions")

    def add(self, a, b, act=0):
        return self.op("ADD", [a, b], self.free(a, a[1]), "AddOptions", fusedActivationFunction=act)

    def concat(self, parts):
        """All are brought to the scale of the first, as converters do."""
        first = parts[0]
        parts = [p if (p[3], p[4]) == (first[3], first[4]) else self.op("QUANTIZE", [p], self.like(first, p[1]), "QuantizeOptions") for p in parts] if first[2] != "float32" else parts
        out = self.like(first, [*first[1][:-1], sum(p[1][-1] for p in parts)])
        return self.op("CONCATENATION", parts, out, "ConcatenationOptions", axis=len(first[1]) - 1)

    def pool(self, x, name="AVERAGE_POOL_2D", k=3):
        return self.op(name, [x], self.like(x), "Pool2DOptions", 2, padding=SAME, strideW=1, strideH=1, filterWidth=k, filterHeight=k)

    def mean(self, x):
        axes = self.tensor([2], "int32", data=[1, 2])
        return self.op("MEAN", [x, axes], self.free(x, [x[1][0], x[1][3]]), "ReducerOptions", keepDims=False)

    def softmax(self, x):
        scale = {"float32": (None, None), "int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}[x[2]]
        return self.op("SOFTMAX", [x], self.tensor(x[1], x[2], *scale), "SoftmaxOptions", beta=1.0)

    def done(self, *outputs):
        return self.m.bytes([t[0] for t in self.inputs], [t[0] for t in outputs])


ACTIVATIONS = {"int8": (0.03, -4), "uint8": (0.03, 120), "int16": (0.0002, 0)}


def start(seed, dtype, shape=(1, 12, 12, 8)):
    n = Net(seed)
    return n, n.input(list(shape), dtype, *([] if dtype == "float32" else ACTIVATIONS[dtype]))


def separable(n, x, channels, k=3, **how):
    return n.conv(n.depthwise(x, k, **how), channels, 1, **how)


def nasnet_cell():
    """NASNet: separable convolutions of two sizes, pools and identities added in pairs and concatenated; each separable block behind a float batch normalization."""
    n, x = start(1, "int8")
    h = n.conv(x, 12, 1, act=1)
    left, right = (n.island(separable(n, h, 12, k), n.norm) for k in (3, 5))
    pooled = n.pool(h)
    a, b, c = n.add(left, right), n.add(pooled, h), n.add(n.pool(h, "MAX_POOL_2D"), left)
    return n.done(n.softmax(n.dense(n.mean(n.concat([a, b, c, h])), 10)))


def resnet_v2(norm_in_float):
    """ResNet v2: normalization and activation before the convolutions, residuals around them."""
    def build():
        n, x = start(2, "int8")
        for _ in range(2):
            h = n.island(x, n.norm) if norm_in_float else n.norm(x)
            h = n.op("RELU", [h], n.like(h))
            h = n.conv(h, 8, 1, act=1)
            h = n.conv(h, 8, 3, act=1)
            x = n.add(x, n.conv(h, 8, 1))
        return n.done(n.softmax(n.dense(n.mean(x), 10)))
    return build


def selected_layers():
    """Only some layers quantized: the others are float islands that reach from DEQUANTIZE to QUANTIZE."""
    n, x = start(3, "float32")
    h = n.conv(x, 12, 3, act=1)
    h = n.conv(n.to(h, "int8", np.float32(0.02), -128), 16, 3, act=1)
    h = n.depthwise(n.real(h), 3, act=3)
    h = n.to(h, "int8", np.float32(0.03), -100)
    h = n.add(n.conv(h, 16, 1), h)
    return n.done(n.softmax(n.dense(n.real(n.mean(h)), 10)))


def no_activation_quantization():
    """Weights of int8 behind DEQUANTIZE, activations never quantized."""
    n, x = start(4, "float32")

    def dequantized(shape, axis):
        w, _ = n.weights((0, [], "int8", None, None), shape, axis)
        return n.real(w)

    c = n.op("CONV_2D", [x, dequantized([16, 3, 3, 8], 0), n.bias(x, None, 16)], n.tensor([1, 12, 12, 16]), "Conv2DOptions", padding=SAME, strideW=1, strideH=1, fusedActivationFunction=1)
    d = n.op("DEPTHWISE_CONV_2D", [c, dequantized([1, 3, 3, 16], 3), n.bias(x, None, 16)], n.tensor([1, 12, 12, 16]), "DepthwiseConv2DOptions", padding=SAME, strideW=1, strideH=1,
             depthMultiplier=1, fusedActivationFunction=3)
    f = n.op("FULLY_CONNECTED", [n.mean(d), dequantized([10, 16], 0), n.bias(x, None, 10)], n.tensor([1, 10]), "FullyConnectedOptions")
    return n.done(n.softmax(f))


def wide_range():
    """narrow_range=False: weights of -128, per channel and per tensor, where sums can be largest."""
    n, x = start(5, "int8", (2, 9, 9, 16))
    h = n.conv(x, 24, 3, act=3, narrow=False)
    h = n.depthwise(h, 5, narrow=False)
    h = n.conv(h, 16, 1, narrow=False, per_tensor=True)
    return n.done(n.dense(n.mean(h), 10, narrow=False))


def fixed_ranges():
    """Every activation with the same fixed range, as fixed-range quantizers leave it: scale 12/256 about 0."""
    n, x = start(6, "int8")
    fixed = (np.float32(12 / 256), 0)
    n.free = lambda t, shape: n.tensor(shape, t[2], *(fixed if t[2] != "float32" else (None, None)))
    x = n.to(x, "int8", *fixed)
    h = n.conv(x, 16, 3, act=3)
    h = n.concat([n.depthwise(h, 3, act=1), h])
    return n.done(n.softmax(n.dense(n.mean(h), 10)))


def transformer(seed=7):
    """A transformer block: projections in int8, attention left in float."""
    n, x = start(seed, "int8", (1, 16, 32))
    q, k, v = (n.real(n.dense(x, 32)) for _ in range(3))
    heads = n.tensor([4], "int32", data=[1, 16, 4, 8])
    perm = n.tensor([4], "int32", data=[0, 2, 1, 3])

    def split(t):
        t = n.op("RESHAPE", [t, heads], n.tensor([1, 16, 4, 8]), "ReshapeOptions", newShape=[1, 16, 4, 8])
        return n.op("TRANSPOSE", [t, perm], n.tensor([1, 4, 16, 8]), "TransposeOptions")

    q, k, v = split(q), split(k), split(v)
    scores = n.op("BATCH_MATMUL", [q, k], n.tensor([1, 4, 16, 16]), "BatchMatMulOptions", adjY=True)
    scores = n.op("MUL", [scores, n.tensor([], data=np.float32(8 ** -0.5))], n.tensor([1, 4, 16, 16]), "MulOptions")
    mixed = n.op("BATCH_MATMUL", [n.softmax(scores), v], n.tensor([1, 4, 16, 8]), "BatchMatMulOptions")
    mixed = n.op("TRANSPOSE", [mixed, perm], n.tensor([1, 16, 4, 8]), "TransposeOptions")
    flat = n.op("RESHAPE", [mixed, n.tensor([3], "int32", data=[1, 16, 32])], n.tensor([1, 16, 32]), "ReshapeOptions", newShape=[1, 16, 32])
    h = n.add(n.dense(n.to(flat, "int8", np.float32(0.02), 3), 32), x)

    def layer_norm(t):
        axis = n.tensor([1], "int32", data=[2])
        mean = n.op("MEAN", [t, axis], n.tensor([1, 16, 1]), "ReducerOptions", keepDims=True)
        centred = n.op("SUB", [t, mean], n.tensor([1, 16, 32]), "SubOptions")
        square = n.op("SQUARED_DIFFERENCE", [t, mean], n.tensor([1, 16, 32]), "SquaredDifferenceOptions")
        var = n.op("MEAN", [square, axis], n.tensor([1, 16, 1]), "ReducerOptions", keepDims=True)
        root = n.op("RSQRT", [n.op("ADD", [var, n.tensor([], data=np.float32(1e-3))], n.tensor([1, 16, 1]), "AddOptions")], n.tensor([1, 16, 1]))
        return n.norm(n.op("MUL", [centred, root], n.tensor([1, 16, 32]), "MulOptions"))

    h = n.island(h, layer_norm)
    return n.done(n.add(n.dense(n.dense(h, 64, act=1), 32), h))


def uint8_network():
    """A true uint8 network: per-tensor weights with zero points."""
    n, x = start(8, "uint8")
    h = n.conv(x, 16, 3, stride=2, act=3)
    h = n.depthwise(h, 3, act=1)
    h = n.add(n.conv(h, 16, 1), h)
    h = n.pool(n.concat([h, n.pool(h, "MAX_POOL_2D")]))
    return n.done(n.softmax(n.dense(n.mean(h), 10)))


def int16(wide, fallback):
    """16x8 with a bias of int64 or int32; with `fallback` one operator in float."""
    def build():
        n, x = start(9, "int16")
        h = n.conv(x, 16, 3, act=1, wide=wide)
        h = n.depthwise(h, 3)
        if fallback:
            h = n.island(h, lambda t: n.op("ELU", [t], n.tensor(t[1])))
        h = n.add(n.conv(h, 16, 1, wide=wide), h)
        return n.done(n.dense(n.mean(h), 10))
    return build


def borders():
    """Conversions between all modes, with other scales: int8 -> uint8 -> int8 -> int16 -> int8 -> float -> uint8 -> float."""
    n, x = start(10, "int8")
    h = n.conv(n.to(x, "uint8", np.float32(0.031), 99), 8, 3)
    h = n.to(h, "int8", np.float32(0.045), 17)
    h = n.to(n.conv(h, 8, 1), "int16", np.float32(0.0003), 0)
    h = n.to(n.conv(h, 8, 3), "int8", np.float32(0.02), -60)
    h = n.to(n.norm(n.real(h)), "uint8", np.float32(0.04), 130)
    h = n.conv(h, 8, 1)
    return n.done(n.real(h), n.to(h, "int8", np.float32(h[3]), h[4] - 128))


def cut_before_hybrid():
    """A float convolution in front of a dynamic range node that the runtime keeps: its last bits decide how that node quantizes them."""
    n, x = start(11, "float32", (1, 10, 10, 16))
    flat = n.op("RESHAPE", [n.conv(x, 24, 3, act=1), n.tensor([2], "int32", data=[1, 2400])], n.tensor([1, 2400]), "ReshapeOptions", newShape=[1, 2400])
    w = n.tensor([10, 2400], "int8", 0.01, None, n.rng.integers(-127, 128, [10, 2400]))
    return n.done(n.op("FULLY_CONNECTED", [flat, w, -1], n.tensor([1, 10]), "FullyConnectedOptions"))


NETS = {"nasnet_cell": nasnet_cell, "resnet_v2_float_norm": resnet_v2(True), "resnet_v2_int8_norm": resnet_v2(False), "selected_layers": selected_layers,
        "no_activation_quantization": no_activation_quantization, "wide_range": wide_range, "fixed_ranges": fixed_ranges, "transformer": transformer,
        "uint8": uint8_network, "int16_bias64": int16(True, False), "int16_bias32": int16(False, False), "int16_bias64_fallback": int16(True, True),
        "int16_bias32_fallback": int16(False, True), "borders": borders, "cut_before_hybrid": cut_before_hybrid}
DENIED = {"cut_before_hybrid": "FULLY_CONNECTED"}  # left to the runtime; floats must be equal
ISLANDS = {"nasnet_cell", "resnet_v2_float_norm", "selected_layers", "transformer", "int16_bias64_fallback", "int16_bias32_fallback", "borders"}


def feeds(details, call):
    rng = np.random.default_rng([20261121, call])
    for d in details:
        info = None if d["dtype"] == np.float32 else np.iinfo(d["dtype"])
        if info is None:
            yield d["index"], rng.standard_normal(d["shape"]).astype(np.float32) * (1 + call)
        elif call % 3 == 2:
            yield d["index"], rng.choice([info.min, info.max], d["shape"]).astype(d["dtype"])
        else:
            yield d["index"], rng.integers(info.min, int(info.max) + 1, d["shape"]).astype(d["dtype"])


def run(blob, delegates, calls):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    try:
        it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_delegates=delegates, num_threads=1)
    except ValueError:  # ELU is none of the reference kernels
        it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, experimental_delegates=delegates, num_threads=1)
    it.allocate_tensors()
    results = []
    for call in range(calls):
        for index, x in feeds(it.get_input_details(), call):
            it.set_tensor(index, x)
        it.invoke()
        results.append([np.array(it.get_tensor(d["index"])) for d in it.get_output_details()])
    return results, len(it._get_ops_details())


def difference(want, got, island, equal):
    for call, (w_call, g_call) in enumerate(zip(want, got)):
        for w, g in zip(w_call, g_call):
            if w.dtype != g.dtype or w.shape != g.shape:
                return f"call {call}: {w.dtype}{w.shape} became {g.dtype}{g.shape}"
            if w.dtype == np.float32:
                gap, bound = float(np.abs(w - g).max()) / max(float(np.abs(w).max()), 1e-6), 0 if equal else 2e-2 if island else 1e-4
            else:
                gap, bound = int(np.abs(w.astype(int) - g.astype(int)).max()), (2 if w.dtype != np.int16 else 64) if island else 0
            if not gap <= bound:
                return f"call {call}: differs by {gap:.4g}, allowed {bound}"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate")
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--only")
    p.add_argument("--where", choices=("device", "host_ref"))
    p.add_argument("--calls", type=int, default=4)
    p.add_argument("--list", action="store_true")
    p.add_argument("--keep", help="folder for the models")
    a = p.parse_args()
    if a.list:
        print(*NETS, sep="\n")
        return 0
    from ai_edge_litert.interpreter import load_delegate
    options = {"claim": "all"} | dict(o.split("=", 1) for o in a.option)
    bad = 0
    for name in a.only.split(",") if a.only else NETS:
        blob = NETS[name]()
        if a.keep:
            os.makedirs(a.keep, exist_ok=True)
            with open(os.path.join(a.keep, name + ".tflite"), "wb") as f:
                f.write(blob)
        with tempfile.TemporaryDirectory() as tmp:
            report = os.path.join(tmp, "report.json")
            want, nodes = run(blob, None, a.calls)
            got, with_ours = run(blob, [load_delegate(os.path.abspath(a.delegate), options | {"report_path": report} | ({"deny_ops": DENIED[name]} if name in DENIED else {}))], a.calls)
            told = json.load(open(report))
        if a.where == "device" and told.get("device", {}).get("name") is None:
            return no_device()
        wrong = [difference(want, got, name in ISLANDS, name in DENIED)]
        if a.where:
            wrong += [f"{with_ours - nodes} partitions"] if with_ours - nodes != 1 else []
            wrong += [f"{n['op']} (node {n['index']}) on {n['where']}: {n['reason']}" for n in told["nodes"] if n["where"] != a.where and n["op"] != DENIED.get(name)]
        wrong = [w for w in wrong if w]
        bad += bool(wrong)
        print(f"{name}: {'; '.join(wrong) if wrong else 'ok'}", flush=True)
    print(f"{bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
