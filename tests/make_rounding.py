#!/usr/bin/env python3
"""Cases in which TFLite's own paths give different integers: the source of tests/golden/paths/rounding.zip.

usage: make_rounding.py --out DIR [--ops conv_2d,add] [--count 2] [--draws 80] [--seed 21]

From `draws` cases of make_ops.py per operator and integer scheme, the `count` smallest in which the optimized kernels differ from the reference, and as many in which
XNNPACK does (where it takes the operator). Beside ref0, ... the .npz holds ruy0, ... (BUILTIN_WITHOUT_DEFAULT_DELEGATES) and single0, ... (the default resolver,
XNNPACK), as x86-64 gives them. tests/goldens.py --path compares. Left out, since rounding=ruy and rounding=single do not follow there (docs/quantization.md):
QUANTIZE of a number of elements that the vector loops do not divide, ADD and MUL whose results pass 16 bits, SOFTMAX of uint8, MEAN over height and width with kept dimensions.
"""
import argparse
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import make_ops

OPS = ("conv_2d", "depthwise_conv_2d", "fully_connected", "transpose_conv", "batch_matmul", "add", "sub", "mul", "mean", "sum", "leaky_relu", "quantize", "resize_bilinear",
       "logistic", "tanh")


def run(blob, arrays, resolver):
    """The outputs, and did a delegate (XNNPACK) take the node?"""
    it = Interpreter(model_content=blob, experimental_op_resolver_type=resolver, num_threads=1)
    it.allocate_tensors()
    for i, d in enumerate(it.get_input_details()):
        it.set_tensor(d["index"], arrays[f"in{i}"].reshape(d["shape"]).astype(d["dtype"]))
    it.invoke()
    return [np.array(it.get_tensor(d["index"])) for d in it.get_output_details()], len(it._get_ops_details()) > 1


def not_followed(op, scheme, arrays, scales):
    n = arrays["ref0"].size
    if op == "quantize":
        return n % 16 != 0
    if op in ("add", "sub"):
        return max(scales[:-1]) > 100 * scales[-1]
    if op == "mul":
        return len(scales) < 3 or scales[0] * scales[1] > 0.5 * scales[2]
    return op == "mean" and arrays["ref0"].ndim == 4


def draw(op, scheme, number, seed):
    """(number, model, arrays, ruy differs, single differs, XNNPACK took it), or None."""
    case = make_ops.make(op, scheme, number, seed)
    if not case:
        return None
    blob, arrays = case
    it = Interpreter(model_content=blob)
    scales = [d["quantization"][0] for d in it.get_input_details() + it.get_output_details()]
    if not_followed(op, scheme, arrays, scales):
        return None
    try:
        ruy, _ = run(blob, arrays, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        single, taken = run(blob, arrays, OpResolverType.AUTO)
    except (ValueError, RuntimeError):
        return None
    single = [x.reshape(arrays[f"ref{i}"].shape) for i, x in enumerate(single)]  # XNNPACK may leave out dimensions of 1
    arrays |= {f"ruy{i}": x for i, x in enumerate(ruy)} | {f"single{i}": x for i, x in enumerate(single)}
    differs = [any(not np.array_equal(x, arrays[f"ref{i}"]) for i, x in enumerate(path)) for path in (ruy, single)]
    return number, blob, arrays, *differs, taken


def pick(cases, count):
    """Numbers of the smallest cases of each kind."""
    taken = any(c[5] for c in cases)
    cases = sorted((c for c in cases if c[5] == taken), key=lambda c: len(c[1]) + sum(x.nbytes for x in c[2].values()))
    chosen = [c for c in cases if c[3]][:count] + [c for c in cases if c[4]][:count] if any(c[3] or c[4] for c in cases) else cases[:1]
    return {c[0]: c for c in chosen}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--ops", default=",".join(OPS))
    p.add_argument("--count", type=int, default=2)
    p.add_argument("--draws", type=int, default=80)
    p.add_argument("--seed", type=int, default=21)
    a = p.parse_args()
    make_ops.load_others()
    ops = make_ops.chosen(p, a.ops)
    os.makedirs(a.out, exist_ok=True)
    for op in ops:
        for scheme in make_ops.OPERATORS[op][1]:
            if not make_ops.is_integer(scheme) or scheme in ("i32", "i64"):
                continue
            chosen = pick([c for c in (draw(op, scheme, n, a.seed) for n in range(a.draws)) if c], a.count)
            for number, blob, arrays, ruy, single, _ in chosen.values():
                stem = os.path.join(a.out, f"rounding.{op}.{scheme}.{number:03d}")
                with open(stem + ".tflite", "wb") as f:
                    f.write(blob)
                np.savez_compressed(stem + ".npz", **arrays)
            print(f"{op}.{scheme}: {len(chosen)} cases, {sum(c[3] for c in chosen.values())} differ by ruy, {sum(c[4] for c in chosen.values())} by single", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
