#!/usr/bin/env python3
"""The golden cases through a real runtime with the delegate: every stored model of one operator, its stored inputs, and the outputs that the reference kernels of
LiteRT 2.3.0 gave. Ring 1 runs them on host_ref, ring 3 on the device.

usage: goldens.py --delegate libhalfbyte.so [--option key=value ...] [--runtime litert|tflite_runtime|tensorflow] [--where host_ref|device] ARCHIVE.zip...

With --path the archive is one of make_rounding.py's, which also holds ruy0, ... and single0, ...

An archive holds NAME.tflite and NAME.npz (in0, in1, ..., ref0, ref1, ...), made by pack_goldens.py. Integer outputs must be equal; floats within a fraction of the
largest magnitude of the reference: 1e-5 for float32, 1e-6 for dynamic range, and for float16 weights 2^-10 * (2 + sqrt(n) / 16) with n = 4096 (tests/check.h).
With --where every node must have run there, by the delegate's report; without, the device must be there, and what it does not take is the runtime's.
Exit 1 on a difference, 77 where there is no device.
"""
import argparse
import importlib
import io
import json
import os
import sys
import tempfile
import zipfile

import numpy as np

from need_device import no_device

BOUND = {"f32": 1e-5, "f32w8": 1e-6, "f32w4": 1e-6, "f16": 2**-10 * (2 + 4096**0.5 / 16)}


def runtime(name):
    if name == "tensorflow":
        import tensorflow as tf
        return tf.lite.Interpreter, tf.lite.experimental.load_delegate, tf.lite.experimental.OpResolverType
    mod = importlib.import_module("ai_edge_litert.interpreter" if name == "litert" else "tflite_runtime.interpreter")
    return mod.Interpreter, mod.load_delegate, mod.OpResolverType


def numbered(arrays, prefix):
    out = []
    while f"{prefix}{len(out)}" in arrays:
        out.append(arrays[f"{prefix}{len(out)}"])
    return out


def compare(want, got, bound):
    """What is wrong, or None."""
    if want.shape != got.shape or want.dtype != got.dtype:
        return f"shape or type {got.shape} {got.dtype} instead of {want.shape} {want.dtype}"
    if want.size == 0:
        return None
    if want.dtype.kind != "f":
        gap = np.abs(want.astype(np.int64) - got.astype(np.int64))
        return f"{(gap > 0).sum()} of {gap.size} differ, by up to {gap.max()}" if gap.any() else None
    fin = np.isfinite(want)
    if not np.array_equal(want[~fin], got[~fin], equal_nan=True) or not np.isfinite(got[fin]).all():
        return "infinity or NaN in other places"
    span = max(float(np.abs(want[fin]).max()) if fin.any() else 0.0, 1e-6)
    worst = float(np.abs(want[fin].astype(np.float64) - got[fin]).max()) / span if fin.any() else 0.0
    return f"off by {worst:.3g} of the range, allowed {bound:.3g}" if worst > bound else None


def readable(api, model):
    """Does the runtime by itself take it? An older one lacks operators, and versions of them."""
    try:
        api[0](model_content=model).allocate_tensors()
    except (ValueError, RuntimeError):
        return False
    return True


def run_case(api, delegate, options, model, arrays, bound, report, path="ref"):
    Interpreter, load_delegate, Resolver = api
    d = load_delegate(delegate, options)
    try:
        it = Interpreter(model_content=model, experimental_op_resolver_type=Resolver.BUILTIN_REF, experimental_delegates=[d])
    except ValueError:  # an operator that the reference kernels lack
        it = Interpreter(model_content=model, experimental_op_resolver_type=Resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES, experimental_delegates=[d])
    it.allocate_tensors()
    inputs, wants = numbered(arrays, "in"), numbered(arrays, path)
    reset = int(arrays["reset"]) if "reset" in arrays else None  # a network with a state: one call after the other along the first axis
    calls = range(2) if reset is None else [*range(len(wants[0])), 0]  # twice: a second invoke must not remember the first
    problems = []
    for number, call in enumerate(calls):
        if reset is not None and (call == reset or number == len(calls) - 1):
            it.reset_all_variables()
        for detail, x in zip(it.get_input_details(), inputs):
            it.set_tensor(detail["index"], (x if reset is None else x[call]).reshape(detail["shape"]).astype(detail["dtype"]))
        it.invoke()
        for detail, want in zip(it.get_output_details(), wants):
            wrong = compare(want if reset is None else want[call], it.get_tensor(detail["index"]), bound)
            if wrong:
                problems.append(f"call {number}: {wrong}")
    told = json.load(open(report))
    return problems, told["nodes"], told["device"]["name"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--runtime", default="litert", choices=("litert", "tflite_runtime", "tensorflow"))
    p.add_argument("--where", choices=("host_ref", "device"))
    p.add_argument("--path", choices=("ref", "ruy", "single"), default="ref", help="with rounding=PATH, against the outputs that TFLite's path of that name gave")
    p.add_argument("archives", nargs="+")
    a = p.parse_args()
    api = runtime(a.runtime)
    options = {"claim": "all", "rounding": a.path} | dict(o.split("=", 1) for o in a.option)
    cases = wrong = refused = 0
    for archive in a.archives:
        with zipfile.ZipFile(archive) as z, tempfile.TemporaryDirectory() as tmp:
            names = sorted(n[:-7] for n in z.namelist() if n.endswith(".tflite"))
            for name in names:
                scheme = name.split(".")[-2]
                report = os.path.join(tmp, name + ".json")
                arrays = np.load(io.BytesIO(z.read(name + ".npz")))
                print(name, end=" ", flush=True)
                if a.runtime != "litert" and not readable(api, z.read(name + ".tflite")):
                    refused += 1
                    print("refused by this runtime itself")
                    continue
                problems, nodes, device = run_case(api, os.path.abspath(a.delegate), options | {"report_path": report}, z.read(name + ".tflite"), arrays, BOUND.get(scheme, 1e-5), report, a.path)
                elsewhere = [f"{n['op']} on {n['where']}: {n['reason']}" for n in nodes if a.where and n["where"] != a.where]
                cases += 1
                wrong += bool(problems or elsewhere)
                print("ok" if not problems and not elsewhere else "WRONG " + "; ".join(problems[:2] + elsewhere), flush=True)
                if options.get("host_ref") != "only" and device is None:
                    return no_device()
    print(f"{cases} cases, {wrong} wrong" + (f", {refused} refused by this runtime itself" if refused else ""))
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
