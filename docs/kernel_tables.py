#!/usr/bin/env python3
"""Writes the tables of docs/performance.md from what `bench/kernels --tflite --json FILE` wrote: one table per file.

usage: kernel_tables.py FILE.json...     rewrites docs/performance.md between its marks
"""
import json
import pathlib
import re
import sys

SCHEMES = ["f32", "f16", "i8", "u8", "i16", "f32w8"]


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def cell(row):
    if row is None:
        return ""
    if "skipped" in row:
        return "-"
    text = short(row["min_us"])
    if "tflite_min_us" in row:
        ratio = row["tflite_min_us"] / row["min_us"]
        text += f", {ratio:.0f}x" if ratio >= 10 else f", {ratio:.2f}x"
    return f"{text}, {100 * row['roof_us'] / row['min_us']:.0f} %"


def table(result):
    peaks = ", ".join(f"{name} {value:.0f}" for name, value in result["peak_gops"].items())
    copies = result["copy"]
    inside, outside = max(c["gbs"] for c in copies), copies[-1]["gbs"]
    out = [f"{result['device']['platform']}, {result['device']['name']}, threads: {result['threads']}. Peaks: {peaks} Gop/s; copy {inside:.0f} GB/s in the caches, {outside:.0f} GB/s outside; "
           f"launch {result['launch_us']:.1f} µs.", "",
           "| layer | " + " | ".join(SCHEMES) + " |", "|---" * (len(SCHEMES) + 1) + "|"]
    layers = {}
    for row in result["rows"]:
        layers.setdefault(row["layer"], {})[row["scheme"]] = row
    for name, rows in layers.items():
        out.append(f"| {name} | " + " | ".join(cell(rows.get(s)) for s in SCHEMES) + " |")
    blas = [(row["clblast_min_us"] / row["min_us"], row["layer"]) for row in result["rows"] if "clblast_min_us" in row]
    if blas:
        out += ["", f"CLBlast's SGEMM takes {min(blas)[0]:.0f} to {max(blas)[0]:.0f} times as long as f32 on the layers that are matrix products."]
    return out


def main():
    page = pathlib.Path(__file__).resolve().parent / "performance.md"
    lines = []
    for path in sys.argv[1:]:
        lines += table(json.loads(pathlib.Path(path).read_text())) + [""]
    text, n = re.subn(r"<!-- kernels -->.*?<!-- end of kernels -->", lambda _: "<!-- kernels -->\n" + "\n".join(lines) + "<!-- end of kernels -->", page.read_text(), flags=re.S)
    if n != 1:
        sys.exit("performance.md has no marks <!-- kernels --> ... <!-- end of kernels -->")
    page.write_text(text)


if __name__ == "__main__":
    main()
