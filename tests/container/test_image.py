"""What is in the image, and what is not: read from its files, while nothing runs."""

import json
import os
import re
import stat

import image as images

SIZE_MAX = 60_000_000
SHELLS = {"sh", "bash", "dash", "busybox", "ash", "zsh", "perl", "python3", "env", "apt", "dpkg"}


def files(root):
    """(path in the image, os.stat_result) of all there is; links are not followed."""
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            yield os.path.relpath(path, root), os.lstat(path)


def test_the_image_is_small(image, root):
    size = int(images.podman("image", "inspect", "--format", "{{.Size}}", image))
    parts = {}
    for path, status in files(root):
        if stat.S_ISREG(status.st_mode):
            large = re.match(r"usr/lib/[^/]+/(lib[^/]*)", path) if status.st_size > 7e5 else None
            part = large[1] if large else re.match(r"(usr/)?[^/]+(/[^/]+)?", path)[0]
            parts[part] = parts.get(part, 0) + status.st_size
    images.REPORT.append(f"image: {size / 1e6:.1f} MB")
    for part, part_bytes in sorted(parts.items(), key=lambda item: -item[1]):
        if part_bytes >= 10_000:
            images.REPORT.append(f"  {part_bytes / 1e6:6.2f} MB {part}")
    assert size < SIZE_MAX


def test_the_only_program_is_the_agent(root):
    programs = set()
    for path, status in files(root):
        assert os.path.basename(path) not in SHELLS, path
        if stat.S_ISREG(status.st_mode):
            with open(root / path, "rb") as file:
                begin = file.read(4)
            assert not begin.startswith(b"#!"), f"{path} wants an interpreter"
            if begin == b"\x7fELF" and "[Requesting program interpreter" in images.run(
                "readelf", "--wide", "--program-headers", root / path
            ):
                programs.add(path)
    # The C library says its version when it is run.
    assert {path for path in programs if not path.endswith("/libc.so.6")} == {"usr/bin/weir"}


def test_nothing_gives_privileges_and_only_the_volume_can_be_written(root):
    own = []
    for path, status in files(root):
        assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID), path
        assert "security.capability" not in os.listxattr(root / path, follow_symlinks=False), path
        assert stat.S_IFMT(status.st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK), path
        if status.st_uid != 0 or status.st_gid != 0:
            own.append((path, status.st_uid, status.st_gid, oct(status.st_mode)))
        elif not stat.S_ISLNK(status.st_mode):
            assert not status.st_mode & 0o022, f"{path} can be written by others"
            assert status.st_mode & 0o004, f"{path} cannot be read by the agent"
    assert own == [("var/lib/weir", images.USER, images.USER, "0o40750")]
    assert not os.listdir(root / "var/lib/weir")


def test_the_image_says_how_it_is_run(image):
    said = json.loads(images.podman("image", "inspect", image))[0]
    config = said["Config"]
    assert config["User"] == f"{images.USER}:{images.USER}"
    assert config["Entrypoint"] == ["/usr/bin/weir"] and config["Cmd"] == ["run"]
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["Volumes"]) == ["/var/lib/weir"]
    assert list(config["ExposedPorts"]) == ["9464/tcp"]
    assert said["Healthcheck"]["Test"] == ["CMD", "/usr/bin/weir", "status"]
    assert said["Architecture"] == images.run("dpkg", "--print-architecture").strip()


def test_the_image_says_where_it_comes_from(image, once):
    labels = json.loads(images.podman("image", "inspect", image))[0]["Config"]["Labels"]
    said = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in labels.items()
        if name.startswith("org.opencontainers.image.")
    }
    version = re.match(r"weir (\S+)", once("version"))[1]
    assert said == {
        "title": "Weir",
        "description": "A plugin-based observability agent",
        "licenses": "Apache-2.0",
        "version": version,
        "revision": images.REVISION,
        "source": images.SOURCE,
    }


def test_the_same_is_built_from_the_same(image):
    """Every byte and time of the files; the image's own description names a container."""
    again = images.build("weir-again", "--no-cache")
    layers = [
        images.podman("image", "inspect", "--format", "{{.RootFS.Layers}}", one)
        for one in (image, again)
    ]
    images.podman("image", "rm", again)
    assert layers[0] == layers[1]


def test_authorities_are_where_openssl_looks(root, tmp_path):
    """Each of the bundle is found in the folder too, by the hash of its name."""
    folder = root / "etc/ssl/certs"
    bundle = (folder / "ca-certificates.crt").read_text()
    authorities = re.findall("-----BEGIN CERT.*?-----END CERTIFICATE-----\n", bundle, re.S)
    assert len(authorities) > 50
    for number, authority in enumerate(authorities):
        path = tmp_path / f"{number}.pem"
        path.write_text(authority)
        said = images.run(
            "openssl", "verify", "-no_check_time", "-no-CAfile", "-no-CAstore", "-CApath", folder,
            path,
        )  # fmt: skip
        assert said.strip() == f"{path}: OK"
    assert os.readlink(root / "usr/lib/ssl/certs") == "/etc/ssl/certs"


# RFC 4013, section 3, and more of what its tables say: a password, and what it is prepared to.
PREPARED = {
    "I\u00adX": "IX",
    "user": "user",
    "USER": "USER",
    "\u00aa": "a",
    "\u2168": "IX",
    "pa\u00dfw\u0151rd\u3000\u1e9b\u0323": "pa\u00dfw\u0151rd \u1e69",
    "\u0627\u0031": None,
    "\u0007": None,
}
PREPARE = """
import ctypes, glob, json, sys
library = glob.glob(sys.argv[1] + "/libicuuc.so.*")[0]
number = library.rsplit(".", 1)[1]
icu = ctypes.CDLL(library)
def function(name):
    return getattr(icu, f"{name}_{number}")
function("usprep_openByType").restype = ctypes.c_void_p
error = ctypes.c_int(0)
profile = ctypes.c_void_p(function("usprep_openByType")(8, ctypes.byref(error)))
assert error.value <= 0, error.value
def prepare(text):
    source, target = text.encode("utf-16-le"), ctypes.create_string_buffer(400)
    error = ctypes.c_int(0)
    count = function("usprep_prepare")(profile, source, len(source) // 2, target, 200, 0, None,
                                       ctypes.byref(error))
    return target.raw[:2 * count].decode("utf-16-le") if error.value <= 0 else None
assert sys.argv[1] in open("/proc/self/maps").read()
print(json.dumps([prepare(text) for text in json.loads(sys.argv[2])]))
"""


def test_what_is_left_of_icu_prepares_passwords(root):
    """Its data is cut down to what the MongoDB client asks of it: packaging/container/icu."""
    folder = next(root.glob("usr/lib/*/libicuuc.so.*")).parent
    said = images.run(
        "/usr/bin/python3", "-c", PREPARE, folder, json.dumps(list(PREPARED)),
        env={"LD_LIBRARY_PATH": str(folder)},
    )  # fmt: skip
    assert json.loads(said) == list(PREPARED.values())


def test_zones_are_known_by_name(root):
    zones = root / "usr/share/zoneinfo"
    for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"):
        assert (zones / name).read_bytes()[:4] == b"TZif", name
