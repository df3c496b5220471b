#!/usr/bin/env python3
"""bench/run --targets and --scaling: what they compute from measurements, and end to end on tiny networks. No time is judged.

usage: bench_targets.py BENCH KERNELS DELEGATE      (exit 77 where there is no device)"""
import argparse
import contextlib
import io
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
from bench import reference, scaling, study, targets  # noqa: E402
from bench.models import flat, nets, widths  # noqa: E402
from expect import expect  # noqa: E402
from need_device import no_device  # noqa: E402

program, kernels, delegate = sys.argv[1:]
runtime = str(pathlib.Path(ai_edge_litert.__file__).parent / "libLiteRt.so")
MODELS = TOP / "bench" / "models"
COMMON = ["--program", program, "--delegate", delegate, "--runtime", runtime]


def options_for(folder):
    return argparse.Namespace(program=program, kernels=kernels, delegate=delegate, runtime=runtime, device=None, threads=2, runs=2, option=[], verbose=False, json=None,
                              cache=folder / "cache", others=[], unsteady=[], names={})


def arithmetic():
    a, b = {"rounds_us": [2.0, None, 9.0, 8.0]}, {"rounds_us": [1.0, 5.0, 3.0, 2.0]}
    expect("a ratio of the rounds that both took part in", targets.ratio(a, b) == targets.Spread(2.5, 3.0, 3.5), targets.ratio(a, b))
    expect("no common round, no ratio", targets.ratio({"rounds_us": [None]}, {"rounds_us": [1.0]}) is None)
    places = lambda device, cpu: {"device": {"rounds_us": [device] * 3, "median_us": device}, "cpu": {"rounds_us": [cpu] * 3, "median_us": cpu}}
    expect("as fast is reached, slower is not", targets.against_cpu("x", places(1.0, 1.0), 1.0).reached and not targets.against_cpu("x", places(1.1, 1.0), 1.0).reached)
    row = lambda wide, tflite, own: targets.row_16x8("x", {"int16x8": places(wide, tflite), "int8": places(own, 1.0)})
    expect("16x8 has two aims, and both count", row(2.0, 100.0, 1.0).reached and not row(2.0, 99.0, 1.0).reached and not row(2.6, 1000.0, 1.0).reached)
    failed = targets.against_cpu("x", {"device": {"failure": "no such file"}, "cpu": {}}, 1.0)
    expect("what failed is not reached, and says why", not failed.reached and "no such file" in failed.measured, failed)
    noisy = study.busy([0.01, 0.5], [0.0, 0.2])
    expect("a busy machine is told", "50 %" in noisy and "1 of 2" in noisy and "20 %" in noisy, noisy)
    expect("an idle one is not", study.busy([0.01], [0.02]) == "")


def inputs():
    """bench/reference.py feeds what bench/inputs.c feeds: --compare would find differences otherwise; here what only it can hold."""
    for dtype in (np.float32, np.int8, np.uint8, np.int16, np.int32, np.bool_):
        a = reference.seeded(0, (2, 50), np.dtype(dtype))
        expect(f"seeded {np.dtype(dtype)}", a.shape == (2, 50) and a.dtype == dtype and len(np.unique(a)) > 1 and np.array_equal(a, reference.seeded(0, (2, 50), np.dtype(dtype))) and
               not np.array_equal(a, reference.seeded(1, (2, 50), np.dtype(dtype))))


def memory():
    path = MODELS / "mnist_cnn.qat.tflite"
    fixed, in_file = targets.constants(path)
    graph = flat.load(path).subgraphs[0]
    computed = [int(np.prod(t.shape)) for i, t in enumerate(graph.tensors) if i not in fixed]  # int8: a byte each
    arena = targets.arena_bytes(path, fixed)
    expect("constants", 0 < len(fixed) < len(graph.tensors) and 30000 < in_file < path.stat().st_size, in_file)
    expect("the arena holds the largest tensor and its operand, and not all", max(computed) < arena < 2 * sum(computed), (arena, computed))


def key_words(folder):
    """The small network for key words, in float32: its input can be resized."""
    rng = np.random.default_rng(5)
    path = folder / "ds_cnn.float32.tflite"
    flat.save(nets.ds_cnn([rng.uniform(-1, 1, (1, 49, 10, 1)).astype(np.float32) for _ in range(2)]), path)
    return path


def products(path):
    by_hand = 25 * 5 * 64 * 40 + 4 * (25 * 5 * 64 * 9 + 25 * 5 * 64 * 64) + 64 * 12
    expect("products of a network", scaling.products(path, [1, 49, 10, 1]) == by_hand, scaling.products(path, [1, 49, 10, 1]))
    expect("three samples take three times as many", scaling.products(path, [3, 49, 10, 1]) == 3 * by_hand)
    expect("a larger image takes more", scaling.products(path, [1, 98, 20, 1]) > 3.5 * by_hand)
    try:
        scaling.products(MODELS / "mnist_cnn.float32.tflite", [2, 28, 28, 1])
    except scaling.data.BadData as error:
        expect("a network that cannot be resized is refused", "resized" in str(error), error)
    else:
        sys.exit("FAILED: a network that cannot be resized was accepted")


def rows_of(call, *arguments):
    rows = list(call(*arguments))
    expect(f"{call.__name__}: each row has an aim, a figure and a verdict", rows and all(r.what and r.aim and r.measured and r.reached in (True, False) for r in rows), rows)
    expect(f"{call.__name__}: nothing failed", not any("failed" in r.measured for r in rows), rows)
    return rows


def sections(folder):
    options = options_for(folder)
    float32, qat = MODELS / "mnist_cnn.float32.tflite", MODELS / "mnist_cnn.qat.tflite"
    tiny = {"int8": qat, "int16x8": MODELS / "mnist_mlp.qat.tflite", "float16": float32, "dynamic_range": MODELS / "mnist_mlp.float32.tflite"}
    expect("stand-ins for all widths", set(tiny) == set(widths.RECIPES))
    rows = rows_of(targets.network_rows, options, {"tiny": tiny})
    expect("a network has four rows", [r.what.split()[1] for r in rows] == ["int8", "float16,", "16x8", "dynamic"] and all("against" in r.measured for r in rows), rows)
    expect("the machine's noise is kept", len(options.others) == 2 and len(options.unsteady) == 2 and "device" in options.names, vars(options))
    (row,) = rows_of(targets.add_rows, options)
    expect("one ADD", " us (" in row.measured, row)
    rows = rows_of(targets.small_rows, options, {"mnist_cnn int8": qat})
    expect("the cost model is asked", "left to the CPU" in rows[0].measured or "nodes on the device" in rows[0].measured, rows)
    rows = rows_of(targets.memory_rows, options, {"mnist_cnn int8": qat})
    expect("activations and weights", rows[0].measured.count("bytes") == 1 and rows[0].measured.count(" of ") == 2, rows)
    rows = rows_of(targets.start_rows, options, MODELS / "mnist_mlp.qat.tflite", 1, 2)
    expect("cold and warm", len(rows) == 2 and "medians of 1" in rows[0].measured and "medians of 2" in rows[1].measured, rows)
    targets.CONV, targets.DEPTHWISE = "conv 1x1 7x7x160 -> 960", "depthwise 3x3 7x7x960"
    options.runs = 1
    rows = rows_of(targets.kernel_rows, options)
    expect("one core, both cores, depthwise", len(rows) == 3 and "XNNPACK" in rows[0].measured and "7x7x960" in rows[2].measured, rows)


def table(folder):
    """The table and the JSON file, of one section."""
    kept, targets.sections = targets.sections, lambda options: targets.add_rows(options)
    report, out = folder / "targets.json", io.StringIO()
    words, sys.argv = sys.argv, ["targets.py", "targets", str(folder / "cache"), *COMMON, "--kernels", kernels, "--runs", "2", "--json", str(report)]
    try:
        with contextlib.redirect_stdout(out):
            targets.main()
    finally:
        targets.sections, sys.argv = kept, words
    lines = out.getvalue().splitlines()
    expect("a markdown table", lines[0].startswith("| what | aim") and lines[1] == "|---|---|---|---|" and lines[2].count("|") == 5 and "reached" in lines[2], out.getvalue())
    result = json.loads(report.read_text())
    expect("the same as JSON", len(result["rows"]) == 1 and result["rows"][0]["reached"] in (True, False) and result["threads"] >= 1, result)
    done = subprocess.run([sys.executable, "-m", "bench.targets", "targets", str(folder / "cache"), "--only", "add,nothing"], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TOP)})
    expect("an unknown section is refused", done.returncode == 2 and "nothing" in done.stderr and "start-up" in done.stderr, done.stderr)


def scaled(folder, path):
    report = folder / "scaling.json"
    command = [sys.executable, "-m", "bench.scaling", "scaling", str(folder / "cache"), *COMMON, "--batches", "1,3", "--sizes", "12,24", "--runs", "1", "--json", str(report), str(path)]
    done = subprocess.run([*command, "-t", "1"], capture_output=True, text=True, timeout=500, env={**os.environ, "PYTHONPATH": str(TOP)})
    expect("--scaling runs", done.returncode == 0 and report.exists(), done.stdout + done.stderr)
    tables = {t["sweep"]: t["rows"] for t in json.loads(report.read_text())["tables"]}
    expect("a table for batches and one for images", set(tables) == {"batch", "image"}, tables)
    expect("each by growing work", [r["shape"] for r in tables["batch"]] == [[1, 49, 10, 1], [3, 49, 10, 1]] and [r["shape"] for r in tables["image"]] == [[1, 12, 12, 1], [1, 24, 24, 1]], tables)
    for rows in tables.values():
        expect("growth is of the time per product", all(r[p]["growth"] > 0 and abs(r[p]["us_per_mmac"] / rows[0][p]["us_per_mmac"] - r[p]["growth"]) < 1e-6 for r in rows for p in ("device", "cpu")) and
               rows[0]["device"]["growth"] == 1, rows)
    done = subprocess.run([*command[:-1], str(MODELS / "mnist_cnn.float32.tflite")], capture_output=True, text=True, timeout=500, env={**os.environ, "PYTHONPATH": str(TOP)})
    expect("what cannot be resized is an error", done.returncode == 1 and "resized" in done.stderr and "Traceback" not in done.stderr, done.stderr)


with tempfile.TemporaryDirectory() as name:
    here = pathlib.Path(name)
    arithmetic()
    inputs()
    memory()
    network = key_words(here)
    products(network)
    listed = subprocess.run([program, "--list-devices", "--delegate", delegate], capture_output=True, text=True)
    if listed.returncode:
        sys.exit(no_device(listed.stdout.strip()))
    sections(here)
    table(here)
    scaled(here, network)
