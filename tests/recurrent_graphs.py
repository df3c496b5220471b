#!/usr/bin/env python3
"""Networks with a memory, over many calls: a GRU as the runtime's WHILE, whose body the delegate takes, and LSTM, RNN and SVDF states with resets between.

usage: recurrent_graphs.py --delegate libhalfbyte.so [--option key=value ...] [--calls 40] [--where device|host_ref]

BUILTIN_REF says what is right; floats may be off by 1e-4 of their range (dynamic range: 1e-2, for a rounded activation changes all that follows), integers not at all.
With --where every node of the loop's body must run there. Exit 1 on a difference, 77 where there is no device.
"""
import argparse
import json
import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_ops  # noqa: E402
from need_device import no_device  # noqa: E402
from tflite_builder import Model, schema  # noqa: E402

STEPS, WIDTH, UNITS = 5, 6, 10


def merge(main, others):
    """The subgraphs of the other models become main's; they are called 1, 2, ..."""
    for other in others:
        graph = other.graph
        for t in graph.tensors:
            if t.buffer:
                main.model.buffers.append(other.model.buffers[t.buffer])
                t.buffer = len(main.model.buffers) - 1
        for o in graph.operators:
            main.model.operatorCodes.append(other.model.operatorCodes[o.opcodeIndex])
            o.opcodeIndex = len(main.model.operatorCodes) - 1
        main.model.subgraphs.append(graph)


def loop_state(m):
    """The loop's variables: counter, state, sequence."""
    return m.tensor([], "int32"), m.tensor([1, UNITS], "float32"), m.tensor([STEPS, 1, WIDTH], "float32")


def condition():
    m = Model()
    i, h, x = loop_state(m)
    yes = m.tensor([], "bool")
    m.op("LESS", [i, m.tensor([], "int32", STEPS)], [yes], "LessOptions")
    m.graph.inputs, m.graph.outputs = [i, h, x], [yes]
    return m


def body(kind):
    """One step of a GRU, with the gates' weights in float32 or (dynamic range) int8."""
    m, rng = Model(), np.random.default_rng(3)
    i, h, x = loop_state(m)

    def new(shape=(1, UNITS)):
        return m.tensor(list(shape), "float32")

    def op(name, inputs, options=None, shape=(1, UNITS), **fields):
        out = new(shape)
        m.op(name, inputs, [out], options, **fields)
        return out

    def dense(t, depth):
        w = (rng.standard_normal((UNITS, depth)) / depth**0.5).astype(np.float32)
        if kind == "float":
            weights = m.tensor([UNITS, depth], "float32", w)
        else:
            scale = float(np.abs(w).max()) / 127
            weights = m.tensor([UNITS, depth], "int8", np.round(w / scale), scale)
        bias = m.tensor([UNITS], "float32", rng.standard_normal(UNITS).astype(np.float32) * 0.2)
        return op("FULLY_CONNECTED", [t, weights, bias], "FullyConnectedOptions")

    now = op("GATHER", [x, i], "GatherOptions", shape=(1, WIDTH))
    both = op("CONCATENATION", [now, h], "ConcatenationOptions", shape=(1, WIDTH + UNITS), axis=1)
    update, reset = op("LOGISTIC", [dense(both, WIDTH + UNITS)]), op("LOGISTIC", [dense(both, WIDTH + UNITS)])
    kept = op("MUL", [reset, h], "MulOptions")
    fresh = op("TANH", [dense(op("CONCATENATION", [now, kept], "ConcatenationOptions", shape=(1, WIDTH + UNITS), axis=1), WIDTH + UNITS)])
    change = op("MUL", [update, op("SUB", [fresh, h], "SubOptions")], "MulOptions")
    after = op("ADD", [h, change], "AddOptions")
    following = m.tensor([], "int32")
    m.op("ADD", [i, m.tensor([], "int32", 1)], [following], "AddOptions")
    m.graph.inputs, m.graph.outputs = [i, h, x], [following, after, x]
    return m


def gru(kind):
    m = Model()
    h, x = m.tensor([1, UNITS], "float32"), m.tensor([STEPS, 1, WIDTH], "float32")
    i, results = m.tensor([], "int32", 0), loop_state(m)
    m.op("WHILE", [i, h, x], list(results), "WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2)
    out = m.tensor([1, UNITS], "float32")
    m.op("MUL", [results[1], m.tensor([], "float32", 0.5)], [out], "MulOptions")
    merge(m, [condition(), body(kind)])
    return m.bytes([h, x], [out])


def recurrent(op, scheme, number):
    make_ops.load_others()
    return make_ops.make(op, scheme, number, 31)[0]


# name: model, bound (None: integers), must the body be claimed?
def networks():
    yield "gru_while", gru("float"), 1e-4, True
    yield "gru_while_dynamic_range", gru("int8"), 1e-2, True
    for op, schemes in (("unidirectional_sequence_lstm", ("f32", "f32w8", "i8")), ("unidirectional_sequence_rnn", ("f32", "f32w8")), ("svdf", ("f32", "f32w8", "i8"))):
        for scheme in schemes:
            yield f"{op}.{scheme}", recurrent(op, scheme, 2 if scheme == "f32w8" else 1), {"f32": 1e-4, "f32w8": 1e-2}.get(scheme), False


def run(blob, delegates, calls):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_delegates=delegates, num_threads=1)
    it.allocate_tensors()
    results = []
    for call in range(calls):
        if call in (calls // 3, calls // 2):
            it.reset_all_variables()
        rng = np.random.default_rng([5, call])
        for d in it.get_input_details():
            x = rng.standard_normal(d["shape"]) if d["dtype"] == np.float32 else rng.integers(-128, 128, d["shape"])
            it.set_tensor(d["index"], x.astype(d["dtype"]))
        it.invoke()
        results.append([np.array(it.get_tensor(d["index"])) for d in it.get_output_details()])
    return results


def difference(want, got, bound):
    for call, (w_call, g_call) in enumerate(zip(want, got)):
        for w, g in zip(w_call, g_call):
            if bound is None:
                gap = int(np.abs(w.astype(int) - g.astype(int)).max())
            else:
                gap = float(np.abs(w - g).max()) / max(float(np.abs(w).max()), 1e-6)
            if not gap <= (bound or 0):
                return f"call {call}: differs by {gap:.3g}"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--calls", type=int, default=40)
    p.add_argument("--where", choices=("device", "host_ref"))
    a = p.parse_args()
    from ai_edge_litert.interpreter import load_delegate
    options = {"claim": "all"} | dict(o.split("=", 1) for o in a.option)
    bad = 0
    for name, blob, bound, loop in networks():
        with tempfile.TemporaryDirectory() as tmp:
            report = os.path.join(tmp, "report.json")
            want = run(blob, None, a.calls)
            got = run(blob, [load_delegate(os.path.abspath(a.delegate), options | {"report_path": report})], a.calls)
            told = [json.load(open(os.path.join(tmp, f))) for f in sorted(os.listdir(tmp))]
        if a.where == "device" and told[0].get("device", {}).get("name") is None:
            return no_device()
        wrong = [difference(want, got, bound)]
        nodes = [n for t in told for n in t["nodes"] if n["subgraph"] == (2 if loop else 0)]
        if a.where:
            wrong += [] if nodes else ["the report lacks the nodes"]
            wrong += [f"{n['op']} (node {n['index']}) on {n['where']}: {n['reason']}" for n in nodes if n["where"] != a.where]
        wrong = [w for w in wrong if w]
        bad += bool(wrong)
        print(f"{name}: {'; '.join(wrong) if wrong else 'ok'}", flush=True)
    print(f"{bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
