#!/usr/bin/env python3
"""claim=auto, the default: what is worth the device's while is claimed, and what is not stays with the runtime, for a reason that names both times.

usage: claim_auto.py --delegate libhalfbyte.so      (exit 77 where there is no device)
"""
import argparse
import json
import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from need_device import no_device  # noqa: E402
from tflite_builder import SAME, Model  # noqa: E402


def convolutions(size, channels, count):
    """int16 activations with int8 weights, for which the runtime has nothing but its reference kernels."""
    rng, m = np.random.default_rng(1), Model()
    x = first = m.tensor([1, size, size, channels], "int16", scale=0.001)
    for _ in range(count):
        w = m.tensor([channels, 3, 3, channels], "int8", rng.integers(-127, 128, [channels, 3, 3, channels]), scale=[0.01] * channels)
        b = m.tensor([channels], "int64", rng.integers(-500, 500, channels), scale=[0.001 * 0.01] * channels)
        y = m.tensor([1, size, size, channels], "int16", scale=0.001)
        m.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=SAME, strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
        x = y
    return m.bytes([first], [x])


def addition(n):
    m = Model()
    a, b, y = (m.tensor([1, n], "int8", scale=s) for s in (0.01, 0.02, 0.03))
    m.op("ADD", [a, b], [y], "AddOptions")
    return m.bytes([a, b], [y])


# name, model, where each node must be, what the reason must say. The copies to and from the device of the largest take some 20 us by the cost model, its sums tens of milliseconds.
CASES = [
    ("convolutions", lambda: convolutions(40, 32, 3), "device", ""),
    ("one convolution", lambda: convolutions(40, 32, 1), "device", ""),
    ("a small addition", lambda: addition(16), "runtime", "is expected to take"),
]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    a = p.parse_args()
    from ai_edge_litert.interpreter import Interpreter, load_delegate
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, make, where, reason) in enumerate(CASES):
            path = os.path.join(folder, f"{number}.json")
            it = Interpreter(model_content=make(), experimental_delegates=[load_delegate(os.path.abspath(a.delegate), {"report_path": path})])
            it.allocate_tensors()
            report = json.load(open(path))
            if report["device"]["name"] is None:
                return no_device()
            bad = [n for n in report["nodes"] if n["where"] != where or reason not in (n.get("reason") or "")]
            wrong += bool(bad)
            print(f"{name}: {'ok' if not bad else bad}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
