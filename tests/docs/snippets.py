"""Every block of code in docs/ is a piece of a file that is compiled: snippets.py [ROOT].

A block is preceded by `<!-- from FILE -->` and its lines follow each other in FILE as they do in
the document. Blocks of C++ and CMake must say where they are from; `sh`, `yaml` and plain ones
need not, since tests/e2e runs the configurations.
"""

import re
import sys
from pathlib import Path

MUST_SAY = ("cpp", "c", "cmake")
BLOCK = re.compile(r"(?:<!-- from (?P<file>\S+) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)\n```",
                   re.S)


def check(root):
    """(problems, number of blocks compared)"""
    problems, compared = [], 0
    for document in sorted((Path(root) / "docs").rglob("*.md")):
        text = document.read_text()
        for match in BLOCK.finditer(text):
            place = f"{document.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}"
            file, language, body = match["file"], match["language"], match["body"]
            if file is None:
                if language in MUST_SAY:
                    problems.append(f"{place}: {language} that does not say which file it is from")
                continue
            compared += 1
            source = Path(root) / file
            if not source.is_file():
                problems.append(f"{place}: there is no {file}")
            elif f"\n{body}\n" not in f"\n{source.read_text()}\n":
                problems.append(f"{place}: {file} does not hold these lines:\n{body}")
    return problems, compared


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    problems, compared = check(root)
    print(*problems, f"docs: {compared} blocks compared, {len(problems)} problems", sep="\n")
    return 1 if problems or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
