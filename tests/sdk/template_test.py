"""A plugin made from a template, outside of this repository, against an installed SDK.

    template_test.py KIND BUILD_FOLDER WORK_FOLDER

Installs the SDK from the build into WORK_FOLDER, makes a plugin with the script that came with it,
builds it, runs its tests and looks at what it exports: the way of an author on the first day.
"""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from one_symbol import exported  # noqa: E402

NAME = "acme_meter2"


def run(*command, cwd=None):
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def main():
    kind, build, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    prefix = work / "installed"
    run("cmake", "--install", build, "--component", "sdk", "--prefix", prefix)

    run(prefix / "share/weir/template/new", kind, NAME, cwd=work)
    plugin = work / NAME
    left = [p for p in plugin.rglob("*") if "my_" in p.name or "my_" in p.read_text()]
    assert not left, f"the template's name is left in {left}"
    assert "AcmeMeter2" in (plugin / f"{NAME}.hpp").read_text()

    run("cmake", "-G", "Ninja", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DWEIR_PROGRAM={build / 'bin/weir'}",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wshadow -Werror", cwd=plugin)
    run("cmake", "--build", "build", cwd=plugin)
    run("ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error", cwd=plugin)
    run("ctest", "--test-dir", "build", "-R", "conformance", "--no-tests=error", cwd=plugin)

    library = plugin / f"build/lib/weir/plugins/{kind}_{NAME}.so"
    assert exported(library) == ["weir_plugin_open"], exported(library)


if __name__ == "__main__":
    main()
