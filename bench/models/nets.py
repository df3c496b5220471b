"""MobileNet v1 1.0, MobileNet v2 1.0 and ResNet50 v1 at 224x224, and two small ones, for key words and for wake words, written without TensorFlow.

The weights are seeded, and each convolution's batch normalization is folded: its statistics are those of the calibration images, so that activations
neither die out nor explode on the way down. They measure speed, and exactness; they recognise nothing."""
import numpy as np

from . import flat
from .flat import schema

OP = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
NONE, RELU, RELU6 = schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.RELU6
CLIP = {NONE: lambda x: x, RELU: lambda x: np.maximum(x, 0), RELU6: lambda x: np.clip(x, 0, 6)}


def pair(kernel):
    """Height and width of a window."""
    return kernel if isinstance(kernel, tuple) else (kernel, kernel)


def pad_same(x, kernel, stride, value=0.0):
    """TFLite's SAME padding of [n, h, w, c]: the odd row or column goes to the end."""
    pads = [(0, 0)]
    for size, taps in zip(x.shape[1:3], pair(kernel)):
        out = -(-size // stride)
        total = max((out - 1) * stride + taps - size, 0)
        pads.append((total // 2, total - total // 2))
    return np.pad(x, pads + [(0, 0)], constant_values=value)


def windows(x, kernel, stride):
    """The kernel's taps: yields (ky, kx, [n, oh, ow, c])."""
    high, wide = pair(kernel)
    oh, ow = (x.shape[1] - high) // stride + 1, (x.shape[2] - wide) // stride + 1
    for ky in range(high):
        for kx in range(wide):
            yield ky, kx, x[:, ky:ky + (oh - 1) * stride + 1:stride, kx:kx + (ow - 1) * stride + 1:stride]


def window(options, padding, stride, act):
    options.padding, options.strideH, options.strideW, options.fusedActivationFunction = padding, stride, stride, act
    options.dilationHFactor = options.dilationWFactor = 1
    return options


class Net:
    """Builds the graph and runs it on the calibration images at the same time: a tensor is (index, its values on those images)."""

    repeat = 1  # so many output channels of a convolution share their weights: files that compress, and run as long (bundle.py)

    def __init__(self, name, seed, images):
        self.rng = np.random.default_rng(seed)
        self.model = schema.ModelT()
        self.model.version, self.model.description = 3, name.encode()
        self.model.operatorCodes, self.model.metadata, self.model.signatureDefs = [], [], []
        self.model.buffers = [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.name = b"main"
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]
        values = np.concatenate(images)
        self.input = (self.tensor("input", (1,) + values.shape[1:]), values)
        self.graph.inputs = [self.input[0]]

    def tensor(self, name, shape, kind=flat.F32, buffer=0):
        t = schema.TensorT()
        t.name, t.shape, t.type, t.buffer = f"{name}_{len(self.graph.tensors)}".encode(), [int(d) for d in shape], kind, buffer
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def constant(self, name, array):
        array = np.asarray(array, np.int32 if np.asarray(array).dtype.kind == "i" else np.float32)
        return self.tensor(name, array.shape, flat.I32 if array.dtype == np.int32 else flat.F32, flat.add_constant(self.model, array))

    def op(self, builtin, inputs, values, kind, options, version=1):
        out = self.tensor(kind.lower(), (1,) + values.shape[1:])
        op = schema.OperatorT()
        op.opcodeIndex = flat.add_op_code(self.model, builtin, version)
        op.inputs, op.outputs = list(inputs), [out]
        if kind:
            op.builtinOptionsType, op.builtinOptions = getattr(OPTIONS, kind), options
        self.graph.operators.append(op)
        return out, values

    def weighted(self, builtin, x, weights, bias, values, kind, options):
        return self.op(builtin, [x[0], self.constant("weights", weights), self.constant("bias", bias)], values, kind, options)

    def rows(self, array):
        """Each `repeat`-th row, so many times."""
        return np.repeat(array[::self.repeat], self.repeat, axis=0)[:len(array)]

    def normalized(self, taps, weights, per_output):
        """Folds a batch normalization with the images' own statistics and seeded gamma and beta into weights and bias."""
        out = taps(weights)
        mean, deviation = out.mean((0, 1, 2)), out.std((0, 1, 2)) + 1e-3
        gain = self.rows(self.rng.uniform(0.6, 1.4, mean.shape)) / deviation
        bias = self.rows(self.rng.normal(0.15, 0.3, mean.shape)) - mean * gain
        return (weights * per_output(gain)).astype(np.float32), bias.astype(np.float32), (out * gain + bias).astype(np.float32)

    def conv(self, x, channels, kernel=1, stride=1, act=RELU, padding=SAME):
        values = pad_same(x[1], kernel, stride) if padding == SAME else x[1]
        high, wide = pair(kernel)
        fan_in = high * wide * values.shape[3]
        weights = self.rows(self.rng.normal(0, np.sqrt(2 / fan_in), (channels, high, wide, values.shape[3])).astype(np.float32))
        taps = lambda w: sum(v @ w[:, ky, kx].T for ky, kx, v in windows(values, kernel, stride))
        weights, bias, out = self.normalized(taps, weights, lambda g: g[:, None, None, None])
        options = window(schema.Conv2DOptionsT(), padding, stride, act)
        return self.weighted(OP.CONV_2D, x, weights, bias, CLIP[act](out), "Conv2DOptions", options)

    def depthwise(self, x, stride=1, act=RELU6):
        values = pad_same(x[1], 3, stride)
        weights = self.rng.normal(0, np.sqrt(2 / 9), (1, 3, 3, values.shape[3])).astype(np.float32)
        taps = lambda w: sum(v * w[0, ky, kx] for ky, kx, v in windows(values, 3, stride))
        weights, bias, out = self.normalized(taps, weights, lambda g: g)
        options = window(schema.DepthwiseConv2DOptionsT(), SAME, stride, act)
        options.depthMultiplier = 1
        return self.weighted(OP.DEPTHWISE_CONV_2D, x, weights, bias, CLIP[act](out), "DepthwiseConv2DOptions", options)

    def add(self, x, y, act=NONE):
        o = schema.AddOptionsT()
        o.fusedActivationFunction = act
        return self.op(OP.ADD, [x[0], y[0]], CLIP[act](x[1] + y[1]), "AddOptions", o)

    def pad(self, x, n):
        values = np.pad(x[1], ((0, 0), (n, n), (n, n), (0, 0)))
        return self.op(OP.PAD, [x[0], self.constant("pads", [[0, 0], [n, n], [n, n], [0, 0]])], values, "PadOptions", schema.PadOptionsT())

    def pool(self, x, kernel, stride, kind):
        o = schema.Pool2DOptionsT()
        o.padding, o.strideH, o.strideW, o.filterHeight, o.filterWidth, o.fusedActivationFunction = VALID, stride, stride, kernel, kernel, NONE
        parts = [v for _, _, v in windows(x[1], kernel, stride)]
        return self.op(kind, [x[0]], np.max(parts, 0) if kind == OP.MAX_POOL_2D else np.mean(parts, 0), "Pool2DOptions", o)

    def mean(self, x):
        o = schema.ReducerOptionsT()
        o.keepDims = False
        return self.op(OP.MEAN, [x[0], self.constant("axes", [1, 2])], x[1].mean((1, 2)), "ReducerOptions", o)

    def reshape(self, x, shape):
        o = schema.ReshapeOptionsT()
        o.newShape = list(shape)
        return self.op(OP.RESHAPE, [x[0], self.constant("shape", list(shape))], x[1].reshape((-1,) + tuple(shape[1:])), "ReshapeOptions", o)

    def classes(self, values, n):
        """The last layer's weights and bias, scaled and centred so that the softmax has something to choose from: logits of deviation 2 about 0."""
        weights = self.rows(self.rng.normal(0, 1, (n, values.shape[-1])))
        centre = values.reshape(-1, values.shape[-1]).mean(0)
        logits = (values - centre) @ weights.T
        weights = weights * 2 / (logits.std() + 1e-3)
        return weights.astype(np.float32), (self.rng.normal(0, 0.5, n) - weights @ centre).astype(np.float32)

    def dense(self, x, n):
        weights, bias = self.classes(x[1], n)
        o = schema.FullyConnectedOptionsT()
        o.fusedActivationFunction = NONE
        return self.weighted(OP.FULLY_CONNECTED, x, weights, bias, x[1] @ weights.T + bias, "FullyConnectedOptions", o)

    def dense_conv(self, x, n):
        """The classifier as a 1x1 convolution, as MobileNet v1 has it."""
        weights, bias = self.classes(x[1], n)
        options = window(schema.Conv2DOptionsT(), SAME, 1, NONE)
        return self.weighted(OP.CONV_2D, x, weights[:, None, None, :], bias, x[1] @ weights.T + bias, "Conv2DOptions", options)

    def softmax(self, x):
        o = schema.SoftmaxOptionsT()
        o.beta = 1.0
        e = np.exp(x[1] - x[1].max(-1, keepdims=True))
        return self.op(OP.SOFTMAX, [x[0]], e / e.sum(-1, keepdims=True), "SoftmaxOptions", o)

    def finish(self, x):
        self.graph.outputs = [x[0]]
        flat.add_signature(self.model)
        return self.model


def mobilenet_v1(images):
    net = Net("mobilenet_v1_1.0_224", 1001, images)
    x = net.conv(net.input, 32, 3, 2, RELU6)
    for channels, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]:
        x = net.conv(net.depthwise(x, stride), channels, act=RELU6)
    x = net.dense_conv(net.pool(x, 7, 1, OP.AVERAGE_POOL_2D), 1001)
    return net.finish(net.softmax(net.reshape(x, (1, 1001))))


def mobilenet_v2(images):
    net = Net("mobilenet_v2_1.0_224", 1002, images)
    x = net.conv(net.input, 32, 3, 2, RELU6)
    for expand, channels, repeats, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for k in range(repeats):
            start, inside = x, x[1].shape[3] * expand
            x = net.conv(x, inside, act=RELU6) if expand > 1 else x
            x = net.conv(net.depthwise(x, stride if k == 0 else 1), channels, act=NONE)
            x = net.add(start, x) if k else x
    return net.finish(net.softmax(net.dense(net.mean(net.conv(x, 1280, act=RELU6)), 1001)))


def resnet50(images):
    net = Net("resnet50_v1_224", 1003, images)
    x = net.conv(net.pad(net.input, 3), 64, 7, 2, padding=VALID)
    x = net.pool(net.pad(x, 1), 3, 2, OP.MAX_POOL_2D)
    for channels, repeats, stride in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        for k in range(repeats):
            s = stride if k == 0 else 1
            shortcut = net.conv(x, 4 * channels, stride=s, act=NONE) if k == 0 else x
            y = net.conv(net.conv(net.conv(x, channels, stride=s), channels, 3), 4 * channels, act=NONE)
            x = net.add(shortcut, y, RELU)
    return net.finish(net.softmax(net.dense(net.mean(x), 1000)))


def ds_cnn(images):
    """Key words: 49 x 10 features of a second of sound, as MLPerf Tiny has it; its mean over the image is a MEAN."""
    net = Net("ds_cnn", 1004, images)
    x = net.conv(net.input, 64, (10, 4), 2)
    for _ in range(4):
        x = net.conv(net.depthwise(x, act=RELU), 64)
    return net.finish(net.softmax(net.dense(net.mean(x), 12)))


def wake_words(images):
    """Is there a person in the image? MobileNet v1 with a quarter of its channels at 96 x 96, as MLPerf Tiny has it."""
    net = Net("mobilenet_v1_0.25_96", 1005, images)
    x = net.conv(net.input, 8, 3, 2, RELU6)
    for channels, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + [(128, 1)] * 5 + [(256, 2), (256, 1)]:
        x = net.conv(net.depthwise(x, stride), channels, act=RELU6)
    return net.finish(net.softmax(net.dense(net.mean(x), 2)))
