#!/usr/bin/env python3
"""The C programs that drive LiteRT, end to end on one small int8 model: the example that registers the accelerator, and the bench with its report of failures.

usage: litert_programs.py EXAMPLE BENCH DELEGATE ARCHIVE.zip      (exit 77 where there is no device)"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import ai_edge_litert

example, bench, delegate, archive = sys.argv[1:]
runtime = str(pathlib.Path(ai_edge_litert.__file__).parent / "libLiteRt.so")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def expect(what, condition, detail):
    if not condition:
        sys.exit(f"FAILED: {what}: {detail}")
    print("ok:", what)


def measured(*arguments):
    """The bench's exit status and its rows by place."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "out.json")
        code, out, err = run(bench, "--runtime", runtime, "--delegate", delegate, "--runs", "2", "--json", report, *arguments)
        text = pathlib.Path(report).read_text() if os.path.exists(report) else ""
    expect("the bench writes its results", text, out + err)
    return code, {row["where"]: row for row in json.loads(text)["results"]}, out


code, out, _ = run(bench, "--list-devices", "--delegate", delegate)
if code and os.environ.get("HBY_REQUIRE_DEVICE") != "1":
    print("no OpenCL device:", out)
    sys.exit(77)
expect("a device is listed", code == 0 and out.startswith("0: "), out)

with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(archive) as z:
    name = next(n for n in sorted(z.namelist()) if ".i8." in n and n.endswith(".tflite"))
    model = z.extract(name, folder)

    code, out, err = run(example, runtime, delegate, model)
    expect("the example's output is right", code == 0 and "largest difference" in out, out + err)

    code, rows, out = measured(model)
    expect("the bench runs everywhere", code == 0 and set(rows) == {"device", "cpu", "host_ref"} and not any("failure" in r for r in rows.values()), out)
    device = rows["device"]
    expect("the device computes every node", device["nodes"]["device"] > 0 and device["nodes"]["runtime"] == 0 and device["partitions"] == 1, device)
    expect("it equals host_ref", device["difference_lsb"] == 0, device)
    expect("the times make sense", 0 < device["min_us"] <= device["median_us"] <= device["p90_us"] and device["setup_us"] > 0, device)
    expect("host_ref ran alone", rows["host_ref"]["nodes"]["device"] == 0 and rows["host_ref"]["nodes"]["host_ref"] > 0, rows["host_ref"])

    code, rows, out = measured("--option", "nonsense=1", model)
    expect("a wrong option is a row that names it", code == 1 and "nonsense" in rows["device"].get("failure", "") and "failure" not in rows["cpu"], out)
    code, rows, out = measured(os.path.join(folder, "missing.tflite"))
    expect("a missing model is a row", code == 1 and all("no such file" in r["failure"] for r in rows.values()), out)
    code, out, err = run(bench, "--runtime", delegate, model)
    expect("an unknown runtime is refused, and the right one named", code == 2 and "ai-edge-litert 2.3.0" in err, err)
