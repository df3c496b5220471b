"""The exit status of a test that found no OpenCL device (need_device.h is the same in C)."""
import ctypes
import os


def has_device(library):
    """Does the delegate find one?"""
    return ctypes.CDLL(os.path.abspath(library)).HalfbyteListDevices(None, 0) > 0


def required():
    """HBY_REQUIRE_DEVICE=1: there ought to be one."""
    return os.environ.get("HBY_REQUIRE_DEVICE", "0") not in ("", "0")


def no_device(why=""):
    """Says so. Skipped, or failed where there ought to be one."""
    print(f"no device: {why}" if why else "no device", flush=True)
    return 1 if required() else 77
