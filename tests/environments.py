#!/usr/bin/env python3
"""The delegate in surroundings that go wrong: no OpenCL, half of it, a cache that cannot be written, is full, damaged or shared, work-groups of 1, forks, reloads, a memory limit. Each
scenario is a process of its own with the real runtime; the output must be right, and the reason for not using the device must be said.

usage: environments.py --delegate libhalfbyte.so [--only NAME,...]      (exit 77 where there is no device)
"""
import argparse
import gc
import glob
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from leave import leave  # noqa: E402
from need_device import no_device  # noqa: E402
from tflite_builder import VALID, Model  # noqa: E402

POCL = glob.glob("/etc/OpenCL/vendors/pocl.icd")
OCLGRIND = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"


# --- the child: one model, several ways to run it ---

def network(large=False, open_batch=False):
    """int8: convolution, addition, mean; or a float addition of 8 MB."""
    m = Model()
    if large:
        x, c, y = m.tensor([1, 1024, 1024, 2], "float32"), m.tensor([2], "float32", np.float32([1, 2])), m.tensor([1, 1024, 1024, 2], "float32")
        m.op("ADD", [x, c], [y], "AddOptions", fusedActivationFunction=0)
        return m.bytes([x], [y])
    rng = np.random.default_rng(5)
    x = m.tensor([1, 9, 9, 4], "int8", scale=0.5, zero_point=-3)
    w = m.tensor([8, 3, 3, 4], "int8", rng.integers(-127, 128, [8, 3, 3, 4]), scale=np.full(8, 0.02), zero_point=0)
    b = m.tensor([8], "int32", rng.integers(-500, 500, 8), scale=np.full(8, 0.01))
    y, s, r, z = (m.tensor(shape, "int8", scale=scale, zero_point=1) for shape, scale in (([1, 7, 7, 8], 0.7), ([1, 7, 7, 8], 1.3), ([1, 8], 0.4), ([1, 8], 1 / 256)))
    m.graph.tensors[z].quantization.zeroPoint = np.array([-128])
    m.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=VALID, strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
    m.op("ADD", [y, y], [s], "AddOptions", fusedActivationFunction=0)
    m.op("MEAN", [s, m.tensor([2], "int32", np.int32([1, 2]))], [r], "ReducerOptions", keepDims=False)
    m.op("SOFTMAX", [r], [z], "SoftmaxOptions", beta=1.0)
    for t in (x, y, s, r, z) if open_batch else ():
        m.graph.tensors[t].shapeSignature = [-1, *m.graph.tensors[t].shape[1:]]
    return m.bytes([x], [z])


def interpreter(blob, delegate=None):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    it = Interpreter(model_content=blob, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_delegates=[delegate] if delegate else None)
    it.allocate_tensors()
    return it


def output(it, seed):
    d, rng = it.get_input_details()[0], np.random.default_rng(seed)
    it.set_tensor(d["index"], rng.standard_normal(d["shape"]).astype(np.float32) if d["dtype"] == np.float32 else rng.integers(-128, 128, d["shape"]).astype(np.int8))
    it.invoke()
    return np.array(it.get_tensor(it.get_output_details()[0]["index"]))


def child(library, options, way):
    from ai_edge_litert.interpreter import load_delegate
    if way == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))  # a write beyond fails, as on a full disk
    blob = network(way == "large")
    want = [output(interpreter(blob), seed) for seed in range(3)]
    d = load_delegate(library, {"claim": "all", "verbose": "2", **options})
    it = interpreter(blob, d)

    def check(what):
        got = [output(it, seed) for seed in range(3)]
        if not all(np.array_equal(w, g) for w, g in zip(want, got)):
            sys.exit(f"wrong result {what}")

    check("at first")
    if way == "fork":
        pid = os.fork()
        if pid == 0:
            try:
                check("in the forked child")
                fresh = load_delegate(library, {"claim": "all", "host_ref": "only"})
                it = interpreter(blob, fresh)
                check("of a delegate made in the child")
                leave(0)
            except BaseException as e:  # SystemExit, too
                os.write(2, f"{e}\n".encode())
                os._exit(1)
        if os.waitpid(pid, 0)[1]:
            sys.exit("the forked child failed")
        check("after the fork, in the parent")
    elif way == "destroyed_first":
        it._delegates = []
        del d
        gc.collect()
        check("after the delegate was destroyed")
    elif way == "destroyed_last":
        it = None
        gc.collect()
        it = interpreter(blob, d)
        check("in a second interpreter")
        it = None
        gc.collect()
        del d
    elif way == "reload":
        import _ctypes
        import ctypes
        it = None
        del d
        gc.collect()
        _ctypes.dlclose(ctypes.CDLL(library)._handle)
        for round_ in range(3):
            d = load_delegate(library, {"claim": "all"})
            it = interpreter(blob, d)
            check(f"after reload {round_}")
            it = None
            del d
            gc.collect()
    if way == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # for what is written at the end


# --- the parent ---

class Scenarios:
    def __init__(self, library, folder):
        self.library, self.folder, self.bad, self.passed = library, folder, 0, 0

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is None:
            os.makedirs(path, exist_ok=True)
        else:
            with open(path, "w") as f:
                f.write(text)
        return path

    def start(self, way="plain", options=None, env=None, drop=()):
        surroundings = {k: v for k, v in os.environ.items() if k not in drop} | (env or {})
        return subprocess.Popen([sys.executable, os.path.abspath(__file__), "--delegate", self.library, "--child", way, json.dumps(options or {})], env=surroundings,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, name, process, words=()):
        try:
            said = process.communicate(timeout=120)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0] + "\nit hung"
        missing = [w for w in words if w not in said]
        if process.returncode or missing:
            self.bad += 1
            print(f"FAILED {name}: status {process.returncode}, {'not said: ' + '; '.join(missing) if missing else ''}\n{said[-1500:]}", flush=True)
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)
        return said

    def expect(self, name, holds):
        self.passed += bool(holds)
        self.bad += not holds
        print(f"{'ok' if holds else 'FAILED'} {name}", flush=True)

    def run(self, name, words=(), **how):
        return self.finish(name, self.start(**how), words)


ON_DEVICE, NOTHING = "4 nodes on the device", "0 nodes on the device"


def no_opencl(s):
    fake = s.path("garbage")
    for name in ("libOpenCL.so.1", "libOpenCL.so"):
        s.path(f"garbage/{name}", "this is no library")
    s.run("no loader", ["no OpenCL loader", NOTHING], env={"LD_LIBRARY_PATH": fake})
    fake, source = s.path("hollow"), s.path("hollow.c", "int hollow;\n")
    if shutil.which("gcc"):
        for name in ("libOpenCL.so.1", "libOpenCL.so"):
            subprocess.run(["gcc", "-shared", "-fPIC", "-o", os.path.join(fake, name), source], check=True)
        s.run("a loader without functions", ["lacks clGet", NOTHING], env={"LD_LIBRARY_PATH": fake})
    s.run("no driver", ["nothing is delegated", NOTHING], env={"OCL_ICD_VENDORS": s.path("no_vendors")}, drop=("OCL_ICD_FILENAMES",))
    missing = s.path("missing_vendor")
    s.path("missing_vendor/a.icd", "/nonexistent/libdriver.so\n")
    s.run("a driver that is not there", ["nothing is delegated", NOTHING], env={"OCL_ICD_VENDORS": missing}, drop=("OCL_ICD_FILENAMES",))
    s.run("no device of the type", ["nothing is delegated", NOTHING], options={"device_type": "other"})
    if POCL and os.path.exists(OCLGRIND):
        both = s.path("two_vendors")
        shutil.copy(POCL[0], both)
        s.path("two_vendors/oclgrind.icd", OCLGRIND + "\n")
        s.run("two platforms", [ON_DEVICE], env={"OCL_ICD_VENDORS": both}, options={"device": "portable"}, drop=("OCL_ICD_FILENAMES",))


def caches(s):
    file = s.path("a_file", "")
    s.run("a cache folder that cannot be made", [ON_DEVICE], options={"serialization_dir": file + "/cache"})
    s.run("a full disk", [], way="full", options={"serialization_dir": s.path("full")})
    s.expect("nothing is left of what a full disk cut off", not [f for f in os.listdir(s.path("full")) if os.path.getsize(os.path.join(s.path("full"), f)) > 0])
    shared = os.path.join(s.folder, "shared")
    said = s.run("a new cache", [ON_DEVICE], options={"serialization_dir": shared})
    env = {}
    if "no programs are kept there" in said:  # for their inline assembly: without, they are
        s.expect("nothing is kept there", not glob.glob(shared + "/*.hbycl"))
        env = {"HALFBYTE_DEVICE_FEATURES": "-asm"}
        s.run("a new cache without assembly", [ON_DEVICE], options={"serialization_dir": shared}, env=env)
    files = sorted(glob.glob(shared + "/*.hbycl"))
    s.expect("the cache's folder is the owner's alone", (os.stat(shared).st_mode & 0o777) == 0o700 and files and all((os.stat(f).st_mode & 0o777) == 0o600 for f in files))
    for i, f in enumerate(files):
        blob = bytearray(open(f, "rb").read())
        blob[len(blob) * (i + 1) // (len(files) + 2)] ^= 0x40
        open(f, "wb").write(bytes(blob))
    damaged = {f: open(f, "rb").read() for f in files}
    s.run("a damaged cache", [ON_DEVICE], options={"serialization_dir": shared}, env=env)
    s.expect("damaged files are replaced", all(os.path.exists(f) and open(f, "rb").read() != damaged[f] for f in files))
    victim = s.path("victim", "precious")
    os.unlink(files[0])
    os.symlink(victim, files[0])
    s.run("a link in the cache", [ON_DEVICE], options={"serialization_dir": shared}, env=env)
    s.expect("links are not followed", open(victim).read() == "precious" and not os.path.islink(files[0]))
    others = s.path("open_to_all")
    os.chmod(others, 0o777)
    s.run("a folder that others may write to", [ON_DEVICE, "serialization_dir"], options={"serialization_dir": others})
    s.expect("nothing is read from or written to it", not os.listdir(others))
    cold = os.path.join(s.folder, "cold")
    crowd = [s.start(options={"serialization_dir": cold}, env=env) for _ in range(8)]
    for i, process in enumerate(crowd):
        s.finish(f"process {i} of 8 on a cold cache", process, [ON_DEVICE])
    s.expect("no temporary files are left", not glob.glob(cold + "/.hbycl*"))
    s.run("without HOME", [ON_DEVICE], options={"serialization_dir": cold}, drop=("HOME", "XDG_CACHE_HOME"), env=env | {"POCL_CACHE_DIR": s.path("pocl")})


def lives(s):
    s.run("fork", [ON_DEVICE], way="fork")
    s.run("the delegate goes before the interpreter", [ON_DEVICE], way="destroyed_first")
    s.run("the delegate goes after the interpreter", [ON_DEVICE], way="destroyed_last")
    s.run("unloaded and loaded again", [ON_DEVICE], way="reload")
    s.run("more memory than memory_limit_mb", ["memory_limit_mb"], way="large", options={"memory_limit_mb": "4"})
    s.run("as much memory as memory_limit_mb", ["1 nodes on the device"], way="large", options={"memory_limit_mb": "64"})


def work_groups(s):
    if POCL:
        for size in (1, 16):
            s.run(f"work-groups of {size} at most", [ON_DEVICE], env={"POCL_MAX_WORK_GROUP_SIZE": str(size)})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delegate", required=True)
    p.add_argument("--only", default="no_opencl,caches,lives,work_groups")
    p.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.child:
        child(a.delegate, json.loads(a.child[1]), a.child[0])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        s = Scenarios(os.path.abspath(a.delegate), folder)
        said = s.run("as it should be", [])
        if ON_DEVICE not in said:
            return no_device(said)
        for group in a.only.split(","):
            globals()[group](s)
        print(f"{s.passed} passed, {s.bad} failed")
        return 1 if s.bad else 0


if __name__ == "__main__":
    sys.exit(main())
