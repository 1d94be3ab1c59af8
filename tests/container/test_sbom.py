"""The SBOM in the image: valid by CycloneDX's own schema, and complete."""

import gzip
import json
import re
import subprocess

import harness
import image as images
import pytest

VALIDATOR = "cyclonedx-python-lib[json-validation]==11.12.0"  # brings the schemas with it
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(sys.stdin.read())
sys.exit(f"not valid: {problem}" if problem else 0)
"""


@pytest.fixture(scope="module")
def text(root):
    return (root / "usr/share/sbom/weir.cdx.json").read_text()


@pytest.fixture(scope="module")
def sbom(text):
    return json.loads(text)


@pytest.fixture(scope="session")
def validate():
    """A function: the complaints of the specification's schema about a text."""
    place = images.PLACE / "python"
    python = place / "bin" / "python3"
    known = place / "has"
    if not known.exists() or known.read_text() != VALIDATOR:
        images.run("/usr/bin/python3", "-m", "venv", "--clear", place)
        got = subprocess.run([python, "-m", "pip", "install", "--quiet", VALIDATOR], check=False)
        if got.returncode != 0:
            pytest.skip(f"there is no {VALIDATOR}")
        known.write_text(VALIDATOR)

    def check(document):
        done = subprocess.run([python, "-c", VALIDATE], input=document, text=True,
                              capture_output=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0 or "not valid" in done.stderr, done.stderr
        return done.stderr

    return check


def test_it_is_valid(text, sbom, validate):
    assert validate(text) == ""
    sbom["components"][1]["type"] = "nothing that there is"
    assert "not valid" in validate(json.dumps(sbom))


def test_it_names_weir_and_the_system(sbom):
    version = re.match(r"weir (\S+)", harness.weir("version").stdout)[1]
    weir = sbom["metadata"]["component"]
    assert (weir["name"], weir["version"]) == ("weir", version)
    assert weir["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert sbom["metadata"]["timestamp"] == "2026-01-01T00:00:00Z"
    system = sbom["components"][0]
    assert (system["type"], system["name"]) == ("operating-system", "debian")


def test_every_library_is_of_a_component(root, sbom):
    """Each is owned, as this machine's dpkg knows it, by a package that the SBOM has."""
    names = {component["name"] for component in sbom["components"]}
    paths = [path.relative_to(root) for path in root.glob("usr/lib*/**/*.so*")]
    paths = [path for path in paths if "weir" not in path.parts]
    assert len(paths) > 20
    for path in paths:
        # Packages put in /lib what is in /usr/lib, and have not all moved there.
        name = f"/{path}"
        search = ["dpkg", "--search", name, name.removeprefix("/usr")]
        said = subprocess.run(search, capture_output=True, text=True, check=False).stdout
        owners = re.findall(r"^([^:\s]+)(?::\w+)?: ", said, re.M)
        assert names & set(owners), f"{path} is of {owners}"
    assert {"ca-certificates", "tzdata"} <= names


def test_what_is_compiled_in_is_named(sbom):
    """Code of headers and static libraries, which no file of the image shows."""
    compiled = {
        component["name"]
        for component in sbom["components"]
        if {"name": "weir:part", "value": "compiled into the agent"}
        in component.get("properties", [])
    }
    assert any(re.fullmatch(r"libboost1\.\d+-dev", name) for name in compiled)
    assert "libspdlog-dev" in compiled


def test_licences_are_known_and_come_along(root, sbom):
    known = [component for component in sbom["components"] if component.get("licenses")]
    assert len(known) > len(sbom["components"]) / 2

    def text_of(package):
        return gzip.decompress((root / "usr/share/doc" / package / "copyright.gz").read_bytes())

    for component in sbom["components"][1:]:
        assert text_of(component["name"])
    assert b"Apache License" in text_of("weir")


def test_every_purl_says_the_version(sbom):
    for component in sbom["components"][1:]:
        name, version = component["name"], component["version"]
        purl = re.fullmatch(r"pkg:deb/debian/([^@]+)@([^?]+)\?arch=\w+&.*", component["purl"])
        written = re.sub("%(..)", lambda code: chr(int(code[1], 16)), purl[2])
        assert (re.sub("%2B", "+", purl[1]), written) == (name, version)


def test_it_is_there_without_the_image_too(image, text, tmp_path):
    images.build("weir-sbom", "--target", "sbom", "--output", f"type=local,dest={tmp_path}")
    assert (tmp_path / "weir.cdx.json").read_text() == text
