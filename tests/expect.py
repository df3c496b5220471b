"""For tests that drive a program: a line for what holds; the first thing that does not ends the test."""
import sys


def expect(what, condition, detail=""):
    if not condition:
        sys.exit(f"FAILED: {what}: {detail}")
    print("ok:", what, flush=True)
