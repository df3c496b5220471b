"""Runs the comparison tool over the shared models in two processes, each group with what is asked of it, and sums up.

usage: models.py COMPARE.py MODELS_FOLDER DELEGATE NAME"""
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# One-operator models of these must run on the device, in these types.
ON_DEVICE = set(
    "CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED TRANSPOSE_CONV ADD SUB MUL AVERAGE_POOL_2D MAX_POOL_2D MEAN SOFTMAX LOGISTIC TANH RELU RELU6 RELU_N1_TO_1 PRELU"
    " LEAKY_RELU HARD_SWISH RESHAPE SQUEEZE EXPAND_DIMS PAD PADV2 CONCATENATION SPLIT STRIDED_SLICE SLICE TRANSPOSE RESIZE_BILINEAR"
    " RESIZE_NEAREST_NEIGHBOR QUANTIZE DEQUANTIZE".split())
TYPES = set("FLOAT32 FLOAT16 INT8 UINT8 INT8toFLOAT32 UINT8toFLOAT32 FLOAT32toINT8 FLOAT32toUINT8 INT8toUINT8 UINT8toINT8 INT32toINT8 INT32toUINT8".split())
# Whole networks that must run on the device in one piece.
IN_ONE_PIECE = re.compile(r"^(mnist_cnn|mnist_mlp|real_mobilenet|unet128|dscnn|tiny|mobilenet|tf2_mobilenet|deeplab|face|palm)")
SEED_MODES = ("fp32", "fp16", "int8", "int8_floatio", "uint8io", "int8_pt")


def groups(models):
    """(options, models) in the order in which they run."""
    ops = sorted((models / "ops").glob("*.tflite"))
    must = [m for m in ops if m.name.split(".")[0] in ON_DEVICE and m.name.split(".")[1] in TYPES]
    nets = [m for m in sorted((models / "seeds").glob("*.tflite")) if m.name.split(".")[1] in SEED_MODES] + sorted((models / "real").glob("*.tflite"))
    whole = [m for m in nets if IN_ONE_PIECE.match(m.name)]
    yield ["--min-device", "1"], must
    yield [], [m for m in ops if m not in must]
    yield ["--min-device", "1", "--max-partitions", "1"], whole
    yield [], [m for m in nets if m not in whole]


def compare(tool, delegate, programs, options, chunk):
    """(lines that say something went wrong, passed, failed, skipped). Compiled programs are kept between models: some drivers have no cache of their own."""
    with tempfile.TemporaryDirectory() as folder:
        report = ["--report", str(pathlib.Path(folder) / "report.json")] if options else []
        command = [sys.executable, tool, "--delegate", delegate, "--option", f"serialization_dir={programs}", *options, *report, *map(str, chunk)]
        done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    count = re.match(r"(\d+) passed, (\d+) failed, (\d+) skipped$", lines[-1]) if lines else None
    if not count:
        return [f"the comparison of {chunk[0].name} and {len(chunk) - 1} more ended early: {done.stderr.strip()[-300:]}"], 0, len(chunk), 0
    bad = [line for line in lines[:-1] if line.split("\t")[1].isupper()]
    return bad, *map(int, count.groups())


def main():
    tool, models, delegate, name = sys.argv[1:]
    jobs = []
    for options, chosen in groups(pathlib.Path(models)):
        jobs += [(options, chosen[i:i + 12]) for i in range(0, len(chosen), 12)]
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory() as programs, ThreadPoolExecutor(2) as pool:
        for bad, *counts in pool.map(lambda job: compare(tool, delegate, programs, *job), jobs):
            for line in bad:
                print(f"FAILED  {name}: {line}", flush=True)
            total = [a + b for a, b in zip(total, counts)]
            print(f"models on {name}: {sum(total)} of {sum(len(c) for _, c in jobs)}", flush=True)
    print("%d passed, %d failed, %d skipped" % tuple(total))


if __name__ == "__main__":
    main()
