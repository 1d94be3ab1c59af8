"""The fixtures of the end-to-end tests, and a Mosquitto for components that have a server."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
E2E = HERE.parent / "e2e"
sys.path[:0] = [str(HERE), str(E2E), str(E2E / "mqtt")]

import mosquitto  # noqa: E402

_spec = importlib.util.spec_from_file_location("e2e_fixtures", E2E / "conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
globals().update({k: v for k, v in vars(_fixtures).items() if not k.startswith("_")})


@pytest.fixture
def broker(tmp_path):
    """A Mosquitto, ready."""
    server = mosquitto.Broker(tmp_path / "broker").start()
    yield server
    server.kill()
