"""Fixtures: the image, built once, and containers of it that end with their test."""

import importlib.util
import os
import sys

import pytest

from pathlib import Path

HERE = Path(__file__).resolve().parent
E2E = HERE.parent / "e2e"
sys.path[:0] = [str(HERE), str(E2E), *(str(E2E / kind) for kind in ("mqtt", "mysql", "redis"))]

import harness  # noqa: E402
import image as images  # noqa: E402

# What the end-to-end tests have for all: skipping is failing on a build server, and processes.
_spec = importlib.util.spec_from_file_location("e2e_fixtures", E2E / "conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
pytest_runtest_makereport = _e2e.pytest_runtest_makereport
config, process = _e2e.config, _e2e.process


def pytest_terminal_summary(terminalreporter):
    for line in images.REPORT:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def image():
    """The id of the image localhost/weir, made from the build that is tested."""
    if reason := images.missing():
        pytest.skip(reason)
    images.make_base()
    images.podman("image", "prune", "--force")  # what earlier runs left
    images.run(images.FILES / "tree", harness.BUILD, images.PLACE / "tree")
    return images.build("weir")


@pytest.fixture(scope="session")
def root(image):
    """The folder where the files of the image are."""
    yield Path(images.podman("image", "mount", image).strip())
    images.podman("image", "unmount", image)


@pytest.fixture
def data(tmp_path):
    """A folder that outlives a container, of the image's user: --volume options."""
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o700)
    os.chown(folder, images.USER, images.USER)
    return ["--volume", f"{folder}:/var/lib/weir"]


@pytest.fixture
def container(image, tmp_path):
    """A function that starts a container, ready when it returns."""
    started = []

    def start(**options):
        log = tmp_path / f"container-{len(started) + 1}.log"
        started.append(images.Container(log, **options))
        return started[-1].wait_ready()

    yield start
    for one in started:
        one.remove()


@pytest.fixture
def once(image, tmp_path):
    """A function that runs one command of the agent in a container of its own; its output."""
    count = 0

    def run_once(*arguments, **options):
        nonlocal count
        count += 1
        one = images.Container(tmp_path / f"once-{count}.log", arguments, **options)
        try:
            code = one.wait(120)
            assert code == 0, f"exit code {code}\n{one.log()}"
            return one.log()
        finally:
            one.remove()

    return run_once
