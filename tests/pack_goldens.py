#!/usr/bin/env python3
"""Packs what make_ops.py and make_ops_elementwise.py wrote into tests/golden, one archive per operator, reproducibly (fixed dates, sorted names).

usage: pack_goldens.py DIR [--out tests/golden]

tests/golden/README.md says with which commands and versions the files were made.
"""
import argparse
import collections
import pathlib
import zipfile


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "golden")
    a = p.parse_args()
    by_op = collections.defaultdict(list)
    for f in sorted(a.folder.glob("*.tflite")):
        by_op[f.name.split(".")[0]].append(f)
    a.out.mkdir(exist_ok=True)
    total = 0
    for op, files in by_op.items():
        path = a.out / f"{op}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            for f in files:
                for part in (f, f.with_suffix(".npz")):
                    info = zipfile.ZipInfo(part.name, (2026, 1, 1, 0, 0, 0))
                    info.compress_type = zipfile.ZIP_DEFLATED
                    z.writestr(info, part.read_bytes())
        total += path.stat().st_size
        print(f"{path.name}: {len(files)} cases, {path.stat().st_size} bytes")
    print(f"{total} bytes in all")


if __name__ == "__main__":
    main()
