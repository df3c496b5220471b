#!/usr/bin/env python3
"""Writes the documentation's tables from the files that hold the facts: README's options from delegate/options.def; operators.md from partition/ops.def and
refs.def; the specification in quantization.md from partition/spec.def.

usage: tables.py          rewrite them between their marks
       tables.py --check  exit 1 where a table is not what the files say
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


def specification():
    """One row per operator: the rule of each operand."""
    rules = {}
    for op, operand, rule, scale, value in rows("partition/spec.def", "HBY_SPEC"):
        where = "output" if operand == "OUT" else f"input {operand[2:]}"
        ratio = f"1/{round(1 / float(scale))}" if float(scale) else ""
        text = {
            "ACTIVATION": "per tensor",
            "WEIGHTS": f"weights, per tensor or per axis {value}",
            "WEIGHTS_PT": "weights, per tensor",
            "BIAS": "bias",
            "FIXED": f"int8: scale {ratio}, zero point {value}",
            "FIXED16": f"int16: scale {ratio}, zero point {value}",
            "SAME": f"as input {value}",
        }[rule]
        rules.setdefault(op, {}).setdefault(where, []).append(text)
    out = ["| operator | operands |", "|---|---|"]
    for op in sorted(rules):
        out.append(f"| {op.upper()} | " + "; ".join(f"{where}: {', '.join(texts)}" for where, texts in rules[op].items()) + " |")
    return out


TABLES = {"README.md": (("options", options),), "docs/operators.md": (("operators", operators),), "docs/quantization.md": (("specification", specification),)}


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    stale = []
    for path, tables in TABLES.items():
        text = old = (ROOT / path).read_text()
        for name, make in tables:
            block = f"<!-- {name} -->\n" + "\n".join(make()) + f"\n<!-- end of {name} -->"
            text, n = re.subn(rf"<!-- {name} -->.*?<!-- end of {name} -->", lambda _: block, text, flags=re.S)
            if n != 1:
                sys.exit(f"{path} has no marks <!-- {name} --> ... <!-- end of {name} -->")
        if text != old and sys.argv[1:]:
            stale.append(path)
        elif text != old:
            (ROOT / path).write_text(text)
    if stale:
        sys.exit(f"the tables of {' and '.join(stale)} are out of date: run docs/tables.py")


if __name__ == "__main__":
    main()
