"""The process that runs one model on TFLite's reference kernels, for halfbyte-bench --reference: LiteRT's C API has no way to them, its Python interpreter has.

usage: python -m bench.reference MODEL THREADS [SHAPE]      (talks as bench/protocol.h says)"""
import math
import os
import pathlib
import resource
import struct
import sys
import time

import numpy as np

from .models import flat

COMMAND, REPLY = 3, 4
# By LiteRT's numbers.
KINDS = {np.float32: 1, np.int32: 2, np.uint8: 3, np.int64: 4, np.bool_: 6, np.int16: 7, np.int8: 9, np.float64: 11}


def noise(count, index):
    """The random numbers of bench/inputs.c."""
    state = (20261121 + 7919 * index) & 0xFFFFFFFF
    for _ in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        yield state


def seeded(index, shape, dtype):
    """What bench_fill makes, bit for bit, as far as the two libraries' sines agree."""
    count = math.prod(shape)
    random = np.fromiter(noise(count, index), np.uint32, count)
    if dtype in (np.int32, np.int64):
        return (random >> 30).astype(dtype).reshape(shape)
    if dtype == np.bool_:
        return (random >> 31).astype(dtype).reshape(shape)
    i = np.arange(count, dtype=np.float64)
    v = np.clip(0.5 + 0.3 * np.sin(0.013 * i) + 0.15 * np.sin(0.00071 * i + 1) + 0.2 * (random / 4294967296.0 - 0.5), 0, 1)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        v = v * (float(info.max) - float(info.min)) + float(info.min)
        v = np.sign(v) * np.floor(np.abs(v) + 0.5)
    return v.astype(dtype).reshape(shape)


def cpu_seconds():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def ends(path):
    """Tensors of the inputs and outputs, in the order in which LiteRT takes them."""
    model = flat.load(path)
    signature = next((s for s in model.signatureDefs or [] if s.subgraphIndex == 0), None)
    graph = model.subgraphs[0]
    order = lambda entries, plain: [int(e.tensorIndex) for e in entries] if signature else [int(i) for i in plain]
    return order(signature and signature.inputs, graph.inputs), order(signature and signature.outputs, graph.outputs)


def write_all(raw):
    view = memoryview(raw)
    while view:
        view = view[os.write(REPLY, view):]


def ready(ok, outputs=0, setup=0.0, first=0.0, cpu=0.0, why=""):
    write_all(struct.pack("=IIdddQ16s200s", ok, outputs, setup * 1e6, first * 1e6, cpu * 1e6, 0, b"", why.encode()[:199]))


def load(path, shape):
    """(interpreter, input tensors, output tensors), the inputs filled."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1)
    inputs, outputs = ends(pathlib.Path(path))
    if shape:
        interpreter.resize_tensor_input(inputs[0], shape)
    interpreter.allocate_tensors()
    details = {d["index"]: d for d in interpreter.get_input_details()}
    for k, index in enumerate(inputs):
        interpreter.set_tensor(index, seeded(k, tuple(int(n) for n in details[index]["shape"]), np.dtype(details[index]["dtype"])))
    return interpreter, inputs, outputs


def main():
    path, shape = sys.argv[1], [int(n) for n in sys.argv[3].split("x")] if len(sys.argv) > 3 else None
    start, cpu = time.perf_counter(), cpu_seconds()
    try:
        interpreter, _, outputs = load(path, shape)
        setup, start = time.perf_counter() - start, time.perf_counter()
        interpreter.invoke()
        first = time.perf_counter() - start
        arrays = [np.ascontiguousarray(interpreter.get_tensor(i)) for i in outputs]
        kinds = [KINDS[a.dtype.type] for a in arrays]
    except Exception as error:
        ready(0, why=(str(error).strip() or type(error).__name__).splitlines()[0])
        sys.exit(1)
    ready(1, len(arrays), setup, first, cpu_seconds() - cpu)
    for array, kind in zip(arrays, kinds):
        write_all(struct.pack("=II", kind, array.nbytes) + array.tobytes())
    while len(command := os.read(COMMAND, 4)) == 4 and any(command):
        for _ in range(struct.unpack("=I", command)[0]):
            start = time.perf_counter()
            interpreter.invoke()
            write_all(struct.pack("=d", (time.perf_counter() - start) * 1e6))


if __name__ == "__main__":
    main()
