"""leave(code): the end of a forked child, without what an interpreter does at its end; a build for coverage writes its counts first."""
import ctypes
import os


def leave(code):
    with open("/proc/self/maps") as maps:
        libraries = {line.split()[-1] for line in maps if "libhalfbyte.so" in line}
    for path in libraries:
        dump = getattr(ctypes.CDLL(path), "hby_coverage_dump", None)
        if dump:
            dump()
    os._exit(code)
