"""The current headers still hold every byte that the frozen ones promise.

    layout.py FROZEN_INCLUDE CURRENT_INCLUDE

For each struct of the frozen headers: its fields come first in the current one, in order, with the
same declarations, offsets and sizes. Only structs whose first field is `size` may have grown, at
their end. Enumerators, constants and typedefs keep their values. The frozen copy itself has the
checksums that tests/abi/freeze wrote. tests/abi/layout_test.py proves that each rule fires.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Header:
    structs: dict = field(default_factory=dict)  # name -> [declaration of a field, ...]
    enumerators: list = field(default_factory=list)
    constants: list = field(default_factory=list)
    typedefs: dict = field(default_factory=dict)  # name -> text, of everything but structs


def split_declarations(body):
    """The declarations between ';', where those inside of braces do not separate."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(body):
        depth += (c == "{") - (c == "}")
        if c == ";" and depth == 0:
            parts.append(" ".join(body[start:i].split()))
            start = i + 1
    return [p for p in parts if p]


def field_name(declaration):
    pointer = re.search(r"\(\*(\w+)\)\(", declaration)
    return pointer.group(1) if pointer else re.findall(r"\w+", declaration.split("[")[0])[-1]


def parse(include):
    """All that the headers below `include` declare."""
    header = Header()
    for path in sorted(Path(include).rglob("*.h")):
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)
        header.constants += re.findall(r"^#define (WEIR_\w+) +[\"\d]", text, flags=re.M)
        text = re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.M | re.S)
        for name, body in re.findall(r"(?:struct|union) (weir_\w+) \{(.*?)\n\}", text, flags=re.S):
            header.structs[name] = split_declarations(body)
        for body in re.findall(r"enum \{(.*?)\}", text, flags=re.S):
            header.enumerators += re.findall(r"(WEIR_\w+) =", body)
        for line in re.findall(r"typedef [^;{]*;", text):
            flat = " ".join(line.split())
            name = re.search(r"\(\*(\w+)\)", flat) or re.search(r"(\w+);$", flat)
            header.typedefs[name.group(1)] = flat
    return header


def measure(header, include):
    """{"struct.field": "offset size", "CONSTANT": value...}, as the C compiler sees them."""
    lines = ["#include <stdio.h>", "#include <stddef.h>"]
    files = sorted(p.relative_to(include) for p in Path(include).rglob("*.h"))
    lines += [f'#include "{name}"' for name in files] + ["int main(void) {"]
    for struct, fields in header.structs.items():
        kind = "union" if struct == "weir_cell" else "struct"
        lines.append(f'printf("{struct} %zu\\n", sizeof({kind} {struct}));')
        for name in map(field_name, fields):
            of = f"(({kind} {struct} *)0)->{name}"
            lines.append(
                f'printf("{struct}.{name} %zu %zu\\n",'
                f" offsetof({kind} {struct}, {name}), sizeof({of}));"
            )
    for name in header.enumerators:
        lines.append(f'printf("{name} %ld\\n", (long){name});')
    for name in header.constants:
        form = f'_Generic({name}, char *: "{name} %s\\n", default: "{name} %lu\\n")'
        lines.append(f"printf({form}, {name});")
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "layout.c"
        source.write_text("\n".join(lines))
        command = ["cc", "-std=c11", "-w", f"-I{include}", source, "-o", f"{folder}/layout"]
        subprocess.run(command, check=True)
        output = subprocess.run([f"{folder}/layout"], check=True, capture_output=True, text=True)
    return dict(line.split(" ", 1) for line in output.stdout.splitlines())


def compare(frozen_include, current_include):
    """What is wrong, a list of sentences."""
    frozen, current = parse(frozen_include), parse(current_include)
    problems = []
    for struct, fields in frozen.structs.items():
        now = current.structs.get(struct)
        if now is None:
            problems.append(f"{struct} is gone")
            continue
        for i, declaration in enumerate(fields):
            if i >= len(now) or now[i] != declaration:
                found = now[i] if i < len(now) else "nothing"
                problems.append(f"{struct}: field {i} was '{declaration}', now '{found}'")
                break
        grows = fields[0] == "uint32_t size"
        if len(now) > len(fields) and not grows:
            problems.append(f"{struct} has no size field, so it must not grow")
    for kind in ("enumerators", "constants"):
        for name in getattr(frozen, kind):
            if name not in getattr(current, kind):
                problems.append(f"{name} is gone")
    for name, text in frozen.typedefs.items():
        if current.typedefs.get(name) != text:
            problems.append(f"typedef {name} was '{text}', now '{current.typedefs.get(name)}'")
    if problems:
        return problems

    was, now = measure(frozen, frozen_include), measure(frozen, current_include)
    for name, value in was.items():
        grown = name in frozen.structs and int(now[name]) >= int(value)
        if now[name] != value and not grown and name != "WEIR_ABI_MINOR":
            problems.append(f"{name} was {value}, now {now[name]}")
    if int(now["WEIR_ABI_MINOR"]) < int(was["WEIR_ABI_MINOR"]):
        problems.append("WEIR_ABI_MINOR went back")
    if not problems and len(was) < 100:
        problems.append(f"only {len(was)} facts were read from the frozen headers: parser broken")
    return problems


def check_frozen(include):
    """What is wrong with the frozen copy itself."""
    problems, listed = [], set()
    for line in (Path(include) / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        listed.add(name)
        if hashlib.sha256((Path(include) / name).read_bytes()).hexdigest() != digest:
            problems.append(f"{name} in the frozen copy was edited")
    for path in Path(include).rglob("*.h"):
        if str(path.relative_to(include)) not in listed:
            problems.append(f"{path.relative_to(include)} was not put there by tests/abi/freeze")
    return problems


def main():
    frozen, current = sys.argv[1:]
    problems = check_frozen(frozen) + compare(frozen, current)
    for problem in problems:
        print(problem)
    if problems:
        print("A plugin that was built before would break: append fields at the end instead.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
