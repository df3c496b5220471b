#!/usr/bin/env python3
"""Damaged models through the real runtime, without and with the delegate, in processes of their own: the delegate must bring no new crash, no hang, no error and
no other result.

usage: bad_models.py --delegate libhalfbyte.so [--option key=value ...] [--count 1000] [--seed 1] [--only NUMBER,...] [--keep FOLDER] [--verbose]

Every case is a model of one operator (make_ops*.py) or a small graph (graphs.py) with one to three damages (mutations.py). The runtime's own behaviour is taken twice,
over memory filled with different bytes and once with memory of its own for every tensor (it lets tensors share memory that are still needed); what it leaves to
chance, and what it crashes or hangs on by itself, is not compared. Integers must be equal, floats within 1e-4 of the largest magnitude. Exit 1 on a difference, 77 where the delegate took nothing.
"""
import argparse
import collections
import ctypes
import os
import pickle
import resource
import select
import signal
import struct
import sys
import warnings

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import graphs  # noqa: E402
import make_ops  # noqa: E402
from leave import leave  # noqa: E402
from need_device import no_device  # noqa: E402
from mutations import damage, left_to_chance, has_lowest_weight  # noqa: E402

MEMORY = 6 << 30  # of address space, for each process
SECONDS = {"alone": 4, "again": 4, "delegate": 40}
STATE = {}
# What the runtime refuses and the delegate runs, on purpose: words of the runtime's message, and why.
TOLERATED = {
    "has_bias was not true": "a convolution without a bias: it is 0",
    "was optional but was expected": "a convolution whose bias is absent: it is 0",
    "FLOAT16 != FLOAT32": "CONV_3D whose float16 weights are not behind a DEQUANTIZE: they are read as they are",
    "slice.cc": "SLICE whose file declares another shape than begin and size give: the shape is computed",
}


def base(seed, number):
    """A healthy model."""
    rng = np.random.default_rng([seed, number, 7])
    if number % 4 == 3:
        return graphs.build(rng, ("int8", "float", "uint8", "half", "mixed")[int(rng.integers(5))]), "graph"
    names = sorted(make_ops.OPERATORS)
    op = names[number % len(names)]
    scheme = str(rng.choice(make_ops.OPERATORS[op][1]))
    return make_ops.make(op, scheme, number, seed, goldens=False)[0], f"{op}.{scheme}"


def case(seed, number):
    """(model, what it is), or None."""
    try:
        blob, name = base(seed, number)
    except (ValueError, TypeError):
        return None
    rng = np.random.default_rng([seed, number])
    for _ in range(5):
        made = damage(rng, blob)
        if made:
            return made[0], f"{name}: {made[1]}"
    return None


def fill(rng, detail):
    dtype, shape = detail["dtype"], detail["shape"]
    if dtype in (np.float32, np.float16):
        return (rng.standard_normal(shape) * 2).astype(dtype)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in (np.int32, np.int64):  # indices, axes, sizes: some outside
        return rng.integers(-1 if rng.random() < 0.3 else 0, int(rng.choice([2, 3, 5, 100])), shape).astype(dtype)
    if dtype in (np.int8, np.uint8, np.int16):
        return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return np.zeros(shape, dtype) if np.dtype(dtype).kind in "fiucb" else None


def run(number, seed, make_delegate, pattern, keep_all=False):
    """What the runtime makes of the case: (stage that failed or 'ran', outputs or the error's text, nodes that the delegate took)."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    if pattern:
        ctypes.CDLL(None).mallopt(-6, pattern)  # M_PERTURB: fresh memory holds this byte
    made = case(seed, number)
    if made is None:
        return "none", "", 0
    delegates = [make_delegate()] if make_delegate else None
    stage = "load"
    try:
        it = Interpreter(model_content=made[0], experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_delegates=delegates, num_threads=1,
                         experimental_preserve_all_tensors=keep_all)
        stage = "allocate"
        it.allocate_tensors()
        stage = "input"
        rng = np.random.default_rng([seed, number, 11])
        for d in it.get_input_details():
            x = fill(rng, d)
            if x is not None:
                it.set_tensor(d["index"], x)
        results = []
        for _ in range(2):
            stage = "invoke"
            it.invoke()
            stage = "output"
            results += [np.array(it.get_tensor(d["index"])) for d in it.get_output_details()]
        taken = len(it._get_ops_details())  # a delegated partition is a node more
        return "ran", results, taken
    except (ValueError, RuntimeError, TypeError, IndexError, MemoryError, UnicodeDecodeError) as e:
        return stage, f"{type(e).__name__}: {e}", 0


def child(numbers, seed, make_delegate, pattern, keep_all, to):
    """Runs the cases one after the other; each result goes to the parent at once, so that it knows which one a crash belongs to."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    if not STATE.get("verbose"):
        os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # AddressSanitizer's shadow takes terabytes of addresses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    for number in numbers:
        blob = pickle.dumps(run(number, seed, make_delegate, pattern, keep_all))
        data = struct.pack("<q", len(blob)) + blob
        while data:
            data = data[os.write(to, data):]
    leave(0)


def read(fd, n, seconds):
    """n bytes, or None at the end of the file, or False when time is over."""
    data = b""
    while len(data) < n:
        if not select.select([fd], [], [], seconds)[0]:
            return False
        more = os.read(fd, n - len(data))
        if not more:
            return None
        data += more
    return data


def outcomes(numbers, seed, make_delegate, pattern, seconds, keep_all=False):
    """{number: result of run(), or ('crash', signal, 0), or ('hang', '', 0)}, in as few processes as crashes allow."""
    got, rest = {}, list(numbers)
    while rest:
        from_child, to_parent = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.close(from_child)
            try:
                child(rest[:100], seed, make_delegate, pattern, keep_all, to_parent)
            finally:
                os._exit(9)
        os.close(to_parent)
        batch, ended = rest[:100], False
        for number in batch:
            head = read(from_child, 8, seconds)
            body = read(from_child, struct.unpack("<q", head)[0], seconds) if head else head
            if body:
                got[number] = pickle.loads(body)
                rest.remove(number)
                continue
            if body is False:
                os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            ended = True
            how = os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
            got[number] = ("hang", "", 0) if body is False else ("crash", how, 0)
            rest.remove(number)
            break
        os.close(from_child)
        if not ended:
            os.waitpid(pid, 0)
    return got


def equal(a, b, exact):
    """Are the outputs the same (floats: nearly, unless exact)?"""
    for x, y in zip(a, b):
        if x.shape != y.shape or x.dtype != y.dtype:
            return False
        if x.dtype.kind != "f" or exact:
            if not np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
                return False
            continue
        fin = np.isfinite(x)
        if not np.array_equal(x[~fin], y[~fin], equal_nan=True) or not np.isfinite(y[fin]).all():
            return False
        if fin.any() and float(np.abs(x[fin].astype(float) - y[fin]).max()) > 1e-4 * max(float(np.abs(x[fin]).max()), 1e-30):
            return False
    return len(a) == len(b)


def judge(alone, again, ours, model):
    """(class, is it a failure)"""
    if ours[0] in ("crash", "hang") and alone[0] != ours[0]:
        return f"new {ours[0]}", True
    if alone[0] in ("crash", "hang") or again[0] in ("crash", "hang"):
        return "the runtime crashes or hangs itself", False
    if (alone[0] == "ran" or ours[0] == "ran") and (left_to_chance(model) or has_lowest_weight(model)):
        return "the runtime leaves the result to chance", False
    if alone[0] != again[0] or (alone[0] == "ran" and not equal(alone[1], again[1], True)):
        return "the runtime leaves the result to chance", False
    if alone[0] != "ran" and ours[0] != "ran":
        return "refused by both", False
    if alone[0] != "ran":
        return ("refused for no need", False) if any(words in alone[1] for words in TOLERATED) else ("only the delegate accepts it", True)
    if ours[0] != "ran":
        return "only the delegate refuses it", True
    return ("the same result", False) if equal(alone[1], ours[1], False) else ("another result", True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--count", type=int, default=1000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", help="these cases alone, comma-separated, and what the runtime says about them")
    p.add_argument("--keep", help="folder for the models that fail")
    p.add_argument("--verbose", action="store_true", help="show stderr of the processes")
    a = p.parse_args()
    make_ops.load_others()
    import ai_edge_litert.interpreter as runtime  # before forking; the delegate and OpenCL only in the children
    STATE["verbose"] = a.verbose or a.only is not None
    options = {"claim": "all", **dict(o.split("=", 1) for o in a.option)}

    def make_delegate():
        if "delegate" not in STATE:
            STATE["delegate"] = runtime.load_delegate(os.path.abspath(a.delegate), options)
        return STATE["delegate"]

    numbers = range(a.count) if a.only is None else [int(n) for n in a.only.split(",")]
    alone = outcomes(numbers, a.seed, None, 0x00, SECONDS["alone"])
    again = outcomes(numbers, a.seed, None, 0x5A, SECONDS["again"], keep_all=True)
    ours = outcomes(numbers, a.seed, make_delegate, 0x33, SECONDS["delegate"])
    classes, bad, taken = collections.Counter(), 0, 0
    for n in numbers:
        made = case(a.seed, n)
        name, wrong = judge(alone[n], again[n], ours[n], made[0]) if made else ("no model", False)
        classes[name] += 1
        taken += ours[n][2] > alone[n][2]
        if made and (wrong or a.only is not None):
            bad += wrong
            said = [f"{r[0]} {r[1] if isinstance(r[1], (str, int)) else [f'{x.dtype}{list(x.shape)}' for x in r[1]]}"[:300] for r in (alone[n], ours[n])]
            print(f"{n}: {name}: {made[1]}\n    runtime: {said[0]}\n    delegate: {said[1]}", flush=True)
            if a.keep:
                os.makedirs(a.keep, exist_ok=True)
                with open(os.path.join(a.keep, f"bad.{a.seed}.{n}.tflite"), "wb") as f:
                    f.write(made[0])
    for name, count in classes.most_common():
        print(f"{count:6} {name}")
    print(f"{len(numbers) - bad} passed, {bad} failed; the delegate took nodes of {taken}; seed {a.seed}")
    if not taken and not bad and a.only is None:
        return 1 if options.get("host_ref") == "only" else no_device("the delegate took nothing")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
