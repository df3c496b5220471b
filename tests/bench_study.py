#!/usr/bin/env python3
"""bench/run --modes and --accuracy: how data are read, fed and judged, with what is refused; and end to end, with the networks of bench/models on a hundred digits.

usage: bench_study.py BENCH DELEGATE      (exit 77 where there is no device)"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import ai_edge_litert
import numpy as np

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
from bench import data, study  # noqa: E402
from bench.models import mnist  # noqa: E402
from expect import expect  # noqa: E402
from need_device import no_device  # noqa: E402

program, delegate = sys.argv[1:]
runtime = str(pathlib.Path(ai_edge_litert.__file__).parent / "libLiteRt.so")
DIGITS, MODELS = TOP / "tests" / "golden" / "digits.npz", TOP / "bench" / "models"


def refused(what, words, call, *arguments):
    try:
        call(*arguments)
    except data.BadData as error:
        expect(f"refused: {what}", all(w in str(error) for w in words), error)
    else:
        sys.exit(f"FAILED: {what} was accepted")


def npz(folder, name="data", **arrays):
    path = folder / f"{name}.npz"
    np.savez(path, **arrays)
    return path


def reading(folder):
    x, shape = np.arange(24, dtype=np.float32).reshape(4, 2, 3), (1, 2, 3)
    s = data.load(npz(folder, x=x, y=np.array([[0], [1], [2], [3]])), shape)
    expect("x and y", np.array_equal(s.x[0], x) and s.y.tolist() == [0, 1, 2, 3] and s.y.dtype == np.int64)
    s = data.load(npz(folder, x0=x, x1=x + 1, y=x * 0.5), shape)
    expect("several inputs, targets", len(s.x) == 2 and np.array_equal(s.x[1], x + 1) and s.y.dtype == np.float32)
    s = data.load(npz(folder, x=np.array([[0, 51, 255]], np.uint8)), shape, (-1.0, 1.0))
    expect("bytes are pixels", np.allclose(s.x[0], [[-1, -0.6, 1]]) and s.y is None, s.x)
    refused("no x", ["images", "array x"], data.load, npz(folder, images=x), shape)
    refused("counts that disagree", ["4", "3", "equal"], data.load, npz(folder, x=x, y=np.zeros(3, int)), shape)
    refused("inputs that disagree", ["x1", "4", "2"], data.load, npz(folder, x0=x, x1=x[:2]), shape)
    refused("no samples", ["(0, 2)"], data.load, npz(folder, x=np.zeros((0, 2))), shape)
    refused("text", ["<U1", "numbers"], data.load, npz(folder, x=np.array(["a"])), shape)
    refused("negative labels", ["-1"], data.load, npz(folder, x=x, y=np.array([0, -1, 2, 3])), shape)
    refused("labels of two dimensions", ["(4, 2)"], data.load, npz(folder, x=x, y=np.zeros((4, 2), int)), shape)
    refused("targets that are not finite", ["NaN"], data.load, npz(folder, x=x, y=np.full(4, np.nan)), shape)
    refused("no file", ["no such file"], data.load, folder / "none.npz", shape)
    (folder / "text.npz").write_text("x")
    refused("another kind of file", ["text.npz"], data.load, folder / "text.npz", shape)
    refused("a model that is none", ["text.npz", "tflite"], data.ends, folder / "text.npz")


def folders(folder):
    from PIL import Image

    images = folder / "images"
    images.mkdir()
    refused("a folder without classes", ["no folders"], data.load, images, (1, 4, 4, 3))
    for name, colour in (("7", (255, 0, 0)), ("12", (0, 0, 255))):
        (images / name).mkdir()
        refused("a folder without images", ["no images"], data.load, images, (1, 4, 4, 3)) if name == "7" else None
        Image.new("RGB", (8, 6), colour).save(images / name / "a.png")
    s = data.load(images, (1, 4, 5, 3), (0.0, 2.0))
    expect("folders of images", s.x[0].shape == (2, 4, 5, 3) and sorted(s.y.tolist()) == [7, 12] and s.x[0][s.y.tolist().index(7)].max() == 2, s.y)
    expect("grey", data.load(images, (1, 4, 5), (0.0, 1.0)).x[0].shape == (2, 4, 5))
    refused("two channels", ["(1, 4, 5, 2)"], data.load, images, (1, 4, 5, 2))
    (images / "7" / "b.png").write_text("no image")
    refused("a broken image", ["b.png"], data.load, images, (1, 4, 5, 3))


def numbers(folder):
    end = lambda dtype, scale=None, zero=0, shape=(1, 2): data.End("in", shape, np.dtype(dtype), scale, zero)
    x = np.array([[0.0, 0.26], [-100.0, 100.0]], np.float32)
    expect("int8 by scale and zero point", data.stored("m", end(np.int8, 0.5, 3), x).tolist() == [[3, 4], [-128, 127]])
    expect("uint8", data.stored("m", end(np.uint8, 0.5, 128), x).tolist() == [[128, 129], [0, 255]])
    refused("fractions for an index", ["int32", "fractions"], data.stored, "m", end(np.int32), x)
    refused("numbers beyond the type", ["int8", "300"], data.stored, "m", end(np.int8), np.array([300]))
    refused("a scale of 0", ["0.0"], data.stored, "m", end(np.int8, 0.0), x)
    samples = lambda *x: data.Samples(list(x), None, "")
    expect("a dimension of 1 may be missing", data.fitted("m", [end(np.float32, shape=(1, 2, 1))], samples(x))[0].shape == (2, 2))
    refused("another shape", ["(3,)", "3 values", "(1, 2)", "2 values"], data.fitted, "m", [end(np.float32)], samples(np.zeros((5, 3))))
    refused("a batch", ["batch 4"], data.fitted, "m", [end(np.float32, shape=(4, 2))], samples(x))
    refused("too few inputs", ["2 inputs", "1"], data.fitted, "m", [end(np.float32)] * 2, samples(x))
    feed = folder / "feed"
    data.write_feed("m", [end(np.int8, 0.5, 3), end(np.float32)], samples(x, x), feed)
    expect("a feed has sample after sample", feed.read_bytes() == bytes([3, 4]) + x[0].tobytes() + bytes([128, 127]) + x[1].tobytes())
    out = data.read_outputs(feed, [end(np.int8, 0.5, 3), end(np.float32)], 2)
    expect("outputs come back as real numbers", out[0].tolist() == [[0, 0.5], [-65.5, 62]] and np.array_equal(out[1], x))
    refused("outputs of another size", ["10 bytes", "2"], data.read_outputs, feed, [end(np.int8)], 2)
    scores = [np.zeros((4, 1)), np.array([[0, 1], [1, 0], [0.2, 0.3], [5, -5]])]
    expect("top-1 of the first output with classes", data.top1(scores, np.array([1, 0, 0, 0])) == 0.75)
    expect("a single value is yes or no", data.top1([np.array([[0.6], [0.4]])], np.array([1, 1])) == 0.5)
    refused("a class too many", ["12", "10 classes"], data.check_labels, "m", [end(np.float32, shape=(1, 10))], np.array([12]))
    expect("mean error in parts of the range", abs(data.mean_error([np.array([[1.0, 3.0]]), np.array([[0.5]])], [np.array([[1.0, 5.0]]), np.array([[0.5]])]) - 1 / 6) < 1e-9)
    refused("outputs that cannot be compared", ["(1, 1)", "(1, 2)"], data.mean_error, [np.zeros((1, 1))], [np.zeros((1, 2))])
    many = data.Samples([np.arange(1000)], np.arange(1000), "")
    first, rest = study.split(many)
    expect("calibration and judging share no sample", len(first.x[0]) == 100 and len(rest.x[0]) == 900 and not set(first.y) & set(rest.y))


def training():
    """Gradients of the trainer against differences, in the float network."""
    rng = np.random.default_rng(3)
    net = mnist.build(rng, ["conv 4", "pool", "conv 5", "pool", "dense 10"])
    x = rng.uniform(0, 1, (2, 28, 28, 1)).astype(np.float32)
    g = rng.normal(0, 1, (2, 10)).astype(np.float32)
    mnist.logits(net, x)
    back = g
    for layer in reversed(net):
        back = layer.backward(back)
    for layer in (net[0], net[2], net[4]):
        for p, slope in zip((layer.w, layer.b), layer.gradient):
            at = tuple(int(rng.integers(0, d)) for d in p.shape)
            kept, values = p[at], []
            for step in (1e-3, -1e-3):
                p[at] = kept + step
                values.append(float((mnist.logits(net, x).astype(np.float64) * g).sum()))
            p[at] = kept
            measured = (values[0] - values[1]) / 2e-3
            expect(f"the gradient of {layer.kind}", abs(measured - slope[at]) <= 0.05 * abs(measured) + 0.02, (measured, slope[at]))
    scale, zero = np.float32(0.5), 3
    values, inside = mnist.round_to(np.array([0.2, 0.3, 63.0, -100.0], np.float32), scale, zero)
    expect("what int8 can hold", values.tolist() == [0, 0.5, 62, -65.5] and inside.tolist() == [True, True, False, False], values)


def run(kind, *arguments):
    """The exit status, the JSON it wrote, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        report, cache = pathlib.Path(folder) / "out.json", pathlib.Path(folder) / "cache"
        command = [sys.executable, "-m", "bench.study", kind, str(cache), "--program", program, "--delegate", delegate, "--runtime", runtime, "--runs", "3", "--json", str(report)]
        done = subprocess.run(command + [str(a) for a in arguments], capture_output=True, text=True, timeout=500, env={**os.environ, "PYTHONPATH": str(TOP)})
        text = report.read_text() if report.exists() else ""
    return done.returncode, json.loads(text) if text else None, done.stdout + done.stderr


def end_to_end(folder):
    files = [MODELS / f"mnist_cnn.{k}.tflite" for k in ("float32", "qat", "qat4")]
    code, result, out = run("accuracy", DIGITS, *files)
    expect("--accuracy runs", code == 0 and result, out)
    rows = {m["mode"]: m for m in result["networks"][0]["modes"]}
    expect("every file is a row", set(rows) == {f.name.removesuffix(".tflite") for f in files}, out)
    expect("the networks know their digits", all(r[p]["top1"] >= 0.94 for r in rows.values() for p in study.PLACES), out)
    expect("on the device alone", all(r["device"]["nodes"]["runtime"] == 0 and r["device"]["nodes"]["device"] > 0 for r in rows.values()), out)
    expect("sizes", 3.4 < rows["mnist_cnn.qat"]["smaller"] < 4.1 and rows["mnist_cnn.qat4"]["smaller"] > 6, out)
    expect("times and memory", all(0 < r[p]["min_us"] <= r[p]["median_us"] and r[p]["faster"] > 0 and r[p]["memory_bytes"] >= 0 for r in rows.values() for p in study.PLACES) and
           all(r["device"]["buffer_bytes"] > 0 for r in rows.values()), out)

    code, result, out = run("modes", "--data", DIGITS, "--only", "float16;int8, uint8 ends;16x8;dynamic int4 b32;qat int8", MODELS / "mnist_mlp.float32.tflite")
    expect("--modes runs", code == 0 and result and "top-1" in out, out)
    rows = {m["mode"]: m for m in result["networks"][0]["modes"]}
    expect("the modes asked for, and float32", set(rows) == {"float32", "float16", "int8, uint8 ends", "16x8", "dynamic int4 b32", "qat int8"}, out)
    expect("what cannot be made says why", "divisible" in rows["dynamic int4 b32"]["why"], out)
    made = [r for r in rows.values() if "why" not in r]
    expect("each knows its digits", all(r[p]["top1"] >= 0.9 for r in made for p in study.PLACES), out)
    expect("each is as small as it should be", 1.9 < rows["float16"]["smaller"] < 2.1 and all(3.5 < rows[m]["smaller"] < 4.1 for m in ("16x8", "int8, uint8 ends", "qat int8")), out)

    x = np.load(DIGITS)["x"][:4]
    code, result, out = run("accuracy", "--range", "-1,0", npz(folder, x=x.astype(np.float32) / 255), MODELS / "mnist_mlp.float32.tflite", MODELS / "mnist_mlp.qat.tflite")
    rows = {m["mode"]: m for m in result["networks"][0]["modes"]}
    expect("without labels: the difference from float32", code == 0 and rows["mnist_mlp.float32"]["cpu"]["error"] == 0 and 0 < rows["mnist_mlp.qat"]["device"]["error"] < 0.1, out)
    code, result, out = run("accuracy", "--option", "nonsense=1", npz(folder, x=x), MODELS / "mnist_mlp.float32.tflite")
    row = result["networks"][0]["modes"][0]
    expect("a wrong option is a row that names it", code == 1 and "nonsense" in row["device"]["failure"] and "failure" not in row["cpu"], out)
    code, result, out = run("modes", MODELS / "mnist_mlp.qat.tflite")
    expect("a quantized network has no modes", code == 1 and "quantized already" in out and "Traceback" not in out, out)


with tempfile.TemporaryDirectory() as name:
    reading(pathlib.Path(name))
    folders(pathlib.Path(name))
    numbers(pathlib.Path(name))
    training()
    listed = subprocess.run([program, "--list-devices", "--delegate", delegate], capture_output=True, text=True)
    if listed.returncode:
        sys.exit(no_device(listed.stdout.strip()))
    end_to_end(pathlib.Path(name))
