"""One network in several files, side by side: what bench/run --modes and --accuracy do after the set-up.

usage: python -m bench.study modes|accuracy CACHE_FOLDER [OPTION...] ..."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from . import data
from .models import digits, flat, modes, photos, wheels

TOP = pathlib.Path(__file__).resolve().parents[1]
MODELS = TOP / "bench" / "models"
SMALL = MODELS / "mnist_mlp.float32.tflite"  # run first in every process, so that the runtime's and the driver's own memory is not counted
PLACES = ("device", "cpu")
USAGE = {"modes": "[OPTION...] [MODEL.tflite...]", "accuracy": "[OPTION...] DATA MODEL.tflite..."}  # bench/run --help says the rest


def bench(options, models, *arguments, together=True, programs=None, environment=None):
    """Runs halfbyte-bench on all models in turns, or one after the other: ({path: {place: result}}, the whole answer). Compiled programs are kept in the folder
    `programs`; None takes the cache's, "" keeps none."""
    with tempfile.TemporaryDirectory(prefix="halfbyte-") as folder:
        answer = pathlib.Path(folder) / "out.json"
        command = [options.program, "--json", str(answer), *(["--together", "--before", str(SMALL)] if together else []), *arguments]
        for flag in ("device", "threads", "runtime", "delegate"):
            if getattr(options, flag) is not None:
                command += [f"--{flag}", str(getattr(options, flag))]
        if programs is None:  # compiled once, in the first of several passes
            programs = (options.cache / "programs").resolve()
            programs.mkdir(parents=True, exist_ok=True)
        if str(programs) and not set(":;") & set(str(programs)):
            command += ["--option", f"serialization_dir={programs}"]
        for word in options.option:
            command += ["--option", word]
        command += ["--verbose"] if options.verbose else []
        done = subprocess.run(command + ["--"] + [str(m) for m in models], stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        if not answer.exists() or answer.stat().st_size == 0:
            raise data.BadData(f"halfbyte-bench ended with status {done.returncode}")
        answer = json.loads(answer.read_text())
    by_model = {}
    for row in answer["results"]:
        by_model.setdefault(row["model"], {})[row["where"]] = row
    return by_model, answer


def measure(options, files, samples):
    """Runs all files over the samples, then times them: a dict for each, with a dict for each place."""
    rows, outputs = [], {}
    with tempfile.TemporaryDirectory(prefix="halfbyte-") as folder:
        links, feeds = [], {}
        for k, (title, path) in enumerate(files):
            ends = data.ends(path)
            if samples.y is not None and samples.y.dtype == np.int64:
                data.check_labels(path, ends[1], samples.y)
            link = pathlib.Path(folder) / f"{k:02d}.{path.name}"
            link.symlink_to(path.resolve())
            kinds = tuple((e.dtype, e.scale, e.zero_point) for e in ends[0])
            if kinds not in feeds:  # the same bytes serve all files with the same inputs
                feeds[kinds] = pathlib.Path(folder) / f"{len(feeds)}.in"
                data.write_feed(path, ends[0], samples, feeds[kinds])
            link.with_name(link.name + ".in").symlink_to(feeds[kinds])
            links.append((link, ends[1]))
            rows.append({"mode": title, "file": str(path), "bytes": path.stat().st_size})
        count = len(samples.x[0])
        wheels.say(f"running {count} samples through {len(files)} files, on the device and on the CPU")
        ran, _ = bench(options, [link for link, _ in links], "--feed", "--runs", "1")
        for row, (link, ends) in zip(rows, links):
            for place in PLACES:
                if "failure" not in ran[str(link)][place]:
                    outputs[row["mode"], place] = data.read_outputs(link.with_name(f"{link.name}.{place}.out"), ends, count)
        wheels.say("timing them in turns")
        timed, answer = bench(options, [link for link, _ in links], *(["--runs", str(options.runs)] if options.runs else []))
        for row, (link, _) in zip(rows, links):
            for place in PLACES:
                first, result = ran[str(link)][place], timed[str(link)][place]
                row[place] = first if "failure" in first else result
                row["width"] = result["width"]
                for key in ("model", "network", "where", "width", "model_bytes"):
                    row[place].pop(key, None)
    base = next((r for r in rows if r["width"] == "float32"), rows[0])
    for row in rows:
        row["smaller"] = base["bytes"] / row["bytes"]
        for place in PLACES:
            r = row[place]
            if (row["mode"], place) in outputs and "failure" not in r:
                r.update(judge(outputs[row["mode"], place], outputs.get((base["mode"], "cpu")), samples))
                if "min_us" in base[place]:
                    r["faster"] = base[place]["min_us"] / r["min_us"]
    return {"samples": count, "data": samples.where, "reference": base["mode"], "others": answer.get("others", 0), "modes": rows}, answer


def judge(outputs, reference, samples):
    if samples.y is not None and samples.y.dtype == np.int64:
        return {"top1": data.top1(outputs, samples.y)}
    if samples.y is not None:
        y = samples.y.reshape(len(samples.y), -1)
        match = next((o for o in outputs if o.shape == y.shape), None)
        if match is None:
            raise data.BadData(f"y has {y.shape[1]} values for each sample, and the outputs {', '.join(str(o.shape[1]) for o in outputs)}: one of them must have as many")
        return {"error": data.mean_error([match], [y])}
    return {"error": data.mean_error(outputs, reference)} if reference is not None else {}


def busy(others, unsteady=()):
    """What to tell about other processes, or ''. `others`: their part of the processors' time in each measurement; `unsteady`: by how much the same arithmetic differed, before and after."""
    most, change = max(others, default=0), max(unsteady, default=0)
    notes = [f"other processes had up to {100 * most:.0f} % of the processors' time in {sum(o > 0.05 for o in others)} of {len(others)} measurements"] if most > 0.05 else []
    notes += [f"the same arithmetic, before and after, differed by up to {100 * change:.0f} %"] if change > 0.15 else []
    return f"The machine was busy: {', and '.join(notes)}. These times are longer than they should be." if notes else ""


def milliseconds(us):
    return f"{us / 1e3:.{3 if us < 1e4 else 1}f}"


def megabytes(n):
    return f"{n / 1e6:.{2 if n < 1e7 else 1}f}" if n else "-"


def table(result, answer):
    """Lines of text."""
    rows, by_label = result["modes"], any("top1" in r.get(p, {}) for r in result["modes"] for p in PLACES)
    judged = "top-1" if by_label else "error"
    wide = max(len(r["mode"]) for r in rows + [{"mode": "mode"}])
    head = [f"{'':{wide}} {'':>8} {'':>7}  {'device':<61}  {'CPU':<43}",
            f"{'mode':{wide}} {'KB':>8} {'smaller':>7}  {'nodes':<10} {judged:>7} {'min ms':>8} {'median':>8} {'faster':>6} {'buffers':>8} {'grown':>6}  "
            f"{judged:>7} {'min ms':>8} {'median':>8} {'faster':>6} {'grown':>6}"]

    def place(r, device):
        if "failure" in r:
            return f"{'failed, see below':<{61 if device else 0}}"
        quality = f"{r['top1'] * 100:.1f} %" if "top1" in r else f"{r['error'] * 100:.2f} %" if "error" in r else "-"
        words = [f"{quality:>7}", f"{milliseconds(r['min_us']):>8}", f"{milliseconds(r['median_us']):>8}", f"{r['faster']:>6.2f}" if "faster" in r else f"{'-':>6}"]
        if device:
            n = r.get("nodes")
            words = [f"{'{device}+{host_ref}+{runtime}'.format(**n) if n else '-':<10}"] + words + [f"{megabytes(r.get('buffer_bytes')):>8}"]
        return " ".join(words + [f"{megabytes(r.get('memory_bytes')):>6}"])

    lines = head
    for r in rows:
        line = f"{r['mode']:{wide}} "
        if "why" in r:
            lines.append(line + f"{'-':>8} {'':>7}  {r['why']}")
        else:
            lines.append((line + f"{r['bytes'] / 1e3:>8.1f} {r['smaller']:>7.2f}  {place(r['device'], True)}  {place(r['cpu'], False)}").rstrip())
    return lines + [f"{r['mode']} on the {'device' if p == 'device' else 'CPU'}: {r[p]['failure']}" for r in rows for p in PLACES if "failure" in r.get(p, {})]


def legend(answer, error):
    lines = [f"device: {answer.get('device', 'none')}. CPU: LiteRT {answer['runtime']} with XNNPACK, {answer['threads']} threads. All take turns. nodes: on the device, on host_ref, left to the runtime.",
             "faster: the float32 file's least time / this one's, in the same place. buffers: MB on the device, of weights and activations. grown: MB by which the process grew at most, beyond what a",
             "small network had made it grow, until its first inference was done; where the CPU is the device, buffers are in it."]
    if error:
        lines.append(f"error: mean |difference| from {error}, as a part of the output's range, over all values.")
    return lines


def study(options, title, files, samples, missing=()):
    """Measures, prints, and returns what goes into the JSON file. `missing`: (row, mode, reason)."""
    result, answer = measure(options, files, samples)
    for at, mode, why in missing:
        result["modes"].insert(at, {"mode": mode, "why": why})
    result = {"network": title, **result}
    print(f"\n{title}: {result['samples']} samples ({result['data']})")
    for line in table(result, answer):
        print("    " + line)
    sys.stdout.flush()
    return result, answer


def finish(options, results, answer):
    by_error = [r for r in results if any("error" in m.get(p, {}) for m in r["modes"] for p in PLACES)]
    print()
    for line in legend(answer, by_error and (options.judged_by or by_error[0]["reference"] + "'s outputs on the CPU")):
        print("    " + line)
    if busy([r["others"] for r in results]):
        print("    " + busy([r["others"] for r in results]))
    if options.json:
        answer = {k: answer[k] for k in ("runtime", "device", "threads") if k in answer}
        pathlib.Path(options.json).write_text(json.dumps({"schema_version": 1, **answer, "networks": results}, indent=1) + "\n")
    failed = any("failure" in m.get(p, {}) for r in results for m in r["modes"] for p in PLACES)
    return 1 if failed else 0


def seeded(inputs, count, span, seed):
    """Samples for a network of which nothing is known."""
    rng = np.random.default_rng(seed)
    return data.Samples([rng.uniform(span[0], span[1], (count,) + tuple(abs(d) for d in e.shape[1:])).astype(np.float32) for e in inputs], None, "seeded random numbers")


def split(samples):
    """(for calibration, for judging): every kth to the first, a hundred at most; all to both if they are few."""
    n = len(samples.x[0])
    if n < 20:
        return samples, samples
    first = np.zeros(n, bool)
    first[::max(5, -(-n // 100))] = True
    part = lambda chosen: data.Samples([a[chosen] for a in samples.x], None if samples.y is None else samples.y[chosen], samples.where)
    return part(first), part(~first)


def samples_for(options, path):
    """(for calibration, for judging) of a network of the user's."""
    inputs, _ = data.ends(path)
    if options.data:
        samples = data.load(options.data, inputs[0].shape, options.range)
        data.fitted(path, inputs, samples)
        return split(samples)
    shape = inputs[0].shape
    if len(inputs) == 1 and len(shape) == 4 and shape[3] == 3:
        crops = photos.samples(options.cache, shape[1], shape[2], 24, *options.range)
        parts = [data.Samples([np.concatenate(c)], None, "crops of a photograph") for c in (crops[:8], crops[8:])]
        return parts[0], parts[1]
    return seeded(inputs, 8, options.range, 1), seeded(inputs, 16, options.range, 2)


def built_in(cache):
    """(title, file, samples for calibration, samples for judging): the networks of --modes without models."""
    (images, labels), (held, held_labels) = digits.load(cache)
    chosen = np.concatenate([np.flatnonzero(labels == d)[:10] for d in range(10)])
    for name in ("mnist_mlp", "mnist_cnn"):
        yield name, MODELS / f"{name}.float32.tflite", data.Samples([images[chosen]], labels[chosen], "digits"), data.Samples([held], held_labels, "held-out digits of MNIST")
    name = "hand_landmark_full"
    path = cache / "modes" / f"{name}.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wheels.member(cache, "mediapipe", f"mediapipe/modules/hand_landmark/{name}.tflite"))
    crops = photos.samples(cache, 224, 224, 24)
    yield name, path, data.Samples([np.concatenate(crops[:8])], None, ""), data.Samples([np.concatenate(crops[8:])], None, "crops of a photograph")


def run_modes(options):
    jobs = built_in(options.cache) if not options.models else ((p.name.removesuffix(".tflite").removesuffix(".float32"), p, *samples_for(options, p)) for p in map(pathlib.Path, options.models))
    results, answer = [], None
    for title, path, calibration, samples in jobs:
        folder = options.cache / "modes" / title
        folder.mkdir(parents=True, exist_ok=True)
        wheels.say(f"{title}: making its modes in {folder}")
        inputs, _ = data.ends(path)
        shaped = [a.reshape((-1, 1) + tuple(abs(d) for d in e.shape[1:])) for e, a in zip(inputs, data.fitted(path, inputs, calibration))]
        made = modes.make_all(path, folder, [[a[k].astype(e.dtype) for e, a in zip(inputs, shaped)] for k in range(len(shaped[0]))], options.only)
        result, answer = study(options, title, [(m, p) for m, p, _ in made if p], samples,
                               [(at, m, why) for at, (m, p, why) in enumerate(made) if not p])
        results.append(result)
    return finish(options, results, answer)


def run_accuracy(options):
    files = [pathlib.Path(m) for m in options.models]
    inputs, _ = data.ends(files[0])
    samples = data.load(options.data, inputs[0].shape, options.range)
    for f in files:
        data.fitted(f, data.ends(f)[0], samples)
    if options.samples:
        samples = data.Samples([a[:options.samples] for a in samples.x], None if samples.y is None else samples.y[:options.samples], samples.where)
    if samples.y is not None and samples.y.dtype != np.int64:
        options.judged_by = "y"
    names = [f.name.removesuffix(".tflite") for f in files]
    titles = [n if names.count(n) == 1 else str(f) for n, f in zip(names, files)]
    if len(set(titles)) < len(titles):
        raise data.BadData("a model is named twice")
    result, answer = study(options, pathlib.Path(options.data).name, list(zip(titles, files)), samples)
    return finish(options, [result], answer)


def positive(text):
    if not text.isdigit() or not 1 <= int(text) <= 1000000:
        raise argparse.ArgumentTypeError(f"'{text}': a number from 1 to 1000000 is needed")
    return int(text)


def span(text):
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': LOW,HIGH is needed, for example -1,1") from None
    if not (np.isfinite([low, high]).all() and low < high):
        raise argparse.ArgumentTypeError(f"'{text}': LOW must be less than HIGH")
    return low, high


def modes_of(text):
    known = [m.name for m in modes.MODES] + list(modes.TRAINED.values())
    chosen = [w.strip() for w in text.split(";")]
    for word in chosen:
        if word not in known:
            raise argparse.ArgumentTypeError(f"no mode is called '{word}'; there are: {'; '.join(known)}")
    return ["float32"] + chosen


def parser(kind):
    """What bench/run --help describes."""
    p = argparse.ArgumentParser(prog=f"bench/run --{kind}", usage="%(prog)s " + USAGE[kind], add_help=False)
    if kind == "modes":
        p.add_argument("models", nargs="*")
        p.add_argument("--data")
        p.add_argument("--only", type=modes_of)
    else:
        p.add_argument("data")
        p.add_argument("models", nargs="+")
        p.add_argument("--samples", type=positive)
    p.add_argument("--range", type=span, default=(0.0, 1.0))
    common(p)
    return p


def common(p):
    """What all studies take, and bench() passes on."""
    p.add_argument("-d", "--device")
    p.add_argument("-r", "--runs", type=positive)
    p.add_argument("-t", "--threads", type=positive)
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--json")
    p.add_argument("-v", "--verbose", action="store_true")
    p.add_argument("--program", default=str(TOP / "build" / "halfbyte-bench"))
    p.add_argument("--runtime")
    p.add_argument("--delegate")


def writable(path):
    """Ends with the reason where the JSON file cannot be written."""
    if path:
        try:
            open(path, "a").close()
        except OSError as error:
            sys.exit(f"error: cannot write {path}: {error.strerror}")


def main():
    kind, cache, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    if "--range" in words[:-1]:  # LOW may begin with a minus, which argparse takes for an option's
        at = words.index("--range")
        words[at:at + 2] = [f"--range={words[at + 1]}"]
    options = parser(kind).parse_intermixed_args(words)
    options.cache, options.judged_by = pathlib.Path(cache), None
    writable(options.json)
    try:
        sys.exit(run_modes(options) if kind == "modes" else run_accuracy(options))
    except (data.BadData, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
