"""One file that must not compile: check.py COMPILER FILE

The file says after `// expect: ` what the compiler's message must contain, and marks the mistake
by `#ifndef RIGHT`: with -DRIGHT it must compile, so the mistake is proven to be the reason.
"""

import re
import subprocess
import sys
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "sdk" / "include"


def compile_file(compiler, file, *options):
    command = [compiler, "-std=c++20", "-fsyntax-only", f"-I{INCLUDE}", *options, file]
    environment = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def main():
    compiler, file = sys.argv[1:]
    expected = re.findall(r"^// expect: (.+)$", Path(file).read_text(), flags=re.M)
    if not expected:
        sys.exit(f"{file} does not say what to expect")
    right = compile_file(compiler, file, "-DRIGHT")
    if right.returncode != 0:
        sys.exit(f"{file} does not compile even without its mistake\n{right.stderr}")
    wrong = compile_file(compiler, file)
    if wrong.returncode == 0:
        sys.exit(f"{file} compiles")
    for text in expected:
        if text not in wrong.stderr:
            sys.exit(f"{file}: the compiler does not say '{text}' but\n{wrong.stderr}")
    print(f"{file}: refused, saying {expected}")


if __name__ == "__main__":
    main()
