#!/usr/bin/env python3
"""Writes README's tables from the files that hold the facts: options from delegate/options.def, operators from partition/ops.def and refs.def.

usage: tables.py          rewrite README.md between the marks
       tables.py --check  exit 1 where README.md is not what the files say
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMES = ["f32", "f16", "i8", "u8", "i16", "f32w8", "i32"]


def rows(path, macro):
    """The arguments of each MACRO(...) row; adjacent string literals are joined, quotes dropped."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / path).read_text(), flags=re.S)
    for m in re.finditer(rf"^{macro}\((.*?)\)\s*$", text, flags=re.S | re.M):
        parts = re.findall(r'((?:"(?:[^"\\]|\\.)*"\s*)+|[^,"\s][^,"]*)', m.group(1))
        yield ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', p)).replace('\\"', '"') if p.lstrip().startswith('"') else p.strip() for p in parts]


def options():
    out = ["| option | default | values | |", "|---|---|---|---|"]
    for name, _, default, valid, text in rows("delegate/options.def", "HBY_OPTION"):
        shown, values = f"`{default}`" if default else "", valid.replace("|", " \\| ")
        out.append(f"| `{name}` | {shown} | {values} | {text} |")
    return out


def operators():
    runs = {}
    for op, scheme, _ in rows("partition/refs.def", "HBY_REF"):
        runs.setdefault(op, set()).add(scheme)
    out = ["| operator | " + " | ".join(f"`{s}`" for s in SCHEMES) + " |", "|---" * (len(SCHEMES) + 1) + "|"]
    names = sorted(r[0] for r in rows("partition/ops.def", "HBY_OP"))
    for name in names:
        have = runs.get(name)
        cells = ["x" if have and s in have else "" for s in SCHEMES] if have else ["folded"] + [""] * (len(SCHEMES) - 1)
        out.append(f"| {name.upper()} | " + " | ".join(cells) + " |")
    return out


def main():
    readme = ROOT / "README.md"
    text = old = readme.read_text()
    for name, make in (("options", options), ("operators", operators)):
        block = f"<!-- {name} -->\n" + "\n".join(make()) + f"\n<!-- end of {name} -->"
        text, n = re.subn(rf"<!-- {name} -->.*?<!-- end of {name} -->", lambda _: block, text, flags=re.S)
        if n != 1:
            sys.exit(f"README.md has no marks <!-- {name} --> ... <!-- end of {name} -->")
    if "--check" in sys.argv:
        if text != old:
            sys.exit("README.md's tables are out of date: run docs/tables.py")
        return
    readme.write_text(text)


if __name__ == "__main__":
    main()
