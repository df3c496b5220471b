"""How the time of a network grows with its work: batch, size of the image, threads. What bench/run --scaling does after the set-up.

usage: python -m bench.scaling scaling CACHE_FOLDER [OPTION...] [MODEL.tflite...]"""
import argparse
import json
import math
import os
import pathlib
import sys

from . import data, study
from .models import flat, get, wheels
from .models.flat import schema

NETWORKS, WIDTHS = ("mobilenet_v2", "resnet50"), ("float16", "int8")
BATCHES, SIZES = (1, 2, 4, 8, 16, 32), (96, 128, 160, 224, 320, 384, 512)
ROUNDS = 5
FASTER = 1.10  # time per product above this multiple of the smallest work's: the cost grows faster than the work


def products(path, shape):
    """Multiply-adds of convolutions and matrix products, the first input resized to `shape`."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model = flat.load(path)
    graph, op_of = model.subgraphs[0], schema.BuiltinOperator
    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.resize_tensor_input(int(graph.inputs[0]), shape)
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        raise data.BadData(f"{path} cannot be resized to {shape}: {str(error).strip().splitlines()[0]}") from None
    sizes = {d["index"]: [int(n) for n in d["shape"]] for d in interpreter.get_tensor_details()}
    total = 0
    for op in graph.operators:
        code = flat.op_code(model, op)
        if code not in (op_of.CONV_2D, op_of.DEPTHWISE_CONV_2D, op_of.FULLY_CONNECTED):
            continue
        weights, out = sizes[int(op.inputs[1])], sizes[int(op.outputs[0])]
        taps = weights[1:3] if code == op_of.DEPTHWISE_CONV_2D else weights[1:]
        total += math.prod(out) * math.prod(taps)
    return total


def sweeps(options, shape):
    """[(title, [shapes])]: batches at the model's own size, and square images of one sample."""
    own = [max(n, 1) for n in shape]
    found = [("batch", [[n, *own[1:]] for n in options.batches])]
    if len(own) == 4:
        found.append(("image", [[1, n, n, own[3]] for n in options.sizes]))
    return found


def measured(options, path, shape, threads):
    """{place: (microseconds, or None, failure)}"""
    chosen = argparse.Namespace(**{**vars(options), "threads": threads})
    results, answer = study.bench(chosen, [path], "--compare", "--places", "device,cpu", "--runs", str(options.runs or ROUNDS), "--shape", "x".join(map(str, shape)), together=False)
    options.others.append(answer.get("others", 0))
    options.names = {"device": answer.get("device"), "runtime": answer["runtime"]}
    return {place: (row.get("min_us"), row.get("failure")) for place, row in results[str(path)].items()}


def sweep(options, path, shapes, threads):
    """A dict for each shape, by growing work. growth: time per product as a multiple of that of the smallest."""
    rows = sorted(({"shape": s, "mmac": products(path, s) / 1e6} for s in shapes), key=lambda row: row["mmac"])
    least = {}
    for row in rows:
        for place, (us, failure) in measured(options, path, row["shape"], threads).items():
            row[place] = {"failure": failure} if failure else {"ms": us / 1e3, "us_per_mmac": us / row["mmac"]}
            if not failure:
                row[place]["growth"] = row[place]["us_per_mmac"] / least.setdefault(place, row[place]["us_per_mmac"])
    return rows


def line(row):
    words = [f"    {'x'.join(map(str, row['shape'])):<16} {row['mmac']:>10.1f}"]
    for place in study.PLACES:
        r = row[place]
        words.append(f"{'failed, see below':<28}" if "failure" in r else f"{r['ms']:>10.3f} {r['us_per_mmac']:>8.2f} {r['growth']:>6.2f}{'!' if r['growth'] > FASTER else ' '}")
    return "  ".join(words).rstrip()


def run(options, files):
    """Prints a table for each network, sweep and number of threads; returns them."""
    tables = []
    for title, path in files:
        shape = data.ends(path)[0][0].shape
        for threads in options.counts:
            for kind, shapes in sweeps(options, shape):
                wheels.say(f"{title}, {kind}, threads: {threads}")
                print(f"\n{title}, {kind}, threads: {threads}\n    {'input':<16} {'MMAC':>10}  {'device ms':>10} {'us/MMAC':>8} {'growth':>6}   {'XNNPACK ms':>10} {'us/MMAC':>8} {'growth':>6}")
                rows = sweep(options, path, shapes, threads)
                print("\n".join(line(row) for row in rows), flush=True)
                tables.append({"network": title, "sweep": kind, "threads": threads, "rows": rows})
    return tables


def conclude(options, tables):
    """The lines below the tables, and how many measurements failed."""
    rows = [(t, row) for t in tables for row in t["rows"]]
    faster = [(t, row) for t, row in rows if row["device"].get("growth", 0) > FASTER]
    failed = sum("failure" in row[place] for _, row in rows for place in study.PLACES)
    for failure in dict.fromkeys(f"{place}: {row[place]['failure']}" for _, row in rows for place in study.PLACES if "failure" in row[place]):
        print(failure)
    print(f"\ndevice: {options.names.get('device')}. ms: the least of all runs, in blocks in turns with XNNPACK. growth: us/MMAC as a multiple of that of the sweep's smallest work;\n"
          f"above {FASTER:.2f}, marked with !, the cost grows faster than the work: {len(faster)} of {len(rows)} on the device.")
    if study.busy(options.others):
        print(study.busy(options.others))
    return failed


def counts(text):
    return [study.positive(word) for word in text.split(",")]


def main():
    p = argparse.ArgumentParser(prog="bench/run --scaling", usage="%(prog)s [OPTION...] [MODEL.tflite...]", add_help=False)
    p.add_argument("models", nargs="*")
    p.add_argument("--batches", type=counts, default=BATCHES)
    p.add_argument("--sizes", type=counts, default=SIZES)
    study.common(p)
    options = p.parse_intermixed_args(sys.argv[3:])
    options.cache, options.others, options.names = pathlib.Path(sys.argv[2]), [], {}
    every = len(os.sched_getaffinity(0))
    options.counts = [options.threads] if options.threads else [1] + [every] * (every > 1)
    study.writable(options.json)
    try:
        if options.models:
            files = [(pathlib.Path(m).name.removesuffix(".tflite"), pathlib.Path(m)) for m in options.models]
        else:
            files = [(f"{name} {width}", path) for name in NETWORKS for width, path in get.ensure(options.cache, name, WIDTHS).items()]
        tables = run(options, files)
    except (data.BadData, ValueError) as error:
        sys.exit(f"error: {error}")
    failed = conclude(options, tables)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"schema_version": 1, **options.names, "tables": tables}, indent=1) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
