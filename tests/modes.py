#!/usr/bin/env python3
"""Every mode of quantization, of a network with real weights on real images: on the device alone, and equal to TFLite's reference kernels. One test for each row of README's table.

usage: modes.py --delegate LIBRARY [--option KEY=VALUE ...] [--where device|host_ref] NETWORK.float32.tflite      (exit 77 where there is no device)"""
import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
from bench import data  # noqa: E402
from bench.models import modes  # noqa: E402
from need_device import no_device  # noqa: E402

# What the report calls each mode, and how far the device may be from the reference kernels: in steps of an integer output, or as a part of a float output's range. Where a float
# decides an integer on the way (dynamic range), one that lies on the edge may fall the other way, and the bound is that of one step of the activations.
EXPECTED = {
    "float32": ("float32", 1e-5), "float16": ("float16", 1e-5),
    "dynamic int8": ("dynamic_range", 1e-6), "dynamic int4": ("dynamic_range", 1e-6),
    "dynamic int4 b32": ("mixed", 1e-4),  # convolutions stay float32; XNNPACK stands in for the reference kernel, which is wrong, and quantizes rows a little otherwise
    "weight-only int8": ("weight_only", 1e-5), "weight-only int4": ("weight_only", 1e-5),
    "int8, float ends": ("full_integer_float_fallback", 0), "int8": ("integer_only", 0), "int8, uint8 ends": ("integer_only", 0), "int8 x int4": ("integer_only", 0),
    "16x8": ("int16x8", 0), "16x8, float ends": ("int16x8_float_fallback", 0),
    "qat int8": ("full_integer_float_fallback", 0), "qat int4": ("full_integer_float_fallback", 0),
}


def run(path, images, **arguments):
    """The output for each image, as it is stored."""
    it = Interpreter(str(path), num_threads=1, **arguments)
    it.allocate_tensors()
    source, target, out = it.get_input_details()[0], it.get_output_details()[0], []
    end = data.ends(path)[0][0]
    for image in images:
        it.set_tensor(source["index"], data.stored(path, end, image).reshape(source["shape"]))
        it.invoke()
        out.append(it.get_tensor(target["index"]).copy())
    return np.stack(out)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--delegate", required=True)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--where", default="device")
    parser.add_argument("network", type=pathlib.Path)
    given = parser.parse_args()
    digits = np.load(TOP / "tests" / "golden" / "digits.npz")
    images = digits["x"].astype(np.float32) / 255
    shape = (-1, 1) + data.ends(given.network)[0][0].shape[1:]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        made = modes.make_all(given.network, folder, [[x] for x in images[::5].reshape(shape)])
        for name, path, why in made:
            if not path:
                print(f"{name}: not made: {why}")
                failed += [name] if name != "dynamic int4 b32" else []
                continue
            kind, bound = EXPECTED[name]
            report = folder / f"{modes.key(name)}.json"
            options = {"claim": "all", "report_path": str(report), **dict(o.split("=", 1) for o in given.option)}
            got = run(path, images, experimental_delegates=[load_delegate(given.delegate, options)])
            said = json.loads(report.read_text())
            if said["device"].get("name") is None and given.where == "device":
                sys.exit(no_device(said["device"]))
            want = run(path, images, **({} if kind == "mixed" else {"experimental_op_resolver_type": OpResolverType.BUILTIN_REF}))
            difference = float(np.abs(got.astype(np.float64) - want).max() / (1 if got.dtype.kind in "iu" else max(want.max() - want.min(), 1e-6)))
            right = float((got.reshape(len(got), -1).argmax(1) == digits["y"]).mean())
            problems = [f"{difference} from the reference kernels"] if not difference <= bound else []
            problems += [f"the report calls it {said['mode']}"] if said["mode"] != kind else []
            problems += [f"nodes elsewhere: {said['summary']}"] if said["summary"]["runtime"] or said["summary"]["host_ref" if given.where == "device" else "device"] else []
            launches = said["summary"]["launches"]
            if launches != sum(node.get("launches", 0) for node in said["nodes"]) or (launches > 0) != (given.where == "device"):
                problems += [f"{launches} launches, which is not what the nodes say"]
            problems += [f"{said['partitions']} partitions"] if said["partitions"] != 1 else []
            problems += [f"{right:.1%} of the digits"] if right < 0.9 else []
            print(f"{name}: {'; '.join(problems) or f'ok, {difference:.2g} from the reference kernels, {right:.0%} of the digits'}")
            failed += [name] if problems else []
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}")


if __name__ == "__main__":
    main()
