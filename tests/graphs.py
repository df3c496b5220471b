#!/usr/bin/env python3
"""Random models of several operators through the delegate, against BUILTIN_REF: what folding, fusion, aliasing, half storage and mixed backends do to a graph.

usage: graphs.py --delegate libhalfbyte.so [--option key=value ...] [--count 100] [--seed 1] [--kind int8|uint8|float|mixed|half] [--keep FOLDER]

Integer outputs must be equal in models without float islands, and within 2 steps behind one; floats within 1e-4 of the reference's largest magnitude (3e-2 for
`half`, whose weights are float16). Many nodes are chosen so that something can be fused. The models that differ are written to FOLDER. Exit 1 on a difference, 77
where the delegate took nothing though it was told to.
"""
import argparse
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from need_device import has_device, no_device  # noqa: E402
from tflite_builder import SAME, VALID, Model  # noqa: E402

LIMITS = {"int8": (-128, 127), "uint8": (0, 255)}


class T:
    def __init__(self, index, shape, dtype, scale=None, zero=None):
        self.index, self.shape, self.dtype, self.scale, self.zero, self.readers = index, list(shape), dtype, scale, zero, 0


class Builder:
    def __init__(self, rng, kind):
        self.rng, self.kind, self.m, self.live, self.islands = rng, kind, Model(), [], False
        self.has_float = kind in ("float", "half")

    def make(self, shape, dtype, scale=None, zero=None, data=None):
        t = T(self.m.tensor(shape, dtype, data, scale, zero), shape, dtype, scale, zero)
        return t

    def new(self, shape, dtype, like=None):
        """A result: float, or quantized like another tensor or anew."""
        if dtype == "float32":
            return self.make(shape, dtype)
        if like is not None:
            return self.make(shape, dtype, like.scale, like.zero)
        low, high = LIMITS[dtype]
        return self.make(shape, dtype, np.float32(self.rng.uniform(0.01, 0.1)), int(self.rng.integers(low, high + 1)))

    def add(self, name, inputs, out, options=None, **fields):
        self.m.op(name, [i.index if isinstance(i, T) else i for i in inputs], [out.index], options, **fields)
        for i in inputs:
            if isinstance(i, T):
                i.readers += 1
        self.live.append(out)
        return out

    def ints(self, values, shape=None):
        return self.m.tensor([len(values)] if shape is None else shape, "int32", np.array(values, np.int32))

    def act(self, chance=0.4):
        return int(self.rng.choice([1, 2, 3])) if self.rng.random() < chance else 0

    def weights(self, shape, axis, x):
        if x.dtype == "float32":
            values = (self.rng.uniform(-1, 1, shape) * 0.5).astype(np.float32)
            if self.kind == "half":
                half, full = self.m.tensor(shape, "float16", values), self.m.tensor(shape, "float32")
                self.m.op("DEQUANTIZE", [half], [full], "DequantizeOptions")
                return full, None
            return self.m.tensor(shape, "float32", values), None
        if x.dtype == "uint8":
            scale = np.float32(self.rng.uniform(0.005, 0.05))
            return self.m.tensor(shape, "uint8", self.rng.integers(0, 256, shape), scale, 128), scale
        scale = self.rng.uniform(0.005, 0.05, shape[axis]).astype(np.float32)
        return self.m.tensor(shape, "int8", self.rng.integers(-127, 128, shape), scale, None, axis), scale

    def bias(self, n, x, scale):
        if x.dtype == "float32":
            values = self.rng.uniform(-1, 1, n).astype(np.float32)
            if self.kind == "half":
                half, full = self.m.tensor([n], "float16", values), self.m.tensor([n], "float32")
                self.m.op("DEQUANTIZE", [half], [full], "DequantizeOptions")
                return full
            return self.m.tensor([n], "float32", values)
        return self.m.tensor([n], "int32", self.rng.integers(-500, 500, n), scale=np.float32(x.scale) * np.asarray(scale, np.float32))

    # --- one function per kind of node: it gets a tensor and appends, or does nothing ---

    def conv(self, x, act=None):
        if len(x.shape) != 4:
            return None
        k = [int(v) for v in self.rng.choice([1, 3], 2)]
        s = [int(v) for v in self.rng.integers(1, 3, 2)]
        pad = int(self.rng.choice([SAME, VALID]))
        depthwise = self.rng.random() < 0.4
        size = [(x.shape[1 + i] + s[i] - 1) // s[i] if pad == SAME else (x.shape[1 + i] - k[i]) // s[i] + 1 for i in range(2)]
        if min(size) < 1 or (pad == VALID and min(x.shape[1] - k[0], x.shape[2] - k[1]) < 0):
            return None
        c = x.shape[3] if depthwise else int(self.rng.integers(1, 9))
        w, scale = self.weights([1, k[0], k[1], c] if depthwise else [c, k[0], k[1], x.shape[3]], 3 if depthwise else 0, x)
        out = self.new([x.shape[0], *size, c], x.dtype)
        if out.scale is not None:
            out.scale = None
            taps = k[0] * k[1] * (1 if depthwise else x.shape[3])
            low, high = LIMITS[x.dtype]
            out = self.make([x.shape[0], *size, c], x.dtype, np.float32(float(x.scale) * float(np.mean(scale)) * np.sqrt(taps) * 50), int(self.rng.integers(low, high + 1)))
        b = self.bias(c, x, scale)
        fields = dict(padding=pad, strideH=s[0], strideW=s[1], fusedActivationFunction=self.act() if act is None else act)
        if depthwise:
            return self.add("DEPTHWISE_CONV_2D", [x, w, b], out, "DepthwiseConv2DOptions", depthMultiplier=1, dilationHFactor=1, dilationWFactor=1, **fields)
        return self.add("CONV_2D", [x, w, b], out, "Conv2DOptions", dilationHFactor=1, dilationWFactor=1, **fields)

    def pad_conv(self, x):
        if len(x.shape) != 4:
            return None
        p = [0, 0, *[int(v) for v in self.rng.integers(0, 3, 4)], 0, 0]
        out = self.new([x.shape[0], x.shape[1] + p[2] + p[3], x.shape[2] + p[4] + p[5], x.shape[3]], x.dtype, x)
        self.add("PAD", [x, self.ints(p, [4, 2])], out, "PadOptions")
        return self.conv(out)

    def pad_pool(self, x):
        """PAD in front of a maximum: where no maximum can be padding, the two are one. Some windows see nothing but padding."""
        if len(x.shape) != 4:
            return None
        if self.rng.random() < 0.6:
            x = self.relu(x)
        p = [0, 0, *[int(v) for v in self.rng.integers(0, 3, 4)], 0, 0]
        size, stride = [int(v) for v in self.rng.integers(1, 4, 2)], [int(v) for v in self.rng.integers(1, 3, 2)]
        shape = [x.shape[0], x.shape[1] + p[2] + p[3], x.shape[2] + p[4] + p[5], x.shape[3]]
        if shape[1] < size[0] or shape[2] < size[1]:
            return None
        padded = self.new(shape, x.dtype, x)
        self.add("PAD", [x, self.ints(p, [4, 2])], padded, "PadOptions")
        out = self.new([shape[0], (shape[1] - size[0]) // stride[0] + 1, (shape[2] - size[1]) // stride[1] + 1, shape[3]], x.dtype, padded)
        return self.add("MAX_POOL_2D", [padded], out, "Pool2DOptions", padding=VALID, strideH=stride[0], strideW=stride[1], filterHeight=size[0], filterWidth=size[1],
                        fusedActivationFunction=self.act(0.3))

    def relu(self, x):
        same = x.dtype == "float32" or self.rng.random() < 0.7
        out = self.new(x.shape, x.dtype, x if same else None)
        return self.add(str(self.rng.choice(["RELU", "RELU6", "RELU_N1_TO_1"])), [x], out)

    def conv_relu(self, x):
        y = self.conv(x, 0 if self.rng.random() < 0.7 else None)
        return self.relu(y) if y else None

    def arith(self, x):
        name = str(self.rng.choice(["ADD", "SUB", "MUL"]))
        others = [t for t in self.live if t.shape == x.shape and t.dtype == x.dtype]
        if self.rng.random() < 0.3:
            shape = [x.shape[-1]] if self.rng.random() < 0.5 else x.shape
            if x.dtype == "float32":
                other = self.make(shape, "float32", data=self.rng.uniform(-2, 2, shape).astype(np.float32))
            else:
                low, high = LIMITS[x.dtype]
                other = self.make(shape, x.dtype, np.float32(0.03), 3, data=self.rng.integers(low, high + 1, shape))
        else:
            other = others[int(self.rng.integers(len(others)))]
        out = self.new(x.shape, x.dtype)
        return self.add(name, [x, other], out, name.capitalize() + "Options", fusedActivationFunction=self.act(0.3))

    def residual(self, x):
        """A convolution that keeps the shape, and the sum of its result with its input, with another tensor, or with another convolution's result."""
        if len(x.shape) != 4:
            return None
        made = []
        for _ in range(int(self.rng.integers(1, 3))):
            k, c = [int(v) for v in self.rng.choice([1, 3], 2)], made[0].shape[3] if made else x.shape[3] if self.rng.random() < 0.7 else int(self.rng.integers(1, 40))
            w, scale = self.weights([c, k[0], k[1], x.shape[3]], 0, x)
            out = self.new([*x.shape[:3], c], x.dtype)
            if out.scale is not None:
                low, high = LIMITS[x.dtype]
                step = np.float32(float(x.scale) * float(np.mean(scale)) * np.sqrt(k[0] * k[1] * x.shape[3]) * 50)
                out = self.make([*x.shape[:3], c], x.dtype, step, int(self.rng.integers(low, high + 1)))
            made.append(self.add("CONV_2D", [x, w, self.bias(c, x, scale)], out, "Conv2DOptions", padding=SAME, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1,
                                 fusedActivationFunction=self.act(0.3)))
        fitting = [t for t in self.live if t.shape == made[0].shape and t.dtype == x.dtype and t is not made[0]]
        if len(made) == 1 and fitting:
            made.append(fitting[int(self.rng.integers(len(fitting)))])
        if len(made) < 2:
            return made[0]
        if self.rng.random() < 0.3:  # something between the convolution and the sum
            made[1] = self.relu(made[1]) if self.rng.random() < 0.5 else self.table(made[1])
        self.rng.shuffle(made)
        return self.add("ADD", made, self.new(made[0].shape, x.dtype), "AddOptions", fusedActivationFunction=self.act(0.3))

    def arith_relu(self, x):
        return self.relu(self.arith(x))

    def pool(self, x):
        if len(x.shape) != 4 or min(x.shape[1:3]) < 2:
            return None
        out = self.new([x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]], x.dtype, x)
        return self.add(str(self.rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), [x], out, "Pool2DOptions", padding=VALID, strideH=2, strideW=2, filterHeight=2,
                        filterWidth=2, fusedActivationFunction=self.act(0.2))

    def reshape(self, x):
        n = int(np.prod(x.shape))
        shape = [x.shape[0], n // x.shape[0]] if len(x.shape) == 4 else [1, 1, n // x.shape[-1], x.shape[-1]] if len(x.shape) == 2 else [n]
        out = self.new(shape, x.dtype, x)
        return self.add("RESHAPE", [x, self.ints(shape)], out, "ReshapeOptions", newShape=shape)

    def flatten(self, x):
        """As Keras writes it: SHAPE, STRIDED_SLICE, PACK, RESHAPE."""
        if len(x.shape) < 2:
            return None
        shape, batch, packed = self.m.tensor([len(x.shape)], "int32"), self.m.tensor([], "int32"), self.m.tensor([2], "int32")
        self.m.op("SHAPE", [x.index], [shape], "ShapeOptions", outType=2)
        self.m.op("STRIDED_SLICE", [shape, self.ints([0]), self.ints([1]), self.ints([1])], [batch], "StridedSliceOptions", shrinkAxisMask=1)
        self.m.op("PACK", [batch, self.m.tensor([], "int32", np.int32(int(np.prod(x.shape[1:]))))], [packed], "PackOptions", valuesCount=2, axis=0)
        out = self.new([x.shape[0], int(np.prod(x.shape[1:]))], x.dtype, x)
        return self.add("RESHAPE", [x, packed], out, "ReshapeOptions", newShape=[-1])

    def concat(self, x):
        others = [t for t in self.live if t.dtype == x.dtype and len(t.shape) == len(x.shape) and t.shape[:-1] == x.shape[:-1] and (t.scale, t.zero) == (x.scale, x.zero)]
        picked = [x] + [others[int(i)] for i in self.rng.integers(0, len(others), int(self.rng.integers(1, 3)))]
        out = self.new([*x.shape[:-1], sum(t.shape[-1] for t in picked)], x.dtype, x)
        return self.add("CONCATENATION", picked, out, "ConcatenationOptions", axis=len(x.shape) - 1)

    def slice(self, x):
        begin = [int(self.rng.integers(0, d)) for d in x.shape]
        size = [int(self.rng.integers(1, d - b + 1)) for d, b in zip(x.shape, begin)]
        out = self.new(size, x.dtype, x)
        return self.add("SLICE", [x, self.ints(begin), self.ints(size)], out, "SliceOptions")

    def transpose(self, x):
        perm = [int(p) for p in self.rng.permutation(len(x.shape))]
        return self.add("TRANSPOSE", [x, self.ints(perm)], self.new([x.shape[p] for p in perm], x.dtype, x), "TransposeOptions")

    def mean(self, x):
        if len(x.shape) != 4:
            return None
        return self.add("MEAN", [x, self.ints([1, 2])], self.new([x.shape[0], x.shape[3]], x.dtype), "ReducerOptions", keepDims=False)

    def fully_connected(self, x):
        if len(x.shape) != 2 or x.shape[1] > 4000:
            return None
        n = int(self.rng.integers(1, 12))
        w, scale = self.weights([n, x.shape[1]], 0, x)
        out = self.new([x.shape[0], n], x.dtype)
        if x.dtype != "float32":
            low, high = LIMITS[x.dtype]
            out = self.make([x.shape[0], n], x.dtype, np.float32(float(x.scale) * float(np.mean(scale)) * np.sqrt(x.shape[1]) * 60), int(self.rng.integers(low, high + 1)))
        return self.add("FULLY_CONNECTED", [x, w, self.bias(n, x, scale)], out, "FullyConnectedOptions", fusedActivationFunction=self.act())

    def table(self, x):
        name = str(self.rng.choice(["LOGISTIC", "TANH"]))
        if x.dtype == "float32":
            return self.add(name, [x], self.new(x.shape, x.dtype))
        low = LIMITS[x.dtype][0]
        scale, zero = (1 / 256, low) if name == "LOGISTIC" else (1 / 128, low + 128)
        return self.add(name, [x], self.make(x.shape, x.dtype, np.float32(scale), zero))

    def requantize(self, x):
        """There and back: with the same parameters, or with others."""
        if x.dtype == "float32":
            if self.kind != "mixed":
                return None
            out = self.make(x.shape, "int8", np.float32(self.rng.uniform(0.01, 0.1)), int(self.rng.integers(-20, 20)))
            return self.add("QUANTIZE", [x], out, "QuantizeOptions")
        if self.rng.random() < 0.3:
            return self.add("QUANTIZE", [x], self.new(x.shape, x.dtype, x if self.rng.random() < 0.5 else None), "QuantizeOptions")
        same = self.rng.random() < 0.6
        if not same and self.kind != "mixed":
            return None
        real = self.add("DEQUANTIZE", [x], self.make(x.shape, "float32"), "DequantizeOptions")
        if not same:
            self.islands = True
            return real
        if self.kind != "mixed":
            self.live.pop()  # nothing else may read it: this stays an integer model
        return self.add("QUANTIZE", [real], self.new(x.shape, x.dtype, x), "QuantizeOptions")


STEPS = {"conv": 2, "pad_conv": 3, "relu": 1, "conv_relu": 3, "arith": 2, "arith_relu": 2, "residual": 4, "pool": 1, "pad_pool": 2, "reshape": 2, "flatten": 1, "concat": 1, "slice": 1, "transpose": 1,
         "mean": 1, "fully_connected": 2, "table": 1, "requantize": 2}


def build(rng, kind):
    b = Builder(rng, kind)
    dtype = {"float": "float32", "half": "float32", "uint8": "uint8", "mixed": str(rng.choice(["float32", "int8"]))}.get(kind, "int8")
    b.islands = kind == "mixed"
    inputs = [b.new([int(rng.integers(1, 3)), int(rng.integers(4, 13)), int(rng.integers(4, 13)), int(rng.integers(1, 6))], dtype) for _ in range(int(rng.integers(1, 3)))]
    b.live += inputs
    names, odds = list(STEPS), np.array(list(STEPS.values()), float)
    want = int(rng.integers(2, 14))
    while want > 0:
        # mostly the newest tensor, so that chains form
        x = b.live[-1] if rng.random() < 0.6 else b.live[int(rng.integers(len(b.live)))]
        want -= getattr(b, str(rng.choice(names, p=odds / odds.sum())))(x) is not None
    results = [t for t in b.live if t not in inputs]
    outputs = [t for t in results if t.readers == 0 or rng.random() < 0.1]
    used = [t for t in inputs if t.readers]
    # which tensor is number 0 is no more than chance
    return b.m.bytes([t.index for t in used], [t.index for t in outputs], rng.permutation(len(b.m.graph.tensors)))


def run(blob, rng_seed, delegate):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_delegates=delegate, num_threads=1)
    it.allocate_tensors()
    rounds = []
    for r in range(2):
        rng = np.random.default_rng([rng_seed, r])
        for d in it.get_input_details():
            if d["dtype"] == np.float32:
                x = rng.standard_normal(d["shape"]).astype(np.float32) * 2
            else:
                x = rng.integers(np.iinfo(d["dtype"]).min, np.iinfo(d["dtype"]).max + 1, d["shape"]).astype(d["dtype"])
            it.set_tensor(d["index"], x)
        it.invoke()
        rounds.append([np.array(it.get_tensor(d["index"])) for d in it.get_output_details()])
    return rounds, len(it._get_ops_details())  # a delegated partition is a node more


def difference(want, got, kind):
    """What is wrong, or None."""
    for w_round, g_round in zip(want, got):
        for k, (w, g) in enumerate(zip(w_round, g_round)):
            if w.shape != g.shape or w.dtype != g.dtype:
                return f"output {k}: {w.dtype}{list(w.shape)} became {g.dtype}{list(g.shape)}"
            if w.size == 0:
                continue
            if w.dtype == np.float32:
                # a difference of two halves keeps the error of its operands: where results cancel to almost nothing, 1 is the measure
                gap = float(np.abs(w - g).max()) / max(float(np.abs(w).max()), 1.0 if kind == "half" else 1e-6)
                bound = {"half": 3e-2, "mixed": 5e-2}.get(kind, 1e-4)
            else:
                gap, bound = int(np.abs(w.astype(int) - g.astype(int)).max()), 2 if kind == "mixed" else 0
            if not gap <= bound:
                return f"output {k}: differs by {gap:.4g}"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--kind", choices=("int8", "uint8", "float", "mixed", "half"))
    p.add_argument("--keep", help="folder for the models that differ")
    a = p.parse_args()
    from ai_edge_litert.interpreter import load_delegate
    options = {"claim": "all", **dict(o.split("=", 1) for o in a.option)}
    delegate = load_delegate(os.path.abspath(a.delegate), options)
    bad = refused = taken = 0
    for number in range(a.count):
        kind = a.kind or ("int8", "float", "uint8", "half", "mixed")[number % 5]
        blob = build(np.random.default_rng([a.seed, number]), kind)
        try:
            want, nodes = run(blob, number, None)
        except (ValueError, RuntimeError):
            refused += 1
            continue
        try:
            got, with_ours = run(blob, number, [delegate])
            wrong = difference(want, got, kind)
            taken += with_ours > nodes
        except (ValueError, RuntimeError) as e:
            wrong = f"{type(e).__name__}: {e}"
        if wrong:
            bad += 1
            print(f"seed {a.seed} number {number} {kind}: {wrong}", flush=True)
            if a.keep:
                os.makedirs(a.keep, exist_ok=True)
                with open(os.path.join(a.keep, f"graph.{a.seed}.{number}.{kind}.tflite"), "wb") as f:
                    f.write(blob)
    print(f"{a.count - bad - refused} passed, {bad} failed, {refused} refused by the runtime itself; the delegate took nodes of {taken}")
    if not taken and not bad and (options["claim"] == "all" or not has_device(a.delegate)):  # what the cost model takes depends on the machine: claim_auto.py
        return 1 if options.get("host_ref") == "only" else no_device("the delegate took nothing")
    return 1 if bad or refused == a.count else 0


if __name__ == "__main__":
    sys.exit(main())
