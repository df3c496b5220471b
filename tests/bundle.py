#!/usr/bin/env python3
"""bench/bundle and the `run` that it packs: small networks, packed, copied elsewhere, and run as a stranger would, each part once. No time is judged.

usage: bundle.py BUILD_FOLDER      (exit 77 where there is no device)"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
from bench.models import flat, widths  # noqa: E402
from expect import expect  # noqa: E402
from need_device import no_device  # noqa: E402

build = pathlib.Path(sys.argv[1]).resolve()
PARTS = {"version", "commit", "date", "system", "kernel", "glibc", "processor", "device_name", "driver", "checks", "summary", "seconds", "networks", "fast", "batch", "torch", "profile", "kernels"}


def run(*command, **environment):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=500, env=environment or None)
    return done.returncode, done.stdout + done.stderr


def a_driver():
    """The library of a driver that an .icd file of this machine names, or None."""
    for folder in (os.environ.get("OCL_ICD_VENDORS"), "/etc/OpenCL/vendors"):
        for file in sorted(pathlib.Path(folder).glob("*.icd")) if folder else []:
            name = file.read_text().split("\n")[0].strip()
            for place in ("", "/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/usr/lib64/", "/usr/lib/"):
                if name and pathlib.Path(place + name).is_absolute() and pathlib.Path(place + name).exists():
                    return pathlib.Path(place + name).resolve()
    return None


code, out = run(build / "halfbyte-bench", "--list-devices", "--delegate", build / "libhalfbyte.so")
driver = a_driver()
if code or not driver:
    sys.exit(no_device(f"or no driver's library: {out}"))

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    networks = TOP / "bench" / "models"
    shutil.copy(networks / "mnist_cnn.qat.tflite", folder / "mnist.int8.tflite")
    flat.save(widths.to_float16(flat.load(networks / "mnist_cnn.float32.tflite")), folder / "mnist.float16.tflite")
    made_here = {**os.environ, "HBY_BUNDLE_BUILD": str(build), "HBY_PYTHON": sys.executable}
    code, out = run(TOP / "bench" / "bundle", folder / "made", folder / "mnist.int8.tflite", folder / "mnist.float16.tflite", **made_here)
    expect("a bundle is made", code == 0 and (folder / "made" / "run").exists(), out)
    expect("within its size", sum(f.stat().st_size for f in (folder / "made").rglob("*") if f.is_file()) < 60e6)
    code, out = run(TOP / "bench" / "bundle", folder, **os.environ)
    expect("another folder is left alone", code != 0 and (folder / "mnist.int8.tflite").exists(), out)

    there = folder / "else where"
    shutil.move(folder / "made", there)
    (folder / "drivers").mkdir()
    (folder / "drivers" / "libmali.so.1").symlink_to(driver)  # found by its name: no .icd file has it
    (folder / "bin").mkdir()
    torch = os.environ.get("HBY_TORCH_PYTHON")  # one that has PyTorch; else the part's other answer is tested alone
    (folder / "bin" / "python3").write_text(f"#!/bin/sh\nexec '{sys.executable}' -S \"$@\"\n")
    (folder / "bin" / "python3").chmod(0o755)
    clean = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LD_LIBRARY_PATH": str(folder / "drivers")}
    results = there / "results"
    code, out = run(there / "run", "-d", "0", "-o", results, "-c", "1", "-j", "2", "-k", "relu:i8,floor,sign:f32", "-p", "devices,checks,networks,profile", **clean)
    expect("parts go right", code == 0, out)
    expect("a driver without an .icd file is found", "libmali.so.1 (found-libmali.icd)" in out, out)
    code, out = run(there / "run", "-d", "0", "-o", results, "-p", "kernels", "-x", "--only softmax --scheme i8 --rounds 1", "-l", driver, **clean)
    expect("another part later, with the driver named", code == 0 and "(given.icd)" in out, out)

    code, out = run(there / "run", "-d", "0", "-o", results, "-p", "torch", **clean)
    expect("a Python without torch is said, and is no failure", code == 0 and "has none that starts (ModuleNotFoundError" in out, out)
    if torch:
        (folder / "bin" / "python3").write_text(f"#!/bin/sh\nexec '{torch}' \"$@\"\n")
        code, out = run(there / "run", "-d", "0", "-o", results, "-p", "torch", **clean, HBY_TORCH_DEVICE="cpu")
        rows = {row["where"]: row for part in json.loads((results / "report.json").read_text())["torch"] for row in part["results"]}
        expect("torch beside Halfbyte, and how they differ", code == 0 and set(rows) == {"torch_eager", "device"} and 0 < rows["torch_eager"]["difference_fraction"] < 0.01, out)
    code, out = run(there / "run", "-d", "0", "-o", results, "-p", "networks,profile", "-m", "0", **clean)
    expect("parts for which there is no time are left out, and keep what they had", code == 0 and "mnist: left out: the 0 minutes for part networks are over" in out, out)

    report = json.loads((results / "report.json").read_text())
    expect("the report has all parts", PARTS <= set(report), PARTS - set(report))
    expect("what it was", all(report[k] for k in ("commit", "date", "kernel", "processor", "device_name", "driver")), report)
    expect("the checks", report["checks"]["right"] == 3 and report["checks"]["wrong"] == 0 and report["checks"]["failing"] == [], report["checks"])
    rows = {(row["width"], row["where"]): row for part in report["networks"] for row in part["results"]}
    expect("the networks", {place for width, place in rows if width == "int8"} == {"device", "cpu", "host_ref"} and rows["int8", "device"]["difference_fraction"] == 0, rows)
    expect("with precision=fast", {row["width"] for part in report["fast"] for row in part["results"]} == {"int8", "float16"}, report["fast"])
    (line,) = report["summary"]
    expect("int8 against float16", line["network"] == "mnist_b1" and line["int8_ms"] > 0 and line["float16_ms"] > 0 and line["int8_to_float16"] is not None and
           abs(line["int8_to_float16"] - line["int8_ms"] / line["float16_ms"]) < 0.1 + 0.1 * line["int8_to_float16"], line)
    expect("what was not measured is null", line["int16x8_ms"] is None and line["litert_gpu_float16_ms"] is None and (line["torch_float16_ms"] is not None) == bool(torch), line)
    expect("how long each part took", set(report["seconds"]) == {"checks", "fast", "networks", "profile", "kernels", "torch"}, report["seconds"])
    expect("what launches cost, and rates", report["kernels"]["launch_us"] > 0 and len(report["kernels"]["rows"]) > 0, report["kernels"])
    expect("launches of each network", {p["model"] for p in report["profile"]} == {"mnist_b1.int8", "mnist_b1.float16"} and all(p["launches"] > 3 for p in report["profile"]), report["profile"])
    text = (results / "report.txt").read_text()
    expect("the same for people", all(words in text for words in (report["driver"], "empty launch", "mnist_b1", "int8/f16", "for the table", "0 failed")), text)

    (there / "bin" / "checks").write_text("#!/bin/sh\necho FAIL here\nexit 1\n")
    code, out = run(there / "run", "-d", "0", "-o", results, "-p", "checks", "-k", "relu", **clean)
    report = json.loads((results / "report.json").read_text())
    expect("a failing check fails it, and is named", code == 1 and report["checks"]["wrong"] == 1 and report["checks"]["failing"] == ["relu"], out)
    expect("the other parts stay", report["networks"] and report["kernels"]["rows"], sorted(report))
    code, out = run(there / "run", "-p", "nothing", **clean)
    expect("a part that there is not", code == 2 and "nothing" in out, out)
    code, out = run(there / "run", "-d", "no such device", **clean)
    expect("a device that there is not", code == 2 and "no such device" in out, out)
    code, out = run(there / "run", "-n", "no such network", **clean)
    expect("a network that there is not", code == 2 and "mnist" in out, out)
