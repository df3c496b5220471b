#!/usr/bin/env python3
"""The C programs that drive LiteRT, end to end on one small int8 model: the example that registers the accelerator, and the bench with its report of failures.

usage: litert_programs.py EXAMPLE BENCH DELEGATE ARCHIVE.zip      (exit 77 where there is no device)"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import zipfile

import ai_edge_litert

top = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(top))
from bench.models import flat  # noqa: E402
from expect import expect  # noqa: E402
from need_device import no_device  # noqa: E402

example, bench, delegate, archive = sys.argv[1:]
reference = f"PYTHONPATH={shlex.quote(str(top))} exec {shlex.quote(sys.executable)} -P -m bench.reference"
runtime = str(pathlib.Path(ai_edge_litert.__file__).parent / "libLiteRt.so")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def measured(*arguments):
    """The bench's exit status and its rows by place."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "out.json")
        code, out, err = run(bench, "--runtime", runtime, "--delegate", delegate, "--reference", reference, "--runs", "2", "--json", report, *arguments)
        text = pathlib.Path(report).read_text() if os.path.exists(report) else ""
    expect("the bench writes its results", text, out + err)
    return code, {row["where"]: row for row in json.loads(text)["results"]}, out


code, out, _ = run(bench, "--list-devices", "--delegate", delegate)
if code:
    sys.exit(no_device(out.strip()))
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

    code, rows, out = measured("--compare", model)
    expect("--compare runs everywhere", code == 0 and set(rows) == {"device", "cpu", "opt", "ref"} and not any("failure" in r for r in rows.values()), out)
    expect("it equals TFLite's reference kernels", rows["device"]["difference_lsb"] == 0 and rows["ref"]["difference_lsb"] == 0, rows)
    expect("a ratio to each other place, of both rounds", "device_ratio" not in rows["device"] and all(
        rows[p]["device_ratio"]["rounds"] == 2 and 0 < rows[p]["device_ratio"]["low"] <= rows[p]["device_ratio"]["median"] <= rows[p]["device_ratio"]["high"] for p in ("cpu", "opt", "ref")), rows)
    by_hand = sorted(a / b for a, b in zip(rows["device"]["rounds_us"], rows["cpu"]["rounds_us"]))
    expect("the ratio is that of the rounds", abs(sum(by_hand) / 2 - rows["cpu"]["device_ratio"]["median"]) <= 0.01 * by_hand[1], rows)
    code, rows, out = measured("--places", "ref,device", model)
    expect("--places", code == 0 and set(rows) == {"device", "ref"} and rows["device"]["difference_lsb"] == 0, out)
    code, rows, out = measured("--places", "litert_gpu,device,host_ref", "--litert-gpu", delegate, model)
    expect("another accelerator's place, by our own library", code == 0 and set(rows) == {"litert_gpu", "device", "host_ref"} and rows["litert_gpu"].get("difference_lsb") == 0 and
           0 < rows["litert_gpu"]["min_us"], rows)
    code, rows, out = measured("--places", "litert_gpu,cpu", "--litert-gpu", os.path.join(folder, "none.so"), model)
    expect("without it: a row that says why, and no failure", code == 0 and "none.so" in rows["litert_gpu"].get("skipped", "") and "min_us" in rows["cpu"], rows)
    code, rows, out = measured("--places", "litert_gpu,cpu", model)
    expect("LiteRT's own: it runs, or the reason is there", code == 0 and ("adapter" in rows["litert_gpu"] or len(rows["litert_gpu"].get("skipped", "")) > 20), rows)
    graph = flat.load(pathlib.Path(model)).subgraphs[0]
    shape = [int(n) for n in graph.tensors[graph.inputs[0]].shape]
    code, rows, out = measured("--places", "device,cpu,ref", "--shape", "x".join(str(n) for n in [3 * shape[0], *shape[1:]]), model)
    expect("--shape resizes the input everywhere", code == 0 and rows["device"]["difference_lsb"] == 0 and rows["device"]["nodes"]["runtime"] == 0, out)
    code, rows, out = measured("--places", "device,cpu", "--shape", "3x28", model)
    expect("another number of dimensions is a row that says so", code == 1 and all("dimensions" in r["failure"] for r in rows.values()), out)
    code, out, err = run(bench, "--places", "device,nowhere", model)
    expect("an unknown place is refused", code not in (0, 1) and "nowhere" in err, err)
    for shape in ("", "x", "3x", "3xx3", "0x3", "3x99999999999", "-1x3"):
        code, out, err = run(bench, "--shape", shape, model)
        expect(f"so is the shape '{shape}'", code not in (0, 1) and f"'{shape}'" in err, err)

    code, rows, out = measured("--option", "nonsense=1", model)
    expect("a wrong option is a row that names it", code == 1 and "nonsense" in rows["device"].get("failure", "") and "failure" not in rows["cpu"], out)
    code, rows, out = measured(os.path.join(folder, "missing.tflite"))
    expect("a missing model is a row", code == 1 and all("no such file" in r["failure"] for r in rows.values()), out)
    code, rows, out = measured("--device", "no such device", "--places", "device,cpu", model)
    expect("a device that there is not is a row that names it, not the CPU's times", code == 1 and "no such device" in rows["device"].get("failure", "") and "failure" not in rows["cpu"], rows)
    code, out, err = run(bench, "--runtime", delegate, model)
    expect("an unknown runtime is refused, and the right one named", code == 2 and "ai-edge-litert 2.3.0" in err, err)
