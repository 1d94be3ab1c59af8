"""Man pages from what is true already: render.py weir PROGRAM | configuration, to standard output.

weir(1) is weir.1.md, with what PROGRAM's own --help says of every command in place of @COMMANDS@.
weir.yaml(5) is weir.yaml.5.md, with docs/configuration.md in place of @CONFIGURATION@. The Markdown
is the part of it that those pages use: headings, paragraphs, lists, tables, code.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIGURATION = HERE.parents[1] / "docs/configuration.md"


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", "\\\\&", text)


def inline(text):
    """`code` and **strong** in bold, *emphasis* in italics, of a link its text."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    parts = []
    for code, strong, emphasis, rest in re.findall(
        r"`([^`]+)`|\*\*([^*`]+)\*\*|\*([^*`\s][^*`]*)\*|([^`*]+|[`*])", text
    ):
        if rest:
            parts.append(escape(rest) if parts == [] else escape("x" + rest)[1:])
        else:
            # A leading dot is no request behind a font change.
            parts.append(f"\\f{'I' if emphasis else 'B'}{escape(code or strong or emphasis)}\\fR")
    return "".join(parts).replace("\\fR\\fB", "")


def cells(row):
    return [cell.strip().replace("\\|", "|") for cell in row.strip().strip("|").split("|")]


def table(rows):
    """A row is a term and what it means; columns between the two qualify the term."""
    for row in rows[2:]:
        term, *between, meaning = cells(row)
        between = ", ".join(inline(cell) for cell in between if cell)
        yield ".TP"
        yield inline(term or "otherwise") + (f" ({between})" if between else "")
        yield inline(meaning)


def blocks(lines):
    """The lines of roff of Markdown."""
    lines = iter([*lines, ""])
    paragraph, rows = [], []

    def flush():
        if rows:
            yield from table(rows)
            yield ".PP"
        elif paragraph:
            yield inline(" ".join(paragraph))
            yield ".PP"
        rows.clear()
        paragraph.clear()

    for line in lines:
        if line.startswith("```"):
            yield from flush()
            yield from (".RS 4", ".nf")
            for code in lines:
                if code.startswith("```"):
                    break
                yield escape(code)
            yield from (".fi", ".RE", ".PP")
        elif heading := re.match(r"(#+) (.*)", line):
            yield from flush()
            level, title = len(heading[1]), heading[2]
            yield f".SH {escape(title.upper())}" if level < 3 else f".SS {escape(title)}"
        elif item := re.match(r"(-|\d+\.) (.*)", line):
            yield from flush()
            yield ".IP " + (r"\(bu" if item[1] == "-" else item[1]) + " 4"
            paragraph.append(item[2])
        elif line.startswith("|"):
            rows.append(line)
        elif not line.strip():
            yield from flush()
        else:
            if rows:
                yield from flush()
            paragraph.append(line.strip())
    yield from flush()


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def commands(program):
    """The names of the commands, in the order in which the program tells them."""
    return re.findall(r"^  (\S+) +\S", said(program, "--help"), flags=re.M)


def options(text):
    """(name and argument, default, what it does) of each option in a command's help."""
    found = []
    for line in text.splitlines():
        if match := re.match(r"  (-\S.*?)(?: \(=(.*?)\))?(?:  +(\S.*))?$", line):
            found.append([match[1], match[2], match[3] or ""])
        elif line.startswith("   ") and found:
            found[-1][2] += " " + line.strip()
    return [(name, default, " ".join(meaning.split())) for name, default, meaning in found]


def command_page(program, name):
    text = said(program, name, "--help")
    usage, rest = text.split("\n", 1)
    about, _, listed = rest.partition("\noptions:\n")
    yield f".SS {escape(usage.removeprefix('usage: '))}"
    about = " ".join(about.split())
    yield inline(about[0].upper() + about[1:] + ("" if about.endswith(".") else "."))
    for option, default, meaning in options(listed):
        if option.startswith("-h "):
            continue
        # As Program_options has it: -c [ --config ] arg
        option = re.sub(r"(-\w) \[ (--[\w-]+) \]", r"\1, \2", option)
        option = re.sub(r"--?[\w-]+", lambda match: f"\\fB{escape(match[0])}\\fR", option)
        yield ".TP"
        yield option.replace(" arg", " \\fIARG\\fR") + (
            f" (default {escape(default)})" if default else "")
        yield inline(meaning)
    yield ".PP"


def page(name, section, body):
    project = (HERE.parents[1] / "CMakeLists.txt").read_text()
    version = re.search(r"project\(weir VERSION (\S+)", project)
    print(f'.TH {name.upper()} {section} "" "Weir {version[1]}" "Weir"')
    print(".nh\n.ad l")
    print("\n".join(body))


def with_inserted(file, mark, inserted):
    before, after = (HERE / file).read_text().split(mark)
    return [*blocks(before.splitlines()), *inserted, *blocks(after.splitlines())]


def main():
    if sys.argv[1:2] == ["weir"] and len(sys.argv) == 3:
        program = sys.argv[2]
        pages = [line for name in commands(program) for line in command_page(program, name)]
        page("weir", 1, with_inserted("weir.1.md", "@COMMANDS@\n", pages))
    elif sys.argv[1:] == ["configuration"]:
        text = re.sub(r"^# .*\n", "", CONFIGURATION.read_text())
        body = with_inserted("weir.yaml.5.md", "@CONFIGURATION@\n", blocks(text.splitlines()))
        page("weir.yaml", 5, body)
    else:
        sys.exit("usage: render.py weir PROGRAM | configuration")


if __name__ == "__main__":
    main()
