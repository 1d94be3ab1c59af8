"""The pages in docs/ as data: their blocks of code, tables, links and headings."""

import re
from pathlib import Path

import harness

DOCS = harness.REPOSITORY / "docs"
# Those that this folder asks the agent about: their commands, configurations and quotes are so.
OPERATORS = [
    DOCS / f"{name}.md"
    for name in ("operations", "sizing", "troubleshooting", "security", "metrics", "fleet")
]

BLOCK = re.compile(r"(?P<mark><!--.*?-->\n)?```(?P<language>\w*)\n(?P<body>.*?)\n```", re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Block:
    def __init__(self, page, text, match):
        self.place = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}"
        self.mark = match["mark"] or ""
        self.language = match["language"]
        self.body = match["body"]


def blocks(page, *languages):
    """Its blocks of code, of these languages."""
    text = page.read_text()
    found = [Block(page, text, match) for match in BLOCK.finditer(text)]
    return [block for block in found if not languages or block.language in languages]


def prose(page):
    """Its text without blocks of code."""
    return BLOCK.sub("", page.read_text())


def spans(page):
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def tables(page, first):
    """The rows, as lists of cells, of all tables whose first column is headed `first`."""
    rows, inside = [], False
    for line in prose(page).splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]
        if cells[0] == first:
            inside = True
        elif inside and not set(cells[0]) <= set("-: "):
            rows.append(cells)
    return rows


def code(cell):
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def anchors(page):
    """The names that a link can give behind `#`, as GitHub makes them of headings."""
    names = []
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.append(f"{name}-{names.count(name)}" if name in names else name)
    return names


def links(page):
    """(target, what it is relative to the page's folder) of those that stay in the repository."""
    for target in LINK.findall(prose(page)):
        if not re.match(r"[a-z]+:", target):
            yield target, Path(page.parent, target.split("#")[0]) if target[0] != "#" else page
