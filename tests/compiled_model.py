#!/usr/bin/env python3
"""LiteRT's CompiledModel with the delegate as its GPU accelerator, one int8 network whose batch is open: resized up and down between runs, against the interpreter's reference
kernels at the same batch.

usage: compiled_model.py LIBRARY      (exit 77 where this runtime has no CompiledModel, or there is no device)
"""
import json
import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import environments  # noqa: E402
from need_device import no_device  # noqa: E402


def reference(blob, x):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    it.resize_tensor_input(it.get_input_details()[0]["index"], x.shape)
    it.allocate_tensors()
    it.set_tensor(it.get_input_details()[0]["index"], x)
    it.invoke()
    return np.array(it.get_tensor(it.get_output_details()[0]["index"]))


def main():
    try:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.environment import Environment
        from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    except ImportError as e:
        print(e)
        return 77
    library = os.path.abspath(sys.argv[1])
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(library, os.path.join(folder, "libLiteRtGpuAccelerator.so"))
        report = os.path.join(folder, "report.json")
        os.environ["HALFBYTE_OPTIONS"] = f"claim:all;report_path:{report}"
        blob = environments.network(open_batch=True)
        environment = Environment.create(runtime_path=folder)
        model = CompiledModel.from_buffer(blob, HardwareAccelerator.GPU | HardwareAccelerator.CPU, environment=environment)
        last = None
        for number, batch in enumerate((1, 3, 3, 2, 5, 1)):
            x = np.random.default_rng(number).integers(-128, 128, [batch, 9, 9, 4]).astype(np.int8)
            if batch != last:
                model.resize_input_tensor(0, list(x.shape))
            last = batch
            inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
            inputs[0].write(x)
            model.run_by_index(0, inputs, outputs)
            want = reference(blob, x)
            got = np.asarray(outputs[0].read(want.size, np.int8)).reshape(want.shape)
            same = np.array_equal(want, got)
            wrong += not same
            print(f"batch {batch}: {'ok' if same else f'{(want != got).sum()} of {want.size} differ'}", flush=True)
        reports = [json.load(open(os.path.join(folder, f))) for f in os.listdir(folder) if f.startswith("report.json")]
    where = [n["where"] for r in reports for n in r["nodes"]]
    print("nodes ran on:", sorted(set(where)), "in", len(reports), "reports")
    return 1 if wrong else 0 if "device" in where else no_device()


if __name__ == "__main__":
    sys.exit(main())
