#!/usr/bin/env python3
"""bench/bundle_torch.py computes what the .tflite file says: every layer that it knows, on the CPU, against TFLite's reference kernels. And what it does not know is named.

usage: bundle_torch.py      (exit 77 where no Python has torch: HBY_TORCH_PYTHON, or python3)"""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
from bench.models import bundle, flat, layers, nets, widths  # noqa: E402
from bench.models.nets import NONE, OP, RELU, RELU6, SAME, VALID  # noqa: E402
from expect import expect  # noqa: E402


def pool_same(net, x, kernel, stride, kind):
    out = net.pool((x[0], nets.pad_same(x[1], kernel, stride, -np.inf if kind == OP.MAX_POOL_2D else 0)), kernel, stride, kind)
    net.graph.operators[-1].builtinOptions.padding = SAME
    return out


def all_layers(images):
    net = nets.Net("all", 5, images)
    x = net.conv(net.input, 8, 3, 2, RELU6)  # an even height: more behind than before; an odd width
    x = net.depthwise(x, 2)
    y = net.conv(net.pad(x, 1), 12, 3, 1, RELU, VALID)  # the window's own padding
    x = net.add(y, net.conv(x, 12, act=NONE), RELU)
    x = net.pool(net.pad(x, 1), 3, 1, OP.MAX_POOL_2D)  # the same: nothing is negative
    x = net.conv(x, 12, (3, 2), act=NONE)
    net.graph.operators[-1].builtinOptions.dilationHFactor = net.graph.operators[-1].builtinOptions.dilationWFactor = 2
    x = net.pool(net.pad(x, 1), 3, 1, OP.MAX_POOL_2D)  # zeros, and there are negative ones
    x = net.op(OP.RELU, [x[0]], np.maximum(x[1], 0), "", None)
    for _ in range(3):
        x = net.add(x, x)
    x = net.op(OP.RELU6, [x[0]], np.clip(x[1], 0, 6), "", None)
    x = pool_same(net, x, 3, 1, OP.AVERAGE_POOL_2D)
    x = net.pool(x, 2, 1, OP.AVERAGE_POOL_2D)
    y = net.depthwise(net.pad(x, 2), 1, NONE)  # SAME behind a PAD: two steps
    return net, net.mean(pool_same(net, y, 3, 2, OP.MAX_POOL_2D))


def with_dense(images):
    net, x = all_layers(images)
    return net.finish(net.dense(x, 10))  # no softmax: it would hide what is wrong in small values


def with_conv(images):
    net, x = all_layers(images)
    x = net.dense_conv(net.reshape(x, (1, 1, 1, 12)), 10)
    x = net.softmax(net.reshape(x, (1, 10)))
    net.graph.operators[-1].builtinOptions.beta = 0.002
    return net.finish(x)


def unknown(images):
    net = nets.Net("unknown", 6, images)
    return net.finish(net.op(OP.LOGISTIC, [net.input[0]], net.input[1], "", None))


def written(folder, name, model):
    path = folder / f"{name}.tflite"
    flat.save(model, path)
    with gzip.open(f"{path}.gz", "wb") as f:
        f.write(path.read_bytes())
    told = layers.describe(path)
    (folder / f"{name}.layers.json").write_text(json.dumps(told))
    return path, told


def reference(path, given):
    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], given.reshape(interpreter.get_input_details()[0]["shape"]))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    images = [np.random.default_rng(3).uniform(0, 1, (1, 36, 41, 3)).astype(np.float32) for _ in range(3)]
    models = {"with_dense_b1.float16": widths.to_float16(with_dense(images)), "with_conv_b1.float32": with_conv(images),
              "mnist_b1.float16": widths.to_float16(flat.load(TOP / "bench" / "models" / "mnist_cnn.float32.tflite"))}
    models["with_conv_b3.float16"] = bundle.with_batch(widths.to_float16(models["with_conv_b1.float32"]), 3)
    paths = {}
    for name, model in models.items():
        paths[name], told = written(folder, name, model)
        expect(f"{name} is told", "layers" in told, told)
    _, told = written(folder, "other_b1.float16", unknown(images))
    expect("what is not known is named", told == {"unknown": "LOGISTIC"}, told)
    pads = [layer["op"] for layer in layers.describe(paths["with_dense_b1.float16"])["layers"]].count("PAD")
    expect("two of four PADs are part of a window", pads == 2, pads)

    has_torch = lambda python: subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
    pythons = filter(None, map(shutil.which, (os.environ.get("HBY_TORCH_PYTHON", ""), "python3")))
    python = next(filter(has_torch, pythons), None)
    if not python:
        print("no Python here has torch; HBY_TORCH_PYTHON=FILE names one")
        sys.exit(77)
    (folder / "out").mkdir()
    (folder / "kept").mkdir()
    done = subprocess.run([python, TOP / "bench" / "bundle_torch.py", "--device", "cpu", "--out", folder / "out", "--keep", folder / "kept", *sorted(folder.glob("*.json"))],
                          capture_output=True, text=True, timeout=500)
    expect("it runs", done.returncode == 0 and "other_b1.float16: left out: LOGISTIC" in done.stdout, done.stdout + done.stderr)
    for name in models:
        given, got = (np.fromfile(folder / "kept" / f"{name}.tflite.{end}", np.float32) for end in ("in", "torch.out"))
        want = reference(paths[name], given)
        worst = np.abs(got.reshape(want.shape) - want).max() / np.abs(want).max()
        expect(f"{name}: as the reference kernels", worst < 1e-5 and want.std() > 1e-3, (worst, got, want))
        report = json.loads((folder / "out" / f"torch.{name.rsplit('.', 1)[0]}.json").read_text())
        (row,) = report["results"]
        expect(f"{name}: its row", row["where"] == "torch_eager" and 0 < row["min_us"] <= row["median_us"] <= row["p90_us"] and row["resident_us"] > 0 and row["runs"] >= 10, row)
