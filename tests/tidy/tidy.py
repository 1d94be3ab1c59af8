"""Style and structure as a test: tidy.py [FOLDER] prints `file:line: what is wrong`.

The rules are functions below, each with the reason it exists; tidy_test.py proves that each one
fires. What the compiler, clang-format or clang-tidy sees is not repeated here.
"""

import re
import subprocess
import sys
from pathlib import Path

COLUMNS_MAX = 100
LINES_MAX = 500
# Longer files, and why they are not several.
LONG_FILES = {
    "sdk/include/weir/abi.h": "the whole contract on one page, frozen by ABI version",
}
# Lines of core that hold a plugin's name without knowing the plugin: (file, name) -> why.
NAMES_IN_CORE = {}

CPP = (".h", ".hpp", ".c", ".cpp")
HEADERS = (".h", ".hpp")
SOURCES = (*CPP, ".py", ".cmake")
# Not written by hand for people: frozen, recorded, or made to be wrong.
EXEMPT = re.compile(r"(^|/)(testdata|corpus|golden)/|^tests/abi/v\d+/include/|^LICENSE$")


class File:
    """One text file: its path as in the repository, and its lines."""

    def __init__(self, root, path):
        self.root = root
        self.path = path
        self.name = path.rsplit("/", 1)[-1]
        self.suffix = Path(path).suffix
        self.text = (root / path).read_bytes().decode(errors="replace")
        self.lines = self.text.split("\n")

    def is_script(self):
        return self.text.startswith("#!")

    def is_cmake(self):
        return self.suffix == ".cmake" or self.name == "CMakeLists.txt"

    def is_code(self):
        return self.suffix in SOURCES or self.is_script() or self.is_cmake()

    def is_test(self):
        return self.name.endswith(("_test.cpp", "_test.hpp", "_bench.cpp", "_fuzzer.cpp"))

    def plugin_folder(self):
        parts = self.path.split("/")
        return "/".join(parts[:3]) if parts[0] == "plugins" and len(parts) > 3 else None

    def find(self, pattern):
        """Numbers of the lines that match, and the matches."""
        for number, line in enumerate(self.lines, 1):
            for match in re.finditer(pattern, line):
                yield number, match


class Tree:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.files = [File(self.root, path) for path in self.list() if not EXEMPT.search(path)]
        self.plugins = sorted({f.plugin_folder() for f in self.files if f.plugin_folder()})

    def list(self):
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        result = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            paths = result.stdout.splitlines()
        else:  # an unpacked release
            paths = [str(p.relative_to(self.root)) for p in self.root.rglob("*")]
            paths = [p for p in paths if not p.startswith("build/")]
        return sorted({p for p in paths if (self.root / p).is_file()})


# ---- rules: each yields (path, line, message) -------------------------------------------------


def plugins_know_only_the_sdk(tree):
    """A plugin that builds inside of this repository only is no plugin. What plugins of several
    kinds need of one client library is a folder in plugins/shared, which is built into each."""
    for file in tree.files:
        folder = file.plugin_folder()
        if not folder or file.suffix not in CPP:
            continue
        for number, match in file.find(r'^\s*#\s*include\s*(["<])([^">]+)[">]'):
            quote, target = match.groups()
            own = (tree.root / folder / target).is_file() or (
                (tree.root / file.path).parent / target).is_file()
            own = own or (
                target.startswith("shared/") and (tree.root / "plugins" / target).is_file())
            allowed = target.startswith("weir/") or (own and ".." not in target.split("/"))
            # A header may be a fixture; the product does not compile with one in it.
            of_tests = file.is_test() or file.suffix in (".h", ".hpp")
            allowed = allowed or (of_tests and target.startswith("weir_testing/"))
            if quote == '"' and not allowed:
                yield file.path, number, f"a plugin includes weir/ and its own files, not {target}"
            if quote == "<" and target.startswith(("core/", "weir_testing/")):
                yield file.path, number, f"a plugin includes weir/ and its own files, not {target}"


def core_knows_no_plugin(tree):
    """The agent is whatever its configuration names; a type known to core is not a plugin."""
    names = {p.split("/")[2] for p in tree.plugins}
    for file in tree.files:
        if not file.path.startswith("core/") or file.suffix not in CPP or file.is_test():
            continue
        for number, line in enumerate(file.lines, 1):
            code = re.sub(r"(^|\s)//.*", "", line)  # comments may give examples
            for word in names & set(re.findall(r"[A-Za-z0-9_]+", code)):
                quoted = re.search(rf'"{word}"|type: {word}\b', code)
                if ("_" in word or quoted) and (file.path, word) not in NAMES_IN_CORE:
                    yield file.path, number, f"core names the plugin {word}"


def core_uses_only_itself_and_weir(tree):
    """From the SDK, core uses what plugins use; quoted includes name files from the root."""
    for file in tree.files:
        if not file.path.startswith("core/") or file.suffix not in CPP:
            continue
        for number, match in file.find(r'^\s*#\s*include\s*"([^"]+)"'):
            allowed = match[1].startswith(("core/", "weir/"))
            allowed = allowed or (file.is_test() and match[1].startswith("weir_testing/"))
            if not allowed:
                yield file.path, number, f'core includes "core/..." and "weir/...", not {match[1]}'


def plugins_are_documented(tree):
    """Whoever reads the folder learns what it does and every option it has."""
    for folder in tree.plugins:
        files = [f for f in tree.files if f.plugin_folder() == folder]
        names = {f.name for f in files}
        for wanted in ("README.md", "CMakeLists.txt"):
            if wanted not in names:
                yield f"{folder}/{wanted}", 1, "a plugin folder has this file"
        if not any(f.name.endswith("_test.cpp") for f in files):
            yield f"{folder}/", 1, "a plugin folder has a *_test.cpp"
        readme = "".join(f.text for f in files if f.name == "README.md")
        for file in files:
            if file.suffix not in CPP or file.is_test() or not readme:
                continue
            for match in re.finditer(r'\boption\(\s*"(\w+)"', file.text):
                if not re.search(rf"`(\w+\.)?{match[1]}(\.\w+)?`", readme):
                    line = file.text.count("\n", 0, match.start()) + 1
                    yield file.path, line, f"the option {match[1]} is not in {folder}/README.md"


def files_begin_with_their_idea(tree):
    """A reader of a file knows after its first lines what it is for."""
    for file in tree.files:
        if not file.is_code() or file.name in ("__init__.py", "CMakeLists.txt"):
            continue
        first, second = (file.lines + ["", ""])[:2]
        if file.is_script():
            good = second.startswith(("# ", '"""'))
        elif file.suffix == ".py":
            good = first.startswith(('"""', "# "))
        elif file.suffix == ".cmake":
            good = first.startswith("# ")
        else:
            # The code of x.hpp, which tells the idea, may stand in x.cpp without another head.
            own_header = re.match(rf'#include "(\S*/)?{re.escape(Path(file.name).stem)}\.h', first)
            good = first.startswith(("// ", "/* ")) or own_header
        if not good:
            yield file.path, 1, "the file does not begin with a comment that tells its idea"


def files_are_short(tree):
    """One idea a file."""
    for file in tree.files:
        lines = file.text.count("\n")
        if file.is_code() and lines > LINES_MAX and file.path not in LONG_FILES:
            yield file.path, lines, f"{lines} lines, at most {LINES_MAX}: split it by ideas"
    present = {f.path: f.text.count("\n") for f in tree.files}
    for path in LONG_FILES:
        if (tree.root / "sdk").is_dir() and present.get(path, 0) == 0:
            yield path, 1, "listed in tests/tidy as a long file, but it is not there"


def lines_are_plain(tree):
    """No tabs, blanks at the end, carriage returns; 100 columns; a newline at the end."""
    for file in tree.files:
        text_file = file.is_code() or file.suffix in (".md", ".yaml", ".yml", ".json", ".service")
        if not text_file and file.name != "Makefile":
            continue
        if file.text and not file.text.endswith("\n"):
            yield file.path, len(file.lines), "no newline at the end of the file"
        for number, line in enumerate(file.lines, 1):
            if "\t" in line and file.name != "Makefile":
                yield file.path, number, "tab"
            if line != line.rstrip():
                yield file.path, number, "blanks at the end of the line"
            if len(line) > COLUMNS_MAX and file.is_code():
                yield file.path, number, f"{len(line)} columns, at most {COLUMNS_MAX}"


def names_are_snake_case(tree):
    """One way to name files; documents, which people link to, use hyphens."""
    for file in tree.files:
        stem = file.name.split(".")[0]
        if file.suffix in (*CPP, ".py") and not re.fullmatch(r"[a-z0-9_]+", stem):
            yield file.path, 1, "names of source files are snake_case"
        if file.suffix == ".cmake" and not re.fullmatch(r"[a-z0-9_]+|Weir[A-Za-z]*", stem):
            yield file.path, 1, "CMake modules are snake_case, or WeirName for the SDK's own"
        if file.suffix == ".md" and not re.fullmatch(r"[a-z0-9-]+|[A-Z]+", stem):
            yield file.path, 1, "documents are named in lower case with hyphens"
        for part in file.path.split("/")[:-1]:
            if not re.fullmatch(r"\.?[a-z0-9_]+(\.d)?", part):
                yield file.path, 1, f"the folder {part} is not snake_case"


def headers_are_guarded(tree):
    """Every header can be included twice, and forces no namespace on who includes it."""
    for file in tree.files:
        if file.suffix not in HEADERS:
            continue
        if "#pragma once" not in file.text and not re.search(r"#ifndef \w+_H\n", file.text):
            yield file.path, 1, "the header has no #pragma once"
        for number, _ in file.find(r"^\s*using namespace\b"):
            yield file.path, number, "using namespace in a header"


BANNED = [
    # (pattern, where: "", "not tests" or a folder without its tests, message)
    (r"\bstd::(basic_|w)?regex\b|#include <regex>", "not tests", "std::regex: slow, recurses"),
    (r"(?<![\w.>:])(?:std::|::)?system\(", "not tests", "system(): a shell in an agent"),
    (r"\bpopen\(", "not tests", "popen(): a shell in an agent"),
    (r"\b(strcpy|strcat|sprintf|gets)\(", "", "writes without a limit"),
    (r"#include <(iostream|locale|sstream)>", "plugins/", "costs memory: use std::to_chars"),
]


def nothing_banned(tree):
    """What is known to hurt here."""
    for file in tree.files:
        if file.suffix not in CPP:
            continue
        for pattern, where, message in BANNED:
            folder = where.removeprefix("not tests")
            if (where and file.is_test()) or not file.path.startswith(folder):
                continue
            for number, match in file.find(pattern):
                code = file.lines[number - 1].split("//")[0]
                if match[0] in code:
                    yield file.path, number, message


def nothing_is_left_for_later(tree):
    """What is not done is an issue, not a comment."""
    words = ["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]  # not themselves found here
    marks = re.compile(rf"\b({'|'.join(words)})\b")
    for file in tree.files:
        if not file.is_code() and file.suffix not in (".md", ".yaml") and file.name != "Makefile":
            continue
        for number, match in file.find(marks):
            yield file.path, number, f"{match[1]}: do it, or write an issue"


def links_resolve(tree):
    """A document that points to nothing."""
    for file in tree.files:
        if file.suffix != ".md":
            continue
        for number, match in file.find(r"\]\(([^)\s]+)\)"):
            target, _, anchor = match[1].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = (tree.root / file.path).parent / target if target else tree.root / file.path
            if not path.exists():
                yield file.path, number, f"the link to {target} resolves to nothing"
            elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text()):
                yield file.path, number, f"there is no heading #{anchor} in {path.name}"


def anchors(markdown):
    """The anchors that headings become."""
    headings = re.findall(r"^#+ (.+)$", markdown, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


RULES = [
    plugins_know_only_the_sdk,
    core_knows_no_plugin,
    core_uses_only_itself_and_weir,
    plugins_are_documented,
    files_begin_with_their_idea,
    files_are_short,
    lines_are_plain,
    names_are_snake_case,
    headers_are_guarded,
    nothing_banned,
    nothing_is_left_for_later,
    links_resolve,
]


def check(root):
    tree = Tree(root)
    return [problem for rule in RULES for problem in rule(tree)], len(tree.files)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    problems, files = check(root)
    for path, line, message in problems:
        print(f"{path}:{line}: {message}")
    print(f"tidy: {files} files, {len(problems)} problems")
    return 1 if problems or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
