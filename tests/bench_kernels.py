#!/usr/bin/env python3
"""halfbyte-kernels end to end: exit statuses, and what it writes for programs. No time is judged.

usage: bench_kernels.py PROGRAM      (exit 77 where there is no device)"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

from expect import expect
from need_device import no_device

program = sys.argv[1]
top = pathlib.Path(__file__).resolve().parent.parent
SCHEMES = {"f32", "f16", "i8", "u8", "i16", "f32w8"}


def run(*arguments, **environment):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


code, out, err = run("--only", "no such layer")
expect("a name that no layer has is an error", code == 1 and "no such layer" in err, (code, err))
code, _, err = run("--scheme", "i8,i9")
expect("so is an unknown scheme", code not in (0, 77) and "i9" in err, (code, err))
code, _, err = run("--deny-kernels", "softmax,i9")
expect("so is an unknown kernel", code not in (0, 77) and "'i9'" in err, (code, err))
code, _, err = run("--device", "no such device", "--only", "softmax")
expect("so is a device that there is not", code == 1 and "no such device" in err, (code, err))
code, out, _ = run("--list", "--only", "softmax")
expect("--list", code == 0 and {line.split()[2] for line in out.splitlines()[1:]} == SCHEMES - {"f32w8"}, out)
code, _, err = run("--only", "softmax", OCL_ICD_VENDORS="/nonexistent", OCL_ICD_FILENAMES="", HBY_REQUIRE_DEVICE="0")
expect("without a device the exit status is 77", code == 77 and "error" in err, (code, err))

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "out.json")
    peer = f"cd {shlex.quote(str(top))} && exec {shlex.quote(sys.executable)} -m bench.tflite_ops"
    code, out, err = run("--only", "7x7x160", "--rounds", "1", "--tflite", peer, "--json", path)
    if code == 77:
        sys.exit(no_device(err.strip()))
    expect("it measures", code == 0, out + err)
    result = json.loads(pathlib.Path(path).read_text())
rows = {row["scheme"]: row for row in result["rows"]}
expect("one row per scheme, none skipped", set(rows) == SCHEMES and not any("skipped" in row for row in rows.values()), rows)
expect("products and bytes are the layer's", all(row["multiply_adds"] == 7 * 7 * 160 * 960 for row in rows.values()) and rows["i8"]["bytes"] >= 7 * 7 * (160 + 960) + 160 * 960,
       rows["i8"])
expect("times, rates and bounds", all(0 < row["min_us"] <= row["median_us"] and row["gops"] > 0 and row["roof_us"] > 0 for row in rows.values()), rows)
expect("TFLite's times beside them", all(row["tflite_min_us"] > 0 for row in rows.values()), rows)
expect("peaks", {"float32", "int8", "16x8"} <= set(result["peak_gops"]) and all(v > 0 for v in result["peak_gops"].values()) and result["peak_gbs"] > 0, result)
expect("an empty launch, and the wait for one", 0 < result["launch_us"] <= result["answer_us"], result)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "out.json")
    code, out, err = run("--only", "7x7x160", "--rounds", "1", "--scheme", "i8,f16,i16,f32", "--json", path, HALFBYTE_DEVICE_FEATURES="kind=gpu,mma=emulate")
    expect("as on a GPU with matrix units", code == 0, out + err)
    result = json.loads(pathlib.Path(path).read_text())
rows = {row["scheme"]: row for row in result["rows"]}
expect("their peaks", all(result["peak_gops"].get(name, 0) > 0 for name in ("int8 matrix", "float16 matrix", "16x8 matrix")), result["peak_gops"])
expect("a kernel on them is held against them, another is not", rows["i8"]["peak"] == "int8 matrix" and rows["f16"]["peak"] == "float16 matrix" and rows["i16"]["peak"] == "16x8 matrix" and rows["f32"]["peak"] == "float32", rows)
expect("times by the device's clock", all(row.get("kernel_us", 0) > 0 for row in rows.values()), rows)
code, out, err = run("--only", "softmax", "--scheme", "i8", "--rounds", "1", "--tflite", "false")
expect("a peer that ends is no failure", code == 0 and "gone" in out, out + err)
code, out, err = run("--only", "softmax", "--scheme", "i8", "--rounds", "1", "--deny-kernels", "softmax")
expect("a layer without a kernel is a row that says so", code == 0 and "skipped" in out, out + err)
