"""Every figure that Halfbyte aims at, measured in one run and set beside its aim: what bench/run --targets does after the set-up. The table is markdown.

usage: python -m bench.targets targets CACHE_FOLDER [OPTION...]"""
import argparse
import collections
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import numpy as np

from . import data, study, tflite_ops
from .models import flat, get, wheels, widths

NETWORKS = ("mobilenet_v1", "mobilenet_v2", "resnet50")
CONV, DEPTHWISE = "conv 1x1 28x28x512 -> 256", "depthwise"  # layers of bench/roofline/layers.def
SECTIONS = ("kernels", "networks", "add", "start-up", "memory", "small")
MEGA = 1e6

# Aims: Gop/s; parts of another time or size; microseconds; seconds.
CONV_ONE_CORE, CONV_ALL, DEPTHWISE_ONE_CORE, MEMORY_BOUND = 400, 750, 60, 0.8
AS_FAST, HALF_AS_LONG, OF_TFLITE_16X8, OF_OWN_INT8, NO_SLOWER = 1.0, 0.5, 0.02, 2.5, 1.05
ADD_OVER_US, COLD_S, WARM_S = 30, 1.5, 0.1
OF_ARENA, OF_FILE = 1.2, 1.1

# reached: True, False, or None for what is told beside the aims.
Row = collections.namedtuple("Row", "what aim measured reached")
# Median and quartiles over the rounds that both took part in.
Spread = collections.namedtuple("Spread", "low median high")


def spread(values):
    return Spread(*(float(v) for v in np.percentile(values, [25, 50, 75])))


def per_round(a, b, combine):
    """combine(a, b) of each round of two results of halfbyte-bench --compare."""
    pairs = [(x, y) for x, y in zip(a["rounds_us"], b["rounds_us"]) if x and y]
    return spread([combine(x, y) for x, y in pairs]) if pairs else None


def ratio(a, b):
    return per_round(a, b, lambda x, y: x / y)


def number(x):
    return f"{x:.3g}" if x < 1000 else f"{x:.0f}"


def words(s, unit=""):
    return f"{number(s.median)}{unit} ({number(s.low)} to {number(s.high)})"


def ms(result):
    return f"{number(result['median_us'] / 1e3)} ms"


def failures(*results):
    return next((f"failed: {r['failure']}" for r in results if "failure" in r), None)


# ---- kernels by themselves ----

def layers(options, only, threads):
    """What halfbyte-kernels says of the int8 layers whose name contains `only`."""
    with tempfile.TemporaryDirectory(prefix="halfbyte-") as folder:
        answer = pathlib.Path(folder) / "out.json"
        peer = f"cd {shlex.quote(str(study.TOP))} && exec {shlex.quote(sys.executable)} -m bench.tflite_ops"
        command = [options.kernels, "--only", only, "--scheme", "i8", "--threads", str(threads), "--tflite", peer, "--json", str(answer)]
        command += ["--rounds", str(min(options.runs, 100))] if options.runs else []
        command += ["--device", options.device] if options.device else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if not answer.exists() or answer.stat().st_size == 0:
            raise data.BadData(f"halfbyte-kernels ended with status {done.returncode}")
        answer = json.loads(answer.read_text())
    options.unsteady.append(answer["peak_change"])
    return answer["rows"], answer


def conv_row(options, threads, title, aim):
    (row,), answer = layers(options, CONV, threads)
    if "skipped" in row:
        return Row(title, f">= {aim} Gop/s", row["skipped"], False)
    tflite = f"; XNNPACK {number(2e-3 * row['multiply_adds'] / row['tflite_min_us'])}" if "tflite_min_us" in row else ""
    peak = answer["peak_gops"].get(row["peak"])
    return Row(title, f">= {aim} Gop/s", f"{number(row['gops'])} Gop/s{f' of {number(peak)}' if peak else ''}{tflite}", row["gops"] >= aim)


def kernel_rows(options):
    wheels.say("kernels by themselves")
    yield conv_row(options, 1, "1x1 convolution int8, 784 x 256 x 512, one core", CONV_ONE_CORE)
    if options.threads > 1:
        yield conv_row(options, options.threads, f"the same, {options.threads} cores", CONV_ALL)
    rows, _ = layers(options, DEPTHWISE, 1)
    told, reached = [], True
    for row in rows:
        name = row["layer"].removeprefix("depthwise ")
        if "skipped" in row:
            told.append(f"{name}: {row['skipped']}")
            reached = False
            continue
        share = row["roof_us"] / row["min_us"]
        bound = row["bound"] == "memory" and share >= MEMORY_BOUND
        told.append(f"{name}: {number(row['gops'])}" + ("" if row["gops"] >= DEPTHWISE_ONE_CORE else f" ({'' if bound else 'not '}memory-bound: {100 * share:.0f} % of what a copy of its bytes or the peak allows)"))
        reached = reached and (bound or row["gops"] >= DEPTHWISE_ONE_CORE)
    yield Row("depthwise 3x3 int8, one core", f">= {DEPTHWISE_ONE_CORE} Gop/s, or memory-bound", "; ".join(told), reached)


# ---- networks ----

def network_rows(options, networks):
    """`networks`: {name: {width: path}}, all widths of widths.RECIPES."""
    for name, files in networks.items():
        wheels.say(f"{name} in {', '.join(files)}")
        arguments = ["--compare", "--places", "device,cpu", *(["--runs", str(options.runs)] if options.runs else [])]
        by_file = measured(options, list(files.values()), *arguments)
        fast = measured(options, [files["float16"]], *arguments, "--option", "precision=fast")[str(files["float16"])]
        of = {w: by_file[str(f)] for w, f in files.items()}
        yield against_cpu(f"{name} int8", of["int8"], AS_FAST)
        default = failures(*of["float16"].values()) or words(ratio(of["float16"]["device"], of["float16"]["cpu"]))
        yield against_cpu(f"{name} float16, half weights and activations in memory", fast, AS_FAST, f"; in the default precision, float32 activations: {default}")
        yield row_16x8(name, of)
        yield against_cpu(f"{name} dynamic range", of["dynamic_range"], AS_FAST if name == "resnet50" else HALF_AS_LONG)


def measured(options, files, *arguments):
    results, answer = study.bench(options, files, *arguments)
    options.others.append(answer.get("others", 0))
    options.unsteady.append(answer.get("slowdown", 0))
    options.names.setdefault("device", answer.get("device"))
    options.names["runtime"] = answer["runtime"]
    return results


def against_cpu(title, places, most, more=""):
    device, cpu = places["device"], places["cpu"]
    aim = f"<= {most} x XNNPACK"
    if failures(device, cpu):
        return Row(title, aim, failures(device, cpu), False)
    r = ratio(device, cpu)
    return Row(title, aim, f"{words(r)}: {ms(device)} against {ms(cpu)}{more}", r.median <= most)


def row_16x8(name, of):
    device, cpu, own = of["int16x8"]["device"], of["int16x8"]["cpu"], of["int8"]["device"]
    title, aim = f"{name} 16x8", f"<= {OF_TFLITE_16X8} x TFLite and <= {OF_OWN_INT8} x our int8"
    if failures(device, cpu, own):
        return Row(title, aim, failures(device, cpu, own), False)
    by_tflite, by_own = ratio(device, cpu), ratio(device, own)
    return Row(title, aim, f"{words(by_tflite)} and {words(by_own)}: {ms(device)} against {ms(cpu)} and {ms(own)}", by_tflite.median <= OF_TFLITE_16X8 and by_own.median <= OF_OWN_INT8)


# ---- one call ----

def add_rows(options):
    wheels.say("one ADD of 1,000 elements")
    with tempfile.TemporaryDirectory(prefix="halfbyte-") as folder:
        path = pathlib.Path(folder) / "add.tflite"
        path.write_bytes(tflite_ops.build("add", "f32", 1, 1000, 1000, 1, 1, 1))
        places = measured(options, [path], "--compare", "--places", "device,cpu", *(["--runs", str(options.runs)] if options.runs else []))[str(path)]
    title, aim = "one ADD of 1,000 elements, whole call", f"<= {ADD_OVER_US} us over the runtime's own"
    device, cpu = places["device"], places["cpu"]
    if failures(device, cpu):
        yield Row(title, aim, failures(device, cpu), False)
        return
    over = per_round(device, cpu, lambda x, y: x - y)
    yield Row(title, aim, f"{words(over, ' us')} over: {number(device['median_us'])} us against {number(cpu['median_us'])}, least {number(device['min_us'])} against {number(cpu['min_us'])}",
              over.median <= ADD_OVER_US)


# ---- start-up ----

def started(options, model, driver_cache, programs):
    """(wall seconds, CPU seconds) from the process's first call to its first result."""
    results, answer = study.bench(options, [model], "--places", "device", "--runs", "1", together=False, programs=programs, environment={"POCL_CACHE_DIR": str(driver_cache)})
    row = results[str(model)]["device"]
    if "failure" in row:
        raise data.BadData(f"{model}: {row['failure']}")
    options.others.append(answer.get("others", 0))
    return (row["setup_us"] + row["first_us"]) / MEGA, row["setup_cpu_us"] / MEGA


def seconds(runs):
    """Medians, in words: (wall seconds, words)."""
    wall, cpu = (float(np.median(column)) for column in zip(*runs))
    return wall, f"{number(wall)} s; {number(cpu)} s of CPU time (medians of {len(runs)})"


def start_rows(options, model, cold_runs=3, warm_runs=5):
    wheels.say("start-up of MobileNet v2 int8, with every cache empty, and with caches")
    with tempfile.TemporaryDirectory(prefix="halfbyte-") as name:
        folder = pathlib.Path(name)
        place = lambda word: (folder / word).mkdir() or folder / word
        cold = [started(options, model, place(f"cold{k}"), "") for k in range(cold_runs)]
        driver, programs = place("driver"), place("programs")
        filling = started(options, model, driver, programs)
        warm = [started(options, model, driver, programs) for _ in range(warm_runs)]
    wall, text = seconds(cold)
    yield Row("start-up of MobileNet v2 int8, every cache empty", f"<= {COLD_S} s", f"{text}; with `serialization_dir` to be filled: {number(filling[0])} s, {number(filling[1])} s", wall <= COLD_S)
    wall, text = seconds(warm)
    yield Row("the same, the driver's cache and ours warm", f"<= {WARM_S} s", text, wall <= WARM_S)


# ---- memory ----

def constants(path):
    """({tensors with constant values}, their bytes in the file)."""
    model = flat.load(path)
    graph, sizes = model.subgraphs[0], {}
    fixed = set()
    for index, tensor in enumerate(graph.tensors):
        values = model.buffers[tensor.buffer].data
        if values is not None and len(values):
            fixed.add(index)
            sizes[tensor.buffer] = len(values)
    return fixed, sum(sizes.values())


def arena_bytes(path, fixed):
    """TFLite's arena without any delegate: from the lowest to the highest address of a tensor that is computed."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    low, high = None, 0
    for detail in interpreter.get_tensor_details():
        if detail["index"] in fixed:
            continue
        try:
            view = interpreter.tensor(detail["index"])()
        except ValueError:  # never computed
            continue
        start = view.__array_interface__["data"][0]
        low, high = min(start, low or start), max(high, start + view.nbytes)
    return high - low if low else 0


def memory_rows(options, files):
    """`files`: {name: path}"""
    wheels.say("memory")
    results = measured(options, list(files.values()), "--places", "device", "--runs", "1")
    for name, path in files.items():
        row = results[str(path)]["device"]
        title = f"{name}: activations; packed weights"
        aim = f"<= {OF_ARENA} x TFLite's arena; <= {OF_FILE} x their size in the file"
        if "failure" in row or "activation_bytes" not in row:
            yield Row(title, aim, failures(row) or "the log does not say it", False)
            continue
        fixed, in_file = constants(path)
        arena = arena_bytes(path, fixed)
        parts = row["activation_bytes"] / max(arena, 1), row["weight_bytes"] / max(in_file, 1)
        yield Row(title, aim, f"{parts[0]:.2f}: {row['activation_bytes']:,} of {arena:,} bytes; {parts[1]:.2f}: {row['weight_bytes']:,} of {in_file:,}",
                  parts[0] <= OF_ARENA and parts[1] <= OF_FILE)


# ---- small networks ----

def small_rows(options, files):
    """`files`: {title: path}. With the cost model, as users have it: claim=auto."""
    wheels.say("small networks, with the cost model")
    aim = f"left to the CPU, or <= {NO_SLOWER} x XNNPACK"
    results = measured(options, list(files.values()), "--compare", "--places", "device,cpu", "--option", "claim=auto", *(["--runs", str(options.runs)] if options.runs else []))
    for title, path in files.items():
        device, cpu = results[str(path)]["device"], results[str(path)]["cpu"]
        if failures(device, cpu):
            yield Row(title, aim, failures(device, cpu), False)
            continue
        taken, r = device.get("nodes", {}).get("device", 0), ratio(device, cpu)
        where = f"{taken} of {sum(device['nodes'].values())} nodes on the device" if taken else "left to the CPU"
        yield Row(title, aim, f"{where}; {words(r)}: {number(device['median_us'])} us against {number(cpu['median_us'])}", taken == 0 or r.median <= NO_SLOWER)


# ---- the table ----

def sections(options):
    """Rows, section by section; networks are made when they are first needed."""
    cache, chosen = options.cache, options.only
    every = tuple(widths.RECIPES)
    if "kernels" in chosen:
        yield from kernel_rows(options)
    if "networks" in chosen:
        wheels.say("networks: known architectures with seeded weights, in all widths")
        yield from network_rows(options, {name: get.ensure(cache, name, every) for name in NETWORKS})
    if "add" in chosen:
        yield from add_rows(options)
    if "start-up" in chosen:
        yield from start_rows(options, get.ensure(cache, "mobilenet_v2", ("int8",))["int8"])
    small = {f"{name} {w}": path for name in get.SMALL for w, path in (get.ensure(cache, name, ("int8", "float16")) if {"memory", "small"} & set(chosen) else {}).items()}
    if "memory" in chosen:
        files = {f"{name} int8": get.ensure(cache, name, ("int8",))["int8"] for name in NETWORKS}
        yield from memory_rows(options, {**files, **{title: path for title, path in small.items() if title.endswith("int8")}})
    if "small" in chosen:
        mnist = {f"{name} {w}": study.MODELS / f"{name}.{kind}.tflite" for name in ("mnist_mlp", "mnist_cnn") for w, kind in (("float32", "float32"), ("int8", "qat"))}
        yield from small_rows(options, {**mnist, **small})


def processor():
    try:
        names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else "unknown processor"


def run(options):
    """Prints the table, row by row as they come, and returns the rows."""
    print("| what | aim | measured | |\n|---|---|---|---|", flush=True)
    rows = []
    for row in sections(options):
        rows.append(row)
        print(f"| {row.what} | {row.aim} | {row.measured.replace('|', '/')} | {'reached' if row.reached else '**not reached**'} |", flush=True)
    reached = sum(row.reached for row in rows)
    names = options.names
    print(f"\n{reached} of {len(rows)} reached. {processor()}; {names.get('device') or 'no network was run'}; {options.threads} threads; LiteRT {names.get('runtime', 'not used')}; load {os.getloadavg()[0]:.1f}.")
    print("Ratios: the median over rounds of blocks of runs in turns, and the quartiles; times are medians of all runs. Gop/s: of the best round. Start-up: from the process's first call to the\n"
          "first result. TFLite's arena: of its reference kernels.")
    if study.busy(options.others, options.unsteady):
        print(study.busy(options.others, options.unsteady))
    return rows


def chosen_sections(text):
    chosen = [w.strip() for w in text.split(",")]
    for word in chosen:
        if word not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section is called '{word}'; there are: {', '.join(SECTIONS)}")
    return chosen


def main():
    p = argparse.ArgumentParser(prog="bench/run --targets", usage="%(prog)s [OPTION...]", add_help=False)
    study.common(p)
    p.add_argument("--only", type=chosen_sections, default=list(SECTIONS))
    p.add_argument("--kernels", default=str(study.TOP / "build" / "halfbyte-kernels"))
    options = p.parse_args(sys.argv[3:])
    options.cache, options.threads = pathlib.Path(sys.argv[2]), options.threads or len(os.sched_getaffinity(0))
    options.others, options.unsteady, options.names = [], [], {}
    study.writable(options.json)
    try:
        rows = run(options)
    except (data.BadData, ValueError) as error:
        sys.exit(f"error: {error}")
    if options.json:
        result = {"schema_version": 1, **options.names, "threads": options.threads, "others": max(options.others, default=0), "rows": [row._asdict() for row in rows]}
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(1 if any(row.measured.startswith("failed: ") for row in rows) else 0)


if __name__ == "__main__":
    main()
