"""Fixtures of the tests of the packages: their files, and a machine to install them on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
TREES = REPOSITORY / "build/trees"
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import machine as machines  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which on a build server is a failure: {report.longrepr}"


@pytest.fixture(scope="session")
def packages():
    """The files of the packages by name, those with debug symbols too."""
    files = sorted(Path(os.environ["WEIR_PACKAGES"]).glob("*.deb"))
    return {file.name.split("_")[0]: file for file in files}


@pytest.fixture(scope="session")
def installable(packages):
    """Those that a user installs."""
    return {name: file for name, file in packages.items() if not name.endswith("-dbgsym")}


@pytest.fixture(scope="session")
def root(installable, tmp_path_factory):
    """A folder into which all packages are unpacked."""
    folder = tmp_path_factory.mktemp("root")
    for file in installable.values():
        subprocess.run(["dpkg-deb", "-x", file, folder], check=True)
    return folder


def tree_of(name, program):
    """A tree that tests/package/trees made, for a program that needs it."""
    if os.getuid() != 0:
        pytest.skip(f"{program} needs root")
    if not shutil.which(program, path="/usr/sbin:/usr/bin"):
        pytest.skip(f"{program} is not installed; run: packaging/deps package")
    if not (TREES / name).is_dir():
        pytest.skip(f"there is no build/trees/{name}: debootstrap had no mirror")
    return TREES / name


@pytest.fixture(scope="session")
def minimal():
    return tree_of("minimal", "piuparts")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A booted machine; what one test of a module does to it, the next one finds."""
    origin = tree_of("machine", "systemd-nspawn")
    folder = tmp_path_factory.mktemp("machine")
    # Beside the tree it is copied from, where a reflink may do.
    tree = TREES / f"run-{os.getpid()}"
    try:
        subprocess.run(["cp", "-a", "--reflink=auto", origin, tree], check=True)
        with machines.Machine(tree, folder / "console.log") as machine:
            yield machine
    finally:
        shutil.rmtree(tree, ignore_errors=True)
