#!/usr/bin/env python3
"""Random operator cases, each three ways in one process: TFLite's reference kernels, host_ref, the device. Integers must be equal; floats within the bounds of goldens.py.

usage: operators.py --delegate libhalfbyte.so [--count 10000] [--seed N] [--ops conv_2d,add] [--only NUMBER] [--no-device] [--odd]

--odd: float operators, whose inputs hold infinities, NaN, zeros of both signs and tiny numbers.
The seed is printed; a case is replayed by --seed S --only N. Exit 1 on a difference; without a device, and without --no-device, 77 after all is right on host_ref.
"""
import argparse
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import goldens  # noqa: E402
import make_ops  # noqa: E402
from need_device import has_device, no_device  # noqa: E402


SEQUENCES = ("unidirectional_sequence_lstm", "unidirectional_sequence_rnn")
SUMS = ("conv_2d", "depthwise_conv_2d", "transpose_conv", "fully_connected", "conv_3d")
ODD = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-30, -1e-30, 100, -100], np.float32)

# What the runtime makes of a NaN there hangs on its vector instructions (a minimum takes it or leaves it), and on the sign of the NaN.
ODD_BY_CHANCE = ("svdf", "unidirectional_sequence_lstm")


def goldens_inputs(arrays):
    return [(f"in{i}", x) for i, x in enumerate(goldens.numbered(arrays, "in"))]


def run(blob, arrays, delegate, without_ref):
    """Outputs, or the text of the error."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if without_ref else OpResolverType.BUILTIN_REF
    it = Interpreter(model_content=blob, experimental_op_resolver_type=resolver, experimental_delegates=[delegate] if delegate else [], num_threads=1)
    it.allocate_tensors()
    reset, calls = int(arrays["reset"]) if "reset" in arrays else None, []
    for call in range(len(arrays["ref0"]) if reset is not None else 1):
        if call == reset:
            it.reset_all_variables()
        for i, d in enumerate(it.get_input_details()):
            x = arrays[f"in{i}"]
            it.set_tensor(d["index"], (x if reset is None else x[call]).reshape(d["shape"]).astype(d["dtype"]))
        it.invoke()
        calls.append([it.get_tensor(d["index"]) for d in it.get_output_details()])
    return calls


def make_odd(blob, arrays, rng):
    """One in four values of the float inputs becomes an odd one, and the outputs are what the runtime makes of that; False where it fails."""
    for name, x in goldens_inputs(arrays):
        if x.dtype == np.float32:
            arrays[name] = np.where(rng.random(x.shape) < 0.25, rng.choice(ODD, x.shape), x).astype(np.float32)
    for without_ref in (False, True):
        try:
            calls = run(blob, arrays, None, without_ref)
            break
        except (ValueError, RuntimeError):  # the reference kernels lack it, or refuse the data
            calls = None
    for i in range(len(goldens.numbered(arrays, "ref"))):
        arrays[f"ref{i}"] = np.stack([c[i] for c in calls]) if calls and "reset" in arrays else calls[0][i] if calls else None
    return calls is not None


def bound_of(op, scheme, arrays, wants):
    """Of a float's difference, as a part of the output's range. An activation that clamps hides the range of the sum before it, which is that of the input at least.
    What one step of a sequence rounds is in the input of the next."""
    bound = goldens.BOUND.get(scheme, 1e-5) * (2 if op in SEQUENCES else 1)
    clamped = max((np.abs(w).max(initial=0) for w in wants if w.dtype == np.float32), default=0)
    if op in SUMS and clamped in (1, 6):
        bound *= max(1, np.abs(arrays["in0"]).max(initial=0) / clamped)
    return bound


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    p.add_argument("--count", type=int, default=10000)
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--ops")
    p.add_argument("--only", type=int)
    p.add_argument("--no-device", action="store_true")
    p.add_argument("--odd", action="store_true")
    a = p.parse_args()
    make_ops.load_others()
    ops = make_ops.chosen(p, a.ops)
    from ai_edge_litert.interpreter import load_delegate
    print(f"seed {a.seed}", flush=True)
    places = {"host_ref": load_delegate(os.path.abspath(a.delegate), {"claim": "all", "host_ref": "only"})}
    missing = not a.no_device and not has_device(a.delegate)
    if not a.no_device and not missing:
        places["device"] = load_delegate(os.path.abspath(a.delegate), {"claim": "all"})
    kinds = [(op, scheme) for op in ops for scheme in make_ops.OPERATORS[op][1] if not a.odd or (scheme == "f32" and op not in ODD_BY_CHANCE)]
    done = bad = refused = 0
    for n in range(a.count) if a.only is None else [a.only]:
        op, scheme = kinds[n % len(kinds)]
        case = make_ops.make(op, scheme, n, a.seed)
        if case is None:
            refused += 1
            continue
        blob, arrays = case
        if a.odd and not make_odd(blob, arrays, np.random.default_rng([a.seed, n])):
            refused += 1
            continue
        done += 1
        wants = goldens.numbered(arrays, "ref")
        bound = bound_of(op, scheme, arrays, wants)
        for place, delegate in places.items():
            for without_ref in (False, True):
                try:
                    calls = run(blob, arrays, delegate, without_ref)
                    wrong = [w for call, got in enumerate(calls) for want, g in zip(wants, got) if (w := goldens.compare(want if "reset" not in arrays else want[call], g, bound))]
                    break
                except (ValueError, RuntimeError) as e:  # an operator that the reference kernels lack: once more with the others
                    wrong = [str(e)]
            if wrong:
                bad += 1
                print(f"{n} {op}.{scheme} on {place}: {wrong[0][:200]}", flush=True)
    print(f"{done} cases, {bad} wrong, {refused} that the runtime refused; seed {a.seed}")
    return 1 if bad or not done else no_device("host_ref alone was compared") if missing else 0


if __name__ == "__main__":
    sys.exit(main())
