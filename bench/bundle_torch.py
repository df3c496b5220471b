#!/usr/bin/env python3
"""Times a bundle's float networks in float16 on PyTorch, whose convolutions are cuDNN's (on AMD's GPUs MIOpen's): part `torch` of a bundle's `run`, which calls this.
It needs torch and Python 3.8, nothing else. Each network is built from NAME.layers.json, which bench/models/layers.py wrote, with the weights of NAME.tflite.gz beside it.

A run is what it is for Halfbyte: from an input in ordinary memory (float32), through pinned memory, to an output there, and the wait for it. `resident` is the same without the
two copies between memories. On --device cpu, for tests, everything is computed in float32."""
import argparse
import array
import gc
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time


def reason(e):
    """Of an exception, in one line."""
    return f"{type(e).__name__}: {(str(e).splitlines() or [''])[0]}"


try:
    import torch
    from torch.nn import functional
except Exception as e:  # an installation may be broken in many ways
    sys.exit(print(f"torch: {sys.executable} has none that starts ({reason(e)}); this part is left out"))

TURNS, SECONDS, MOST = 10, 1.0, 1000  # of each way to run a network: turns, time and runs in all
CLIP = {"NONE": lambda x: x, "RELU": torch.relu_, "RELU6": lambda x: x.clamp_(0, 6)}  # in place: on new results only


def say(*words):
    print(*words, flush=True)


def padding(pads, fill):
    """Pads on all sides as torch's windows take them, and a function that adds what they do not take: more on one side than on the other."""
    top, bottom, left, right = pads
    if top == bottom and left == right:
        return (top, left), lambda x: x
    return (0, 0), lambda x: functional.pad(x, (left, right, top, bottom), value=fill)


def conv(layer, constant):
    weights = constant(layer["weights"]).permute(*((3, 0, 1, 2) if layer["op"] == "DEPTHWISE_CONV_2D" else (0, 3, 1, 2)))
    weights, bias = weights.contiguous(memory_format=torch.channels_last), constant(layer["bias"])
    pads, pad = padding(layer["pads"], 0.0)
    return lambda x: functional.conv2d(pad(x), weights, bias, layer["stride"], pads, layer["dilation"], layer["groups"])


def dense(layer, constant):
    weights, bias = constant(layer["weights"]), constant(layer["bias"])
    return lambda x: functional.linear(rows(x).reshape(-1, weights.shape[1]), weights, bias)


def average(layer, constant):
    pads, _ = padding(layer["pads"], 0.0)
    return lambda x: functional.avg_pool2d(x, layer["window"], layer["stride"], pads, count_include_pad=False)


def maximum(layer, constant):
    pads, pad = padding(layer["pads"], float("-inf"))
    return lambda x: functional.max_pool2d(pad(x), layer["window"], layer["stride"], pads)


def zeros(layer, constant):
    top, bottom, left, right = layer["pads"]
    return lambda x: functional.pad(x, (left, right, top, bottom))


# Images are [n, c, h, w] in torch, here with the channels last in memory, as TFLite has them.
def rows(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def images(x):
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x


MAKE = {
    "CONV_2D": conv, "DEPTHWISE_CONV_2D": conv, "FULLY_CONNECTED": dense, "AVERAGE_POOL_2D": average, "MAX_POOL_2D": maximum, "PAD": zeros,
    "ADD": lambda layer, constant: torch.add,
    "MEAN": lambda layer, constant: lambda x: x.mean((2, 3), keepdim=layer["keep"]),
    "RESHAPE": lambda layer, constant: lambda x: images(rows(x).reshape(layer["shape"])),
    "SOFTMAX": lambda layer, constant: lambda x: torch.softmax(x * layer["beta"] if layer["beta"] != 1 else x, 1 if x.dim() == 4 else -1),
    "RELU": lambda layer, constant: torch.clone, "RELU6": lambda layer, constant: torch.clone,
}


class Net:
    """The layers, one after the other; a result is dropped behind the last one that reads it, so that its memory serves again."""

    def __init__(self, told, raw, device, dtype):
        def constant(place):
            if place is None:
                return None
            kind, size = (torch.float16, 2) if place["type"] == "float16" else (torch.float32, 4)
            count = 1
            for d in place["shape"]:
                count *= d
            values = torch.frombuffer(bytearray(raw[place["at"]:place["at"] + count * size]), dtype=kind)
            return values.reshape(place["shape"]).to(device, dtype)

        self.input, self.output, self.dtype, self.steps, last = told["input"], told["output"], dtype, [], {}
        for k, layer in enumerate(told["layers"]):
            last.update({i: k for i in layer["in"]})
        last.pop(self.output, None)
        for k, layer in enumerate(told["layers"]):
            dead = [i for i in set(layer["in"]) if last.get(i) == k]
            self.steps.append((MAKE[layer["op"]](layer, constant), CLIP[layer["act"]], layer["in"], layer["out"], dead))

    def __call__(self, x):
        values = {self.input: images(x).to(self.dtype)}
        for compute, clip, sources, out, dead in self.steps:
            values[out] = clip(compute(*[values[i] for i in sources]))
            for i in dead:
                del values[i]
        return rows(values[self.output]).float().contiguous()


def recorded(net, x):
    """The same as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            net(x)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = net(x)

    def replay(_):
        graph.replay()
        return y

    return replay


class Place:
    """Where a network runs: its memories, and the ways to run it."""

    def __init__(self, told, raw, device, compiled):
        self.gpu = device.type == "cuda"
        self.net = Net(told, raw, device, torch.float16 if self.gpu else torch.float32)
        self.given = torch.rand(told["input_shape"], generator=torch.Generator().manual_seed(1))
        self.staged = torch.empty(told["input_shape"], pin_memory=self.gpu)
        self.x = self.given.to(device)
        self.result = torch.empty(told["output_shape"], pin_memory=self.gpu)
        self.ways = {"torch_eager": lambda: self.net}
        if self.gpu:
            self.ways["torch_graph"] = lambda: recorded(self.net, self.x)
        if compiled:
            self.ways["torch_compiled"] = lambda: self.compiled()

    def compiled(self):
        net = torch.compile(self.net.__call__)
        net(self.x)
        return recorded(net, self.x) if self.gpu else net

    def wait(self):
        if self.gpu:
            torch.cuda.synchronize()

    def carried(self, run):
        self.staged.copy_(self.given)
        self.x.copy_(self.staged, non_blocking=True)
        self.result.copy_(run(self.x), non_blocking=True)
        self.wait()

    def resident(self, run):
        run(self.x)
        self.wait()


def timed(call, run, least, seconds):
    """Microseconds of each call: as many as fit the time. The first does not count: another way has had the caches meanwhile."""
    us, end = [], time.perf_counter() + seconds
    call(run)
    while len(us) < least or (time.perf_counter() < end and len(us) < MOST // TURNS):
        start = time.perf_counter()
        call(run)
        us.append((time.perf_counter() - start) * 1e6)
    return us


def row(model, way, **rest):
    name, width = os.path.basename(model)[:-len(".tflite")].rsplit(".", 1)
    return {"model": model, "network": name, "width": width, "where": way, **rest}


def measure(model, place):
    """A row for each way: they take turns. Also what each computed."""
    ready, found, outputs = {}, {}, {}
    for way, start in place.ways.items():
        try:
            begun = time.perf_counter()
            run = start()
            place.carried(run)
            ready[way] = (run, (time.perf_counter() - begun) * 1e6, [], [])
            outputs[way] = place.result.clone()
        except Exception as e:
            found[way] = row(model, way, skipped=reason(e))
    gc.disable()
    for _ in range(TURNS):
        for run, _, carried, resident in ready.values():
            carried += timed(place.carried, run, 1, SECONDS / TURNS)
            resident += timed(place.resident, run, 1, SECONDS / TURNS)
    gc.enable()
    for way, (_, first, *us) in ready.items():
        carried, resident = map(sorted, us)
        middle = lambda a: round((a[(len(a) - 1) // 2] + a[len(a) // 2]) / 2, 1)
        found[way] = row(model, way, runs=len(carried), median_us=middle(carried), min_us=round(carried[0], 1), p90_us=round(carried[(len(carried) * 9 + 9) // 10 - 1], 1),
                         first_us=round(first, 1), resident_us=middle(resident), resident_min_us=round(resident[0], 1))
    return [found[way] for way in place.ways], outputs


def ours(options, model, place):
    """Halfbyte's row, and its result, for the same input."""
    with open(model + ".in", "wb") as f:
        array.array("f", place.given.flatten().tolist()).tofile(f)
    report = model + ".json"
    command = [options.bench, "-d", options.index, "--together", "--device-only", "--option", "precision=fast", "--feed", "--json", report, model]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=500)
    with open(report) as f:
        (found,) = json.load(f)["results"]
    if "failure" in found or done.returncode:
        return row(model, "device", skipped=found.get("failure", f"status {done.returncode}")), None
    with open(model + ".device.out", "rb") as f:
        return found, torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(place.result.shape)


def difference(reference, got):
    """As halfbyte-bench has it: the largest difference, as a part of the largest value."""
    if not bool(torch.isfinite(got).all()):
        return {"not_finite": True}
    return {"difference_fraction": float(f"{float((reference - got).abs().max() / reference.abs().max().clamp(min=1e-6)):.3g}")}


def show(rows_, names):
    for k, r in enumerate(rows_):
        head = f"{r['network'] if k == 0 else '':<22} {names[r['where']]:<26}"
        if "skipped" in r:
            say(head, "skipped:", r["skipped"])
            continue
        ms = ["%9.3f" % (r[key] / 1e3) if key in r else "%9s" % "-" for key in ("median_us", "min_us", "p90_us", "resident_us", "first_us")]
        say(head, *ms, " NaN or infinity" if "not_finite" in r else " %.1e" % r["difference_fraction"] if "difference_fraction" in r else " -")


def versions(device):
    number = torch.backends.cudnn.version() or 0
    part = 10000 if number >= 90000 else 1000
    library = f"MIOpen {number}" if torch.version.hip else f"cuDNN {number // part}.{number % part // 100}.{number % 100}" if number else "no cuDNN"
    return {"torch": torch.__version__, "library": library if device.type == "cuda" else "no cuDNN", "torch_device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"}


def pick(options):
    """The device that OpenCL calls the same, else the first; None where there is none."""
    if options.device == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        return None
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return torch.device("cuda", names.index(options.name) if options.name in names else 0)


def one(path, options, device, about, folder):
    with open(path) as f:
        told = json.load(f)
    name = os.path.basename(path)[:-len(".layers.json")]
    if "unknown" in told:
        say(f"{name}: left out: {told['unknown']} is not among what this part knows")
        return
    model = os.path.join(folder, name + ".tflite")
    with gzip.open(path[:-len(".layers.json")] + ".tflite.gz") as packed, open(model, "wb") as f:
        raw = packed.read()
        f.write(raw)
    place = Place(told, raw, device, options.compile)
    found, outputs = measure(model, place)
    if options.bench:
        try:
            device_row, reference = ours(options, model, place)
        except Exception as e:
            device_row, reference = row(model, "device", skipped=reason(e)), None
        for r in found:
            if reference is not None and r["where"] in outputs:
                r.update(difference(reference, outputs[r["where"]]))
        found.append(device_row)
    library = about["library"].split()[0] if device.type == "cuda" else "CPU"
    show(found, {"torch_eager": f"torch ({library})", "torch_graph": f"torch ({library}), graph", "torch_compiled": "torch.compile", "device": "Halfbyte, precision=fast"})
    with open(os.path.join(options.out, f"torch.{name.rsplit('.', 1)[0]}.json"), "w") as f:
        f.write(json.dumps(about)[:-1] + ', "results": [\n' + ",\n".join(json.dumps(r) for r in found) + "\n]}\n")
    if options.keep:
        with open(model + ".torch.out", "wb") as f:
            array.array("f", outputs["torch_eager"].flatten().tolist()).tofile(f)
        with open(model + ".in", "wb") as f:
            array.array("f", place.given.flatten().tolist()).tofile(f)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("layers", nargs="+", metavar="NAME.layers.json")
    p.add_argument("--out", required=True, help="the folder for torch.NAME.json")
    p.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    p.add_argument("--name", default="", help="the device's name, where there are several")
    p.add_argument("--bench", help="halfbyte-bench: Halfbyte's own row beside torch's, and how their results differ")
    p.add_argument("--index", default="0", help="its device")
    p.add_argument("--compile", action="store_true", help="torch.compile too, which takes up to a minute for each network")
    p.add_argument("--seconds", type=float, default=1e9, help="no network is begun after so many")
    p.add_argument("--keep", help="leave each model, its input and torch's output in this folder")
    options, end = p.parse_args(), 0.0
    end = time.monotonic() + options.seconds
    device = pick(options)
    if device is None:
        say(f"torch: {torch.__version__} sees no GPU; this part is left out")
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    about = versions(device)
    torch.backends.cudnn.benchmark = True
    say(f"torch {about['torch']}, {about['library']}, on {about['torch_device']}; {'float16' if device.type == 'cuda' else 'float32'}, channels_last, cudnn.benchmark; all ways take turns")
    say(f"{'network':<22} {'runs on':<26}" + "".join(" %9s" % w for w in ("median", "min", "p90", "resident", "first")) + "  difference from Halfbyte; ms")
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        for path in options.layers:
            if time.monotonic() > end:
                say(f"{os.path.basename(path)}: left out: the time for this part is over")
                continue
            try:
                one(path, options, device, about, options.keep or folder)
            except Exception as e:  # of the driver, of torch, of the file: none of them is Halfbyte's failure
                say(f"{os.path.basename(path)}: left out: {reason(e)}")
            if device.type == "cuda":
                torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
