"""What is in the packages, and what lintian and piuparts say of them."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# The build directory that the packages are of; "" where they were compiled for themselves.
FROM = os.environ.get("WEIR_FROM", "")

# Tags of lintian that are not looked at, and why.
SUPPRESSED = {
    "spelling-error-in-binary": "machine code beside texts makes words such as 'ment'",
    # A release is compiled with _FORTIFY_SOURCE; some plugins have no call where it adds a check.
    "hardening-no-fortify-functions": "it guesses from symbols which flags a compiler was given",
}
# What systemd, which comes as a dependency, makes and leaves when it goes.
OF_SYSTEMD = ("/root/.ssh/", "/var/cache/private/", "/var/lib/private/", "/var/log/private/",
              "/var/lib/systemd/coredump/", "/var/lib/systemd/pstore/")
# What `weir` may depend on: no client library of anybody's server or database is among it.
OF_THE_AGENT = {
    "libc", "libdate-tz", "libfmt", "libgcc-s", "libprometheus-cpp-core", "libssl", "libstdc++",
    "libyaml-cpp", "systemd", "tzdata", "zlib1g",
}


def field(file, name):
    return subprocess.run(["dpkg-deb", "-f", file, name], capture_output=True, text=True,
                          check=True).stdout.strip()


def depends(file):
    """The packages it depends on, without what a release of Debian appends to a library's name."""
    names = (entry.split()[0] for entry in field(file, "Depends").split(",") if entry.strip())
    return {re.sub(r"-?[\d.]+(t64)?$", "", name) for name in names}


def paths(file):
    listed = subprocess.run(["dpkg-deb", "-c", file], capture_output=True, text=True, check=True)
    return {line.split()[5].removeprefix(".") for line in listed.stdout.splitlines()}


def test_the_agent_needs_no_client_library(installable):
    assert depends(installable["weir"]) <= OF_THE_AGENT, "a plugin that does is its own package"


def test_a_package_for_each_plugin_that_has_one(installable):
    plugins = [name for name in installable if name.startswith("weir-plugin-")]
    assert len(plugins) >= 5
    for name in plugins:
        assert depends(installable[name]) - OF_THE_AGENT - {"weir", "weir-abi"}, (
            f"{name} could be in weir")
        brought = {path for path in paths(installable[name]) if path.endswith(".so")}
        assert brought and not brought & paths(installable["weir"])
        assert all(Path(path).parent == Path("/usr/lib/weir/plugins") for path in brought)


def test_plugins_depend_on_an_agent_that_loads_them(installable):
    """As weir/abi.h says it: of the same major version, with no older minor one."""
    header = (REPOSITORY / "sdk/include/weir/abi.h").read_text()
    major, minor = (re.search(rf"^#define WEIR_ABI_{part} (\d+)u$", header, re.M)[1]
                    for part in ("MAJOR", "MINOR"))
    assert field(installable["weir"], "Provides") == f"weir-abi-{major} (= {minor})"
    for name, file in installable.items():
        if name.startswith("weir-plugin-"):
            assert f" weir-abi-{major} (>= {minor})," in field(file, "Depends"), name


def test_every_link_of_a_page_leads_somewhere(root):
    """A reader comes from page to page without the sources."""
    pages = [*(root / "usr/share/doc").rglob("*.md")]
    found = [(page, target) for page in pages
             for target in re.findall(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)", page.read_text())]
    assert len(found) > 100
    assert [link for link in found if not (link[0].parent / link[1]).exists()] == []
    text = (root / "usr/share/doc/weir/security.md").read_text()
    assert "](plugins/sinks/redis/README.md)" in text
    text = (root / "usr/share/doc/weir/operations.md").read_text()
    assert "](changelog.gz)" in text and "](fleet.md)" in text
    assert not [*(root / "usr/share/doc").rglob("*.md.gz")]


def test_what_the_pages_speak_of_comes_along(root):
    for plugin in (root / "usr/lib/weir/plugins").glob("*.so"):
        kind, name = plugin.stem.split("_", 1)
        assert (root / f"usr/share/doc/weir/plugins/{kind}s/{name}/README.md").is_file()
    for folder in ("rules", "dashboards"):
        names = os.listdir(REPOSITORY / "packaging/monitoring" / folder)
        assert sorted(os.listdir(root / "usr/share/weir/monitoring" / folder)) == sorted(names)
    assert os.access(root / "usr/share/doc/weir/examples/fleet/check", os.X_OK)


def test_licenses_of_what_is_compiled_in(root, tmp_path):
    """The compiler knows what it read; an image of a container says it in its SBOM."""
    if not FROM:
        pytest.skip("these packages are not made of a build directory")
    subprocess.run([REPOSITORY / "packaging/container/tree", FROM, tmp_path / "tree"], check=True)
    parts = {line.split()[2] for line in (tmp_path / "tree/compiled-in").read_text().splitlines()}
    text = (root / "usr/share/doc/weir/copyright").read_text()
    assert "spdlog" in parts
    assert [part for part in parts if re.sub(r"[\d.]+$", "", part) not in text] == []


def test_every_plugin_is_found_where_it_was_installed(root):
    files = {file.stem for file in (root / "usr/lib/weir/plugins").glob("*.so")}
    listed = subprocess.run([root / "usr/bin/weir", "list"], capture_output=True, text=True,
                            check=True).stdout
    found = re.findall(r"^ *(source|processor|sink) +(\S+)", listed, re.M)
    assert {"_".join(each) for each in found} == files


def test_debug_symbols(packages, root, tmp_path):
    for name, file in packages.items():
        if name.endswith("-dbgsym") or name == "weir-dev":
            continue
        subprocess.run(["dpkg-deb", "-x", packages[f"{name}-dbgsym"], tmp_path], check=True)
    notes = subprocess.run(["readelf", "-n", root / "usr/bin/weir"], capture_output=True, text=True,
                           check=True).stdout
    build = re.search(r"Build ID: (\w\w)(\w+)", notes)
    assert (tmp_path / f"usr/lib/debug/.build-id/{build[1]}/{build[2]}.debug").is_file()


def test_configuration_files_are_marked(installable):
    control = subprocess.run(["dpkg-deb", "-I", installable["weir"], "conffiles"],
                             capture_output=True, text=True, check=True).stdout
    assert control.split() == ["/etc/default/weir", "/etc/weir/weir.yaml"]


def test_folders_wait_for_files_of_your_own(root):
    """Empty, and no configuration files: what is put there no upgrade asks about."""
    page = (REPOSITORY / "docs/install.md").read_text()
    assert sorted(os.listdir(root / "etc/weir")) == ["conf.d", "hosts", "weir.yaml"]
    for name in ("conf.d", "hosts"):
        folder = root / "etc/weir" / name
        assert not os.listdir(folder) and folder.stat().st_mode & 0o777 == 0o755
        assert f"`/etc/weir/{name}`" in page


def test_editors_find_the_schema_of_the_configuration(root):
    """Where its first line says; with every plugin of the packages in it."""
    first = (root / "etc/weir/weir.yaml").read_text().splitlines()[0]
    path = re.fullmatch(r"# yaml-language-server: \$schema=(/\S+)", first)[1]
    schema = (root / path.lstrip("/")).read_text()
    json.loads(schema)
    for plugin in (root / "usr/lib/weir/plugins").glob("*.so"):
        assert f'"{plugin.stem.split("_", 1)[1]}"' in schema, plugin


def test_lintian_finds_nothing(packages):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed; run: packaging/deps package")
    changes = list(Path(os.environ["WEIR_PACKAGES"]).glob("*.changes"))
    report = subprocess.run(
        ["lintian", "--allow-root", "--display-info", "--pedantic", "--tag-display-limit=0",
         f"--suppress-tags={','.join(SUPPRESSED)}", *changes],
        capture_output=True, text=True, check=False)
    assert len(changes) == 1 and report.returncode == 0 and not report.stdout, (
        report.stdout + report.stderr)


def sums(files):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_made_again_they_are_the_same(packages, tmp_path):
    """In another folder, at another time. tests/package/reproduce compiles again as well."""
    if not FROM:
        pytest.skip("these packages are not made of a build directory")
    subprocess.run(
        [REPOSITORY / "packaging/deb/build", "--from", FROM, tmp_path / "out"],
        env={**os.environ, "WEIR_STAGE": str(tmp_path / "stage"), "TZ": "Asia/Tokyo"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    assert sums((tmp_path / "out").glob("*.deb")) == sums(packages.values())


def test_piuparts_finds_nothing(minimal, installable):
    """Installed on a system without anything, and purged: dependencies are complete, nothing stays,
    and nothing else is touched."""
    release = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)[1]
    report = subprocess.run(
        ["piuparts", f"--existing-chroot={minimal}", f"--distribution={release}",
         "--keep-sources-list", "--no-eatmydata", *(f"--ignore={path}" for path in OF_SYSTEMD),
         *installable.values()],
        capture_output=True, text=True, check=False, timeout=900)
    assert report.returncode == 0, report.stdout[-8000:] + report.stderr
    assert "PASS: All tests" in report.stdout


def test_a_plugin_is_built_with_what_weir_dev_has(root, tmp_path):
    """By CMake from the template; the packaged agent then lists it."""
    new = root / "usr/share/weir/template/new"
    subprocess.run([new, "source", "acme", tmp_path / "acme"], check=True)
    subprocess.run(["cmake", "-S", tmp_path / "acme", "-B", tmp_path / "build", "-DWEIR_TESTS=OFF",
                    f"-DCMAKE_PREFIX_PATH={root / 'usr'}"], check=True)
    subprocess.run(["cmake", "--build", tmp_path / "build"], check=True)
    listed = subprocess.run(
        [root / "usr/bin/weir", "list", "--plugin-dir", tmp_path / "build/lib/weir/plugins"],
        capture_output=True, text=True, check=True).stdout
    assert re.search(r"source +acme", listed), listed


def test_pkg_config_knows_weir_dev(root, tmp_path):
    def said(*arguments):
        return subprocess.run(
            ["pkg-config", *arguments, "weir"], capture_output=True, text=True, check=True,
            env={**os.environ, "PKG_CONFIG_LIBDIR": str(root / "usr/share/pkgconfig")},
        ).stdout.split()

    (tmp_path / "a.c").write_text("#include <weir/abi.h>\nint major = WEIR_ABI_MAJOR;\n")
    subprocess.run(["cc", *said("--cflags"), "-c", tmp_path / "a.c", "-o", tmp_path / "a.o"],
                   check=True)
    folder = Path(said("--variable=plugindir")[0]).resolve()
    assert folder == (root / "usr/lib/weir/plugins").resolve()
    version = subprocess.run([root / "usr/bin/weir", "version"], capture_output=True, text=True,
                             check=True).stdout
    assert said("--modversion") == [version.split()[1]]
