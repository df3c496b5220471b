#!/usr/bin/env python3
"""Data that TFLite's reference kernels fail on, through the real runtime: the reference's invoke fails, ours fails as well, on host_ref and on the device, and the
next invoke with good data gives what the reference gives. Floats divided by 0 fail in neither.

usage: bad_data.py --delegate libhalfbyte.so
"""
import argparse
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate

from tflite_builder import Model


def model(op, options, version, shapes, dtypes, out_shape, constants=(None, None), scales=(None, None, None), **fields):
    m = Model()
    ins = [m.tensor(s, d, c, scale, None if scale is None else 0) for s, d, c, scale in zip(shapes, dtypes, constants, scales)]
    y = m.tensor(out_shape, dtypes[-1], scale=scales[-1])
    m.op(op, ins, [y], options, version=version, **fields)
    return m.bytes([t for t, c in zip(ins, constants) if c is None], [y])


def pair(op, options, dtype, version=1, good=(2, 3, 4), bad=(2, 0, 4), fails=True, scale=None):
    a = np.array([9, -7, 8], dtype)
    return (f"{op} {dtype}", model(op, options, version, [[3], [3]], [dtype, dtype, dtype], [3], scales=(scale, scale, scale)), [a, np.array(good, dtype)], [a, np.array(bad, dtype)], fails)


def cases():
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    for bad in (3, -1):
        yield (f"GATHER {bad}", model("GATHER", "GatherOptions", 1, [[3, 2], [2]], ["float32", "int32", "float32"], [2, 2], axis=0), [x, np.array([2, 0], np.int32)],
               [x, np.array([0, bad], np.int32)], True)
        yield (f"GATHER_ND {bad}", model("GATHER_ND", "GatherNdOptions", 1, [[3, 2], [1, 1]], ["float32", "int32", "float32"], [1, 2]), [x, np.array([[2]], np.int32)],
               [x, np.array([[bad]], np.int32)], True)
        yield (f"SCATTER_ND {bad}", model("SCATTER_ND", "ScatterNdOptions", 1, [[2, 1], [2, 2], [2]], ["int32", "float32", "int32", "float32"], [3, 2], (None, None, [3, 2]), (None,) * 4),
               [np.array([[2], [2]], np.int32), x[:2]], [np.array([[0], [bad]], np.int32), x[:2]], True)
        table = np.arange(6).reshape(3, 2)
        yield (f"EMBEDDING_LOOKUP {bad}", model("EMBEDDING_LOOKUP", None, 3, [[2], [3, 2]], ["int32", "int8", "float32"], [2, 2], (None, table), (None, 0.5, None)),
               [np.array([2, 0], np.int32)], [np.array([2, bad], np.int32)], True)
    yield pair("DIV", "DivOptions", "int32")
    for dtype in ("int8", "uint8", "int16"):
        yield pair("DIV", "DivOptions", dtype, 2, scale=0.5) if dtype != "uint8" else ("DIV uint8", model("DIV", "DivOptions", 1, [[3], [3]], ["uint8"] * 3, [3], scales=(0.5, 0.5, 0.5)),
                                                                                      [np.array([9, 7, 8], "uint8"), np.array([2, 3, 4], "uint8")],
                                                                                      [np.array([9, 7, 8], "uint8"), np.array([2, 0, 4], "uint8")], True)
    yield pair("DIV", "DivOptions", "float32", fails=False)
    for dtype, version in (("int8", 3), ("int16", 3), ("int32", 1), ("float32", 2)):
        yield pair("FLOOR_DIV", "FloorDivOptions", dtype, version)
    for dtype, version in (("int8", 2), ("int16", 2), ("int32", 1), ("int64", 1)):
        yield pair("FLOOR_MOD", "FloorModOptions", dtype, version)
    yield pair("FLOOR_MOD", "FloorModOptions", "float32", fails=False)
    yield pair("POW", "PowOptions", "int32", bad=(2, -1, 4))
    for op, version in (("SQRT", 2), ("RSQRT", 3)):
        yield (f"{op} int16", model(op, None, version, [[3]], ["int16", "int16"], [3], (None,), (0.01, 0.01)), [np.array([900, 2000, 30000], np.int16)], [np.array([900, -1, 30000], np.int16)], True)


def invoke(it, inputs):
    """The output, or None where invoke fails."""
    for detail, x in zip(it.get_input_details(), inputs):
        it.set_tensor(detail["index"], x)
    try:
        it.invoke()
    except RuntimeError:
        return None
    return it.get_tensor(it.get_output_details()[0]["index"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    library = os.path.abspath(p.parse_args().delegate)
    wrong = count = 0
    for name, blob, good, bad, fails in cases():
        for where in ("reference", "only", "auto"):
            delegates = [] if where == "reference" else [load_delegate(library, {"claim": "all", "host_ref": where})]
            it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_delegates=delegates)
            it.allocate_tensors()
            got = [invoke(it, data) for data in (good, bad, good)]
            if where == "reference":
                want = got
            ok = (got[1] is None) == fails and all(g is not None and np.array_equal(g, w) for g, w in ((got[0], want[0]), (got[2], want[2])))
            count += 1
            wrong += not ok
            if not ok:
                print(f"WRONG {name}, host_ref={where}: {got}, the reference {want}")
    print(f"{count} cases, {wrong} wrong")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
