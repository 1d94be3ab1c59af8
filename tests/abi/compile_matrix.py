"""Every public header, alone, in every language it promises, by GCC and Clang, without a warning.

`*.h` is the C boundary: C11, C17, C++17 and C++20. `*.hpp` is C++20. Each header is the only
content of its translation unit, so it is proven to include what it uses; it is included twice, so
that its guard is proven too.
"""

import concurrent.futures
import os
import shutil
import subprocess
import sys
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "sdk" / "include"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
LANGUAGES = {".h": ["c11", "c17", "c++17", "c++20"], ".hpp": ["c++20"]}
COMPILERS = {"c": ["gcc", "clang"], "c++": ["g++", "clang++"]}


def compilers_present():
    """Names of what is installed; a build server must have them all."""
    wanted = [name for names in COMPILERS.values() for name in names]
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        sys.exit(f"not installed: {', '.join(missing)}; run: packaging/deps lint")
    if missing:
        print(f"not installed, so not checked: {', '.join(missing)} (packaging/deps lint)")
    return [name for name in wanted if name not in missing]


def compile_header(compiler, standard, header):
    name = header.relative_to(INCLUDE)
    language = "c++" if standard.startswith("c++") else "c"
    source = f'#include "{name}"\n#include "{name}"\nextern int used_by_nobody;\n'
    command = [compiler, f"-std={standard}", "-x", language, f"-I{INCLUDE}", *WARNINGS, "-"]
    result = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    return f"{compiler} -std={standard} {name}", result.returncode, result.stderr


def main():
    present = compilers_present()
    jobs = []
    for header in sorted(INCLUDE.rglob("*.h*")):
        for standard in LANGUAGES[header.suffix]:
            language = "c++" if standard.startswith("c++") else "c"
            jobs += [(c, standard, header) for c in COMPILERS[language] if c in present]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for title, code, text in pool.map(lambda job: compile_header(*job), jobs):
            if code != 0:
                failures += 1
                print(f"{title}\n{text}")
    print(f"{len(jobs)} compilations, {failures} failures")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
