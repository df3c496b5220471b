"""Are the names in the documentation those of the tree? Files, links, tests, options and their values, words of HALFBYTE_DEVICE_FEATURES, flags of our programs,
environment variables and whatever else looks like a name of ours; in comments and messages of all other files, files. And are figures that stand twice the same?

usage: docs_names.py BUILD_FOLDER

A name is what stands in `...`, in an indented line or between ``` lines. Each rule first has to find a wrong name that is planted for it.
"""
import fnmatch
import functools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = "docs|tests|bench|partition|kernels_cl|host_ref|delegate|include|cmake|.ci"
BINARY = (".zip", ".npz", ".tflite", ".bin")
# Names of others that no source has.
FOREIGN = set("interpreter_options RUSTICL_ENABLE POCL_KERNELLIB_NAME CL_CONFIG_CPU_TARGET_ARCH avx_f16c".split())
# The programs whose flags stand in the documentation, and where they are read. Python programs read their own.
PROGRAMS = {
    "bench/run": ("bench/run", "bench/options.c", "bench/study.py", "bench/targets.py", "bench/scaling.py"),
    "bench/kernels": ("bench/kernels", "bench/roofline/options.c"),
    "bench/bundle": ("bench/bundle",),
    "OUT/run": ("bench/bundle_run", "bench/roofline/options.c"),
    "build/tests/checks": ("tests/check.c",),
    "tests/nightly/planted": ("tests/nightly/planted",),
    "tests/coverage": ("tests/coverage",),
    "benchmark_model": (),
}


@functools.cache
def tree():
    """Every file: its path -> its text."""
    paths = [p.relative_to(ROOT) for top in FOLDERS.split("|") for p in (ROOT / top).rglob("*")] + [p.relative_to(ROOT) for p in ROOT.glob("*")]
    paths = sorted(p for p in paths if (ROOT / p).is_file() and "__pycache__" not in p.parts and not p.name.startswith("."))
    return {str(p): "" if p.name.endswith(BINARY) else (ROOT / p).read_text(errors="replace") for p in paths}


@functools.cache
def words():
    """Every word of a file that is no documentation, this one and its lists left out."""
    return set(re.findall(r"\w+", "\n".join(t for p, t in tree().items() if not p.endswith(".md") and p != "tests/docs_names.py")))


@functools.cache
def table(path, macro):
    return [re.findall(r'"((?:[^"\\]|\\.)*)"', m.group(2)) + [m.group(1)] for m in re.finditer(rf"^{macro}\((\w+),(.*?)\)\s*$", tree()[path], re.S | re.M)]


@functools.cache
def features():
    text = re.search(r"known\[\] = \{(.*?)\};", tree()["kernels_cl/cl_words.c"], re.S).group(1)
    return re.findall(r'"([^"]+)"', text)


@functools.cache
def tests(build):
    done = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True)
    return [t["name"] for t in json.loads(done.stdout)["tests"]]


def code(text):
    """(line number, what stands there as code) of a page; lists of flags below a command belong to it."""
    fenced = False
    for i, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield i, line.strip()
        else:
            for span in re.findall(r"`([^`]+)`", line):
                yield i, span


def exists(path):
    return any(fnmatch.fnmatch(p, path) or p.startswith(path.rstrip("/") + "/") for p in tree())


def stands_for_names(path):
    """x, NAME, OP and the like in place of an operator's name."""
    return re.search(r"(?:^|/|[a-z]_)(?:x|X|[A-Z]{2,}|N)(?:\.\w+)?$", path)


def wrong_paths(text):
    for path in re.findall(rf"(?<![\w./$}}{{\\-])((?:{FOLDERS})/[\w./*-]*[\w*])(?![\w${{|])", text.replace("\\", "")):
        if ".*" not in path and not exists(path) and not exists(path + "*") and not stands_for_names(path):
            yield f"no such file: {path}"


def wrong_files(span):
    yield from wrong_paths(span)
    for name in re.findall(r"(?<![\w/.*-])([a-z]\w*(?:_\*)?\.(?:c|h|cl|clh|def|py|sh|md))\b", span):
        if not exists("*/" + name) and not exists(name) and not stands_for_names(name):
            yield f"no such file: {name}"


def wrong_links(page, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        if not there.exists():
            yield f"no such file: {target}"
        elif anchor:
            heads = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", there.read_text(), re.M)]
            if anchor not in heads:
                yield f"no such heading: {target}"


def wrong_options(span):
    rows = {r[-1]: r for r in table("delegate/options.def", "HBY_OPTION")}
    for key, value in re.findall(r"(?<![\w-])([a-z][a-z0-9_]+)[=:]([\w|.,-]+)", span):
        if key in rows and not re.search(r"[A-Z]", value):
            valid = rows[key][1]
            numbers = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", valid)
            if numbers and not (re.fullmatch(r"-?\d+", value) and int(numbers[1]) <= int(value) <= int(numbers[2])):
                yield f"{key}={value}: {valid} is valid"
            if "|" in valid and not set(re.split(r"[|]", value)) <= set(valid.split("|")):
                yield f"{key}={value}: {valid} is valid"
    for name in re.findall(r"deny_kernels=([\w,]+)", span):
        rows = {r[-1] for r in table("kernels_cl/kernels.def", "HBY_KERNEL")}
        yield from (f"no such kernel: {n}" for n in name.split(",") if n not in rows)


def wrong_features(span):
    alone = [span] if re.fullmatch(r"-[a-z][a-z0-9_]{2,}(,-[a-z0-9_]+)*", span) else []
    for text in re.findall(r"HALFBYTE_DEVICE_FEATURES=(\S+)", span) + alone:
        for word in text.split(","):
            if not any(fnmatch.fnmatch(word, k.replace("#", "*")) for k in features()):
                yield f"no such word of HALFBYTE_DEVICE_FEATURES: {word}"


def wrong_flags(span):
    """Each program of a command line knows its flags."""
    program = None
    for word in re.split(r"\s+|(?<=\))", re.sub(r"(?:^|\s)#\s.*", "", span)):
        word = word.strip("'\"(),;[]")
        if word in PROGRAMS or word in tree() and not word.endswith((".md", ".c", ".h")):
            program = word
        elif program and re.match(r"--?[a-z]", word):
            flag = word.split("=")[0]
            files = PROGRAMS.get(program, (program,))
            if files and program != "tests/run" and not any(knows(tree()[f], flag) for f in files):
                yield f"{program} knows no {flag}"


def knows(source, flag):
    """Is the flag read there: by getopts, argp, or by its name?"""
    if len(flag) == 2 and "getopts" in source:
        return re.search(rf"getopts [\w:]*{flag[1]}", source)
    return re.search(rf"(?<![\w-]){flag}(?![\w-])", source) or re.search(rf'\{{"{flag[2:]}", ' if len(flag) > 2 else f"'{flag[1]}', ", source)


def wrong_tests(span, build):
    """What is named like a test is one: `*` and N stand for any."""
    kinds = {re.match(r"[a-z]+_", t).group() for t in tests(build) if "_" in t} - {"bench_", "host_"}
    for name in re.findall(r"(?<![\w/.=-])([a-z][a-z0-9]*_\w*(?:\*|\b))(?![\w.(/=:-])", span):
        if any(name.startswith(k) for k in kinds) and name not in words() and not stands_for_names(name):
            pattern = re.sub(r"_N$", "_*", name)
            if not any(fnmatch.fnmatch(t, pattern) for t in tests(build)):
                yield f"no such test: {name}"


def wrong_names(span, build):
    """Whatever else has an underscore, or is a variable of ours, stands somewhere in the sources."""
    for name in re.findall(r"(?<![\w*-])([A-Za-z]\w*_\w+|H[A-Z]+_[A-Z_]+)(?![\w*])", span):
        if name in words() or name in FOREIGN or name in tests(build) or stands_for_names(name) or any(p.rsplit("/", 1)[-1].split(".")[0] == name for p in tree()):
            continue
        yield f"nothing is called {name}"


def page_errors(page, text, build):
    found = []
    for i, span in code(text):
        for rule in (wrong_files, wrong_options, wrong_features, wrong_flags):
            found += [f"{page}:{i}: {e}" for e in rule(span)]
        for rule in (wrong_tests, wrong_names):
            found += [f"{page}:{i}: {e}" for e in rule(span, build)]
    return found + [f"{page}: {e}" for e in wrong_links(page, text)]


def other_figures(readme, performance):
    """Rows of bench/run's table in README are an excerpt of those in docs/performance.md."""
    rows = re.findall(r"^    .*(?:device|CPU \(XNNPACK\)|host_ref) +\d+\.\d\d .*$", readme, re.M)
    return [f"docs/performance.md has not README's row: {row.strip()}" for row in rows if row not in performance] if rows else ["README has no table of bench/run"]


PLANTED = {
    "no such file: tests/no_such.py": "see `tests/no_such.py`",
    "no such file: no_such_file.cl": "see `no_such_file.cl`",
    "no such file: docs/nowhere.md": "[there](docs/nowhere.md)",
    "no such heading: #nowhere": "[there](#nowhere)",
    "precision=quick": "`precision=quick`",
    "verbose=9": "    halfbyte verbose=9",
    "no such kernel: conv_j8": "`deny_kernels=conv_mma,conv_j8`",
    "no such word of HALFBYTE_DEVICE_FEATURES: -fp17": "`HALFBYTE_DEVICE_FEATURES=-mma,-fp17`",
    "bench/run knows no --compere": "    bench/run --compere MODEL",
    "no such word of HALFBYTE_DEVICE_FEATURES: -dott": "without `-mma,-dott`",
    "OUT/run knows no -z": "`OUT/run -o R -z`",
    "no such test: check_nothing_at_all": "test `check_nothing_at_all`",
    "no such test: oclgrind_q*": "tests `oclgrind_q*`",
    "nothing is called HBY_NOWHERE": "`HBY_NOWHERE=1`",
    "nothing is called hby_does_nothing": "`hby_does_nothing`",
}


def main():
    build = sys.argv[1]
    for error, line in PLANTED.items():
        if not any(error in e for e in page_errors("README.md", line, build)):
            sys.exit(f"a planted name was not found: {line.strip()}")
    found = []
    for path, text in tree().items():
        if path.endswith(".md"):
            found += page_errors(path, text, build)
        elif path != "tests/docs_names.py":
            for i, line in enumerate(text.splitlines(), 1):
                found += [f"{path}:{i}: {e}" for e in wrong_paths(line)]
    found += [f"docs/devices.md has no {word}" for word in features() if "`" + word.replace("#", "N") not in tree()["docs/devices.md"] and not word.startswith("dot=")]
    found += other_figures(tree()["README.md"], tree()["docs/performance.md"])
    for error in found:
        print(error)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
