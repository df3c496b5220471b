"""The exit status of a test that found no OpenCL device (need_device.h is the same in C)."""
import os


def required():
    """HBY_REQUIRE_DEVICE=1: there ought to be one."""
    return os.environ.get("HBY_REQUIRE_DEVICE", "0") not in ("", "0")


def no_device(why=""):
    """Says so. Skipped, or failed where there ought to be one."""
    print(f"no device: {why}" if why else "no device", flush=True)
    return 1 if required() else 77
