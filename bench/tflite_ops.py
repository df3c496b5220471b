"""Times single operators in LiteRT's Python interpreter, default resolver (XNNPACK where it has the operator), for halfbyte-kernels --tflite. Lines come on
standard input and are answered on standard output:

    open OP SCHEME SIZE CHANNELS OUTPUTS OUT K STRIDE THREADS    ready, or: none REASON        (a row of bench/roofline/layers.def; OUT: size of the output)
    run MICROSECONDS                                             microseconds per call, over about so long

Models are made in memory. f16 is a float32 model with float16 weights: TFLite has no other. What Python adds to a call, about a microsecond, is in the times."""
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from tflite_builder import ACTIVATIONS, SAME, VALID, Model, schema  # noqa: E402

RANGE = 6.0  # of activations: a RELU6's
TYPES = {"i8": ("int8", RANGE / 255, -128), "u8": ("uint8", RANGE / 255, 0), "i16": ("int16", RANGE / 32767, 0)}
SOFTMAX = {"i8": (1 / 256, -128), "u8": (1 / 256, 0), "i16": (1 / 32768, 0)}
rng = np.random.default_rng(1)


class Layer:
    def __init__(self, scheme):
        self.m, self.scheme = Model(), scheme

    def activation(self, shape, scale=None):
        """scale: (scale, zero point) other than usual."""
        if self.scheme not in TYPES:
            return self.m.tensor(shape, "float32")
        dtype, usual, zero = TYPES[self.scheme]
        return self.m.tensor(shape, dtype, scale=scale[0] if scale else usual, zero_point=scale[1] if scale else zero)

    def weights(self, shape, axis, products):
        """The tensor and its scales."""
        typical = 1 / np.sqrt(products)
        if self.scheme in ("f32", "f16"):
            values = rng.uniform(-typical, typical, shape)
            if self.scheme == "f32":
                return self.m.tensor(shape, "float32", values), None
            full = self.m.tensor(shape, "float32")
            self.m.op("DEQUANTIZE", [self.m.tensor(shape, "float16", values)], [full], "DequantizeOptions")
            return full, None
        values = rng.integers(-127, 128, shape)
        if self.scheme == "u8":
            return self.m.tensor(shape, "uint8", values + 128, scale=typical / 64, zero_point=128), np.float32(typical / 64)
        scales = (typical / 64 * (1 + 0.05 * (np.arange(shape[axis]) % 8))).astype(np.float32)
        return self.m.tensor(shape, "int8", values, scale=scales, axis=axis), scales

    def bias(self, channels, scales):
        if self.scheme not in TYPES:
            return self.m.tensor([channels], "float32", rng.uniform(-1, 1, channels))
        wide = self.scheme == "i16"
        return self.m.tensor([channels], "int64" if wide else "int32", rng.integers(-1000, 1001, channels), scale=np.float32(TYPES[self.scheme][1]) * scales)


def build(op, scheme, size, channels, outputs, out, k, stride):
    """(model bytes, number of inputs)"""
    layer = Layer(scheme)
    m, image = layer.m, [1, size, size, channels]
    relu6 = ACTIVATIONS["relu6"]
    if op in ("conv_2d", "depthwise_conv_2d"):
        depthwise = op != "conv_2d"
        x = layer.activation(image)
        w, scales = layer.weights([1, k, k, outputs] if depthwise else [outputs, k, k, channels], 3 if depthwise else 0, k * k * (1 if depthwise else channels))
        y = layer.activation([1, out, out, outputs])
        fields = dict(padding=SAME, strideH=stride, strideW=stride, dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=relu6)
        if depthwise:
            m.op("DEPTHWISE_CONV_2D", [x, w, layer.bias(outputs, scales)], [y], "DepthwiseConv2DOptions", version=6, depthMultiplier=1, **fields)
        else:
            bias_type = schema.TensorType.INT64 if scheme == "i16" else schema.TensorType.FLOAT32
            m.op("CONV_2D", [x, w, layer.bias(outputs, scales)], [y], "Conv2DOptions", version=5, quantizedBiasType=bias_type, **fields)
        inputs = [x]
    elif op == "fully_connected":
        inputs = [layer.activation([1, channels])]
        w, scales = layer.weights([outputs, channels], 0, channels)
        y = layer.activation([1, outputs])
        m.op("FULLY_CONNECTED", [*inputs, w, layer.bias(outputs, scales)], [y], "FullyConnectedOptions", version=9)
    elif op in ("add", "concatenation"):
        inputs = [layer.activation(image), layer.activation(image)]
        y = layer.activation([1, out, out, outputs])
        if op == "add":
            m.op("ADD", inputs, [y], "AddOptions", version=2, potScaleInt16=False)
        else:
            m.op("CONCATENATION", inputs, [y], "ConcatenationOptions", version=2, axis=3)
    elif op == "softmax":
        inputs, y = [layer.activation([1, channels])], layer.activation([1, outputs], SOFTMAX.get(scheme))
        m.op("SOFTMAX", inputs, [y], "SoftmaxOptions", version=3, beta=1.0)
    else:
        inputs, y = [layer.activation(image)], layer.activation([1, out, out, channels])
        if op == "average_pool_2d":
            m.op("AVERAGE_POOL_2D", inputs, [y], "Pool2DOptions", version=3, padding=VALID, strideH=1, strideW=1, filterHeight=k, filterWidth=k)
        elif op == "mean":
            m.op("MEAN", [*inputs, m.tensor([2], "int32", [1, 2])], [y], "ReducerOptions", version=2, keepDims=True)
        elif op.startswith("resize_"):
            options = "ResizeBilinearOptions" if op == "resize_bilinear" else "ResizeNearestNeighborOptions"
            m.op(op.upper(), [*inputs, m.tensor([2], "int32", [out, out])], [y], options, version=3)
        else:
            raise ValueError(f"no model is made for {op}")
    return m.bytes(inputs, [y])


def feed(it):
    for d in it.get_input_details():
        if np.issubdtype(d["dtype"], np.floating):
            it.set_tensor(d["index"], rng.uniform(0, RANGE, d["shape"]).astype(d["dtype"]))
        else:
            info = np.iinfo(d["dtype"])
            it.set_tensor(d["index"], rng.integers(info.min, info.max, d["shape"], d["dtype"], endpoint=True))


def timed(invoke, slice_us):
    """Microseconds per call, after one that is not counted."""
    invoke()
    start = time.perf_counter()
    invoke()
    one = time.perf_counter() - start
    calls = max(1, min(10000, int(slice_us * 1e-6 / max(one, 1e-7))))
    start = time.perf_counter()
    for _ in range(calls):
        invoke()
    return (time.perf_counter() - start) / calls * 1e6


def main():
    answers = sys.stdout
    sys.stdout = sys.stderr  # the runtime's own words, if any
    from ai_edge_litert.interpreter import Interpreter
    it = None
    for line in sys.stdin:
        command, *words = line.split()
        if command == "open":
            it = None
            try:
                blob = build(words[0], words[1], *(int(w) for w in words[2:8]))
                it = Interpreter(model_content=blob, num_threads=int(words[8]))
                it.allocate_tensors()
                feed(it)
                it.invoke()
                answer = "ready"
            except (ValueError, RuntimeError) as e:
                answer = "none " + " ".join(str(e).split())[:200]
        else:
            answer = f"{timed(it.invoke, float(words[0])):.3f}"
        print(answer, file=answers, flush=True)


if __name__ == "__main__":
    main()
