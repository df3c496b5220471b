"""Trains the two MNIST networks that lie beside this script, in numpy alone, and writes them as .tflite: float32, and quantization-aware.

usage: python -m bench.models.mnist CACHE_FOLDER [OUT_FOLDER]

mlp: Flatten, Dense 128 relu, Dense 10, softmax. cnn: Conv 32 3x3 relu, max pool, Conv 64 3x3 relu, max pool, Flatten, Dense 10, softmax. The digits of digits.py, shifted by up to two
pixels; the held-out thousand are used for nothing but the accuracies printed at the end.

Quantization-aware training goes on from the float weights: forwards, weights and activations are rounded as the integer network will round them, backwards the rounding counts as
the identity where nothing was clipped. Weights are symmetric per channel, in [-127, 127] (qat) or [-7, 7] (qat4); activations int8 per tensor; biases int32; input and output float,
behind QUANTIZE and DEQUANTIZE: the structure that tfmot's networks have."""
import pathlib
import sys

import numpy as np

from . import digits, flat, nets, wheels

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from tflite_builder import ACTIVATIONS, VALID, Model  # noqa: E402

SEED, BATCH = 20261121, 100
NETWORKS = {"mnist_mlp": (["dense 128", "dense 10"], 60), "mnist_cnn": (["conv 32", "pool", "conv 64", "pool", "dense 10"], 25)}  # layers, epochs
PRECISIONS = {"qat": (8, 8), "qat4": (4, 15)}  # bits of the weights, epochs of fine-tuning


class Range:
    """A tensor's range while training: the mean of the batches' extremes, the last ones weighing most."""

    def __init__(self):
        self.low = self.high = None

    def see(self, x):
        low, high = min(float(x.min()), 0.0), max(float(x.max()), 1e-6)
        self.low = low if self.low is None else 0.99 * self.low + 0.01 * low
        self.high = high if self.high is None else 0.99 * self.high + 0.01 * high

    def int8(self):
        """(scale, zero point): 0 is representable."""
        scale = np.float32((self.high - self.low) / 255)
        return scale, int(np.clip(round(-128 - self.low / float(scale)), -128, 127))


def round_to(x, scale, zero_point):
    """What the int8 tensor can hold of x, and where nothing was clipped."""
    q = np.round(x / scale) + zero_point
    return ((np.clip(q, -128, 127) - zero_point) * scale).astype(np.float32), (q >= -128) & (q <= 127)


def weight_scales(w, bits):
    return (np.maximum(np.abs(w).reshape(len(w), -1).max(1), 1e-8) / (2 ** (bits - 1) - 1)).astype(np.float32)


class Weighted:
    """A convolution (3x3, stride 1, VALID) or a dense layer, with Adam's state. Weights as TFLite stores them: [outputs, (3, 3,) inputs]."""

    def __init__(self, rng, kind, outputs, inputs, relu):
        self.kind, self.relu, self.range, self.bits = kind, relu, Range(), None
        fan_in = inputs * (9 if kind == "conv" else 1)
        self.w = rng.normal(0, np.sqrt(2 / fan_in), (outputs, 3, 3, inputs) if kind == "conv" else (outputs, inputs)).astype(np.float32)
        self.b = np.zeros(outputs, np.float32)
        self.moments = [np.zeros_like(p) for p in (self.w, self.w, self.b, self.b)]

    def rows(self, x):
        """The inputs of each sum, side by side."""
        return np.concatenate([v for _, _, v in nets.windows(x, 3, 1)], -1) if self.kind == "conv" else x.reshape(len(x), -1)

    def forward(self, x, learn=False):
        self.shape, self.x = x.shape, self.rows(x)
        self.used = self.w
        if self.bits:
            scales = weight_scales(self.w, self.bits).reshape((-1,) + (1,) * (self.w.ndim - 1))
            self.used = np.round(self.w / scales) * scales
        y = self.x @ self.used.reshape(len(self.used), -1).T + self.b
        y = np.maximum(y, 0) if self.relu else y
        self.mask = y > 0 if self.relu else None
        if learn:
            self.range.see(y)
        if self.bits:
            y, inside = round_to(y, *self.range.int8())
            self.mask = inside if self.mask is None else self.mask & inside
        return y

    def backward(self, g):
        g = g if self.mask is None else g * self.mask
        flat_g = g.reshape(-1, g.shape[-1])
        self.gradient = (flat_g.T @ self.x.reshape(len(flat_g), -1)).reshape(self.w.shape), flat_g.sum(0)
        back = g @ self.used.reshape(len(self.used), -1)
        if self.kind == "dense":
            return back.reshape(self.shape)
        out, channels = np.zeros(self.shape, np.float32), self.shape[-1]
        for k, (_, _, view) in enumerate(nets.windows(out, 3, 1)):
            view += back[..., k * channels:(k + 1) * channels]
        return out

    def step(self, rate, t):
        for k, (p, g) in enumerate(zip((self.w, self.b), self.gradient)):
            m, v = self.moments[2 * k:2 * k + 2]
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


class Pool:
    """2x2, stride 2, an odd last row or column left out. Values and gradient go through the largest."""
    bits = None

    def forward(self, x, learn=False):
        self.shape = x.shape
        n, h, w, c = x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]
        parts = x[:, :2 * h, :2 * w].reshape(n, h, 2, w, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h, w, c, 4)
        self.largest = parts.argmax(-1)
        return np.take_along_axis(parts, self.largest[..., None], -1)[..., 0]

    def backward(self, g):
        n, h, w, c = g.shape
        parts = np.zeros((n, h, w, c, 4), np.float32)
        np.put_along_axis(parts, self.largest[..., None], g.reshape(g.shape + (1,)), -1)
        out = np.zeros(self.shape, np.float32)
        out[:, :2 * h, :2 * w] = parts.reshape(n, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * w, c)
        return out

    def step(self, rate, t):
        pass


def build(rng, layers):
    """Layers for images of [28, 28, 1]."""
    out, shape = [], (28, 28, 1)
    for k, layer in enumerate(layers):
        kind, *number = layer.split()
        if kind == "pool":
            out.append(Pool())
            shape = (shape[0] // 2, shape[1] // 2, shape[2])
            continue
        outputs = int(number[0])
        out.append(Weighted(rng, kind, outputs, shape[2] if kind == "conv" else int(np.prod(shape)), k + 1 < len(layers)))
        shape = (shape[0] - 2, shape[1] - 2, outputs) if kind == "conv" else (outputs,)
    return out


def logits(net, x, learn=False):
    for layer in net:
        x = layer.forward(x, learn)
    return x


def shifted(rng, images):
    """Each by up to two pixels, zeros coming in."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    y, x = rng.integers(0, 5, (2, len(images)))
    return np.stack([padded[k, y[k]:y[k] + 28, x[k]:x[k] + 28] for k in range(len(images))])


def train(rng, net, images, labels, epochs, rate):
    t, steps = 0, epochs * (len(images) // BATCH)
    for _ in range(epochs):
        for chosen in rng.permutation(len(images)).reshape(-1, BATCH):
            t += 1
            z = logits(net, shifted(rng, images[chosen]), learn=True)
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(BATCH), labels[chosen]] -= 1
            g = p / BATCH
            for layer in reversed(net):
                g = layer.backward(g)
            for layer in net:
                layer.step(rate * 0.5 * (1 + np.cos(np.pi * t / steps)), t)  # falling to 0 as a cosine


def accuracy(net, images, labels):
    return float(np.mean([np.mean(logits(net, x).argmax(1) == y) for x, y in zip(np.split(images, 10), np.split(labels, 10))]))


def write(net, name, path):
    """The network as .tflite; its layers' bits say in which types."""
    m, bits = Model(), net[0].bits
    m.model.description = name
    m.model.operatorCodes, m.model.signatureDefs, m.model.metadata = [], [], []
    kind = "int8" if bits else "float32"
    shape, scale = [1, 28, 28] + ([1] if isinstance(net[1], Pool) else []), (np.float32(1 / 255), -128)

    def tensor(label, shape, quantized=None, **more):
        s, z = quantized or scale
        return m.tensor(shape, kind, name=label, **(dict(scale=s, zero_point=z) if bits else {}), **more)

    start = x = m.tensor(shape, "float32", name="image")
    if bits:
        x = tensor("image_int8", shape)
        m.op("QUANTIZE", [start], [x], "QuantizeOptions")
    for k, layer in enumerate(net):
        before = x
        if isinstance(layer, Pool):
            shape = [1, shape[1] // 2, shape[2] // 2, shape[3]]
            x = tensor(f"pool_{k}", shape)
            m.op("MAX_POOL_2D", [before], [x], "Pool2DOptions", version=2, padding=VALID, strideH=2, strideW=2, filterHeight=2, filterWidth=2)
            continue
        conv, outputs = layer.kind == "conv", len(layer.b)
        if not conv and len(shape) > 2:
            shape = [1, int(np.prod(shape))]
            x = tensor(f"flatten_{k}", shape)
            m.op("RESHAPE", [before, m.tensor([2], "int32", np.array(shape, np.int32))], [x], "ReshapeOptions", newShape=shape)
            before = x
        if bits:
            scales = weight_scales(layer.w, bits)
            values = np.round(layer.w / scales.reshape((-1,) + (1,) * (layer.w.ndim - 1)))
            w = m.tensor(layer.w.shape, f"int{bits}", values, scale=scales, axis=0, name=f"weights_{k}")
            by = scale[0] * scales
            b = m.tensor([outputs], "int32", np.round(layer.b / by), scale=by, name=f"bias_{k}")
            scale = layer.range.int8()
        else:
            w, b = m.tensor(layer.w.shape, kind, layer.w, name=f"weights_{k}"), m.tensor([outputs], kind, layer.b, name=f"bias_{k}")
        shape = [1, shape[1] - 2, shape[2] - 2, outputs] if conv else [1, outputs]
        x = tensor(f"{layer.kind}_{k}", shape)
        act = ACTIVATIONS["relu" if layer.relu else "none"]
        if conv:
            m.op("CONV_2D", [before, w, b], [x], "Conv2DOptions", version=3 if bits else 1, padding=VALID, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1,
                 fusedActivationFunction=act)
        else:
            m.op("FULLY_CONNECTED", [before, w, b], [x], "FullyConnectedOptions", version=4 if bits else 1, fusedActivationFunction=act)
    out = tensor("softmax", shape, (np.float32(1 / 256), -128))
    m.op("SOFTMAX", [x], [out], "SoftmaxOptions", version=2 if bits else 1, beta=1.0)
    if bits:
        last, out = out, m.tensor(shape, "float32", name="probabilities")
        m.op("DEQUANTIZE", [last], [out], "DequantizeOptions", version=2)
    m.graph.inputs, m.graph.outputs = [start], [out]
    flat.add_signature(m.model)
    flat.save(m.model, path)


def main():
    cache, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parent
    (images, labels), (held_images, held_labels) = digits.load(cache)
    images, held_images = images[..., None], held_images[..., None]
    for name, (layers, epochs) in NETWORKS.items():
        rng = np.random.default_rng(SEED)
        net = build(rng, layers)
        train(rng, net, images, labels, epochs, 2e-3)
        write(net, name, out / f"{name}.float32.tflite")
        wheels.say(f"{name}: {accuracy(net, held_images, held_labels):.2%} of the held-out digits")
        start = [(layer.w.copy(), layer.b.copy()) for layer in net if isinstance(layer, Weighted)]
        for precision, (bits, more) in PRECISIONS.items():
            for layer, (w, b) in zip((layer for layer in net if isinstance(layer, Weighted)), start):
                layer.w, layer.b, layer.bits = w.copy(), b.copy(), bits
                layer.moments = [np.zeros_like(p) for p in layer.moments]
            train(rng, net, images, labels, more, 2e-4 if bits == 8 else 5e-4)
            write(net, name, out / f"{name}.{precision}.tflite")
            wheels.say(f"{name} {precision}: {accuracy(net, held_images, held_labels):.2%}")


if __name__ == "__main__":
    main()
