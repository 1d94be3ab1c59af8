"""The image that the tests look into, built by buildah, and containers of it, run by podman.

Both keep what they make in build/container, apart from the machine's own images. There is no
registry to get a base from: tests/container/base makes one, once. What is compiled is the build
that the other tests use too.
"""

import json
import os
import shutil
import subprocess
import uuid

import harness

PLACE = harness.REPOSITORY / "build" / "container"
FILES = harness.REPOSITORY / "packaging" / "container"
STORAGE = ["--root", str(PLACE / "storage"), "--runroot", str(PLACE / "run")]
# The other runtime, crun, wants control groups in one of two versions, not in both at a time.
PODMAN = ["podman", *STORAGE, "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
BASE = "localhost/weir-base"
PROGRAMS = ("buildah", "podman", "runc", "debootstrap")
USER = 65532
REPORT = []  # lines for the end of the run
REVISION, SOURCE = "0123456789abcdef0123456789abcdef01234567", "https://git.example/weir"
MADE_AT = 1767225600  # 2026-01-01T00:00:00Z: what is built from the same is the same


def missing():
    """Why no image can be built here, or nothing."""
    if os.geteuid() != 0:
        return "building a base image needs root"
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    return f"no {', '.join(absent)}; run: packaging/deps container" if absent else ""


def run(*command, expect=0, timeout=600, env=None):
    """A command to its end; what it printed."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=timeout,
        stdin=subprocess.DEVNULL, check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert done.returncode == expect, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def podman(*arguments, **options):
    return run(*PODMAN, *arguments, **options)


def make_base():
    """The image that stands for Debian's, kept from run to run."""
    archive = PLACE / "base.tar"
    if not archive.exists():
        run(harness.REPOSITORY / "tests" / "container" / "base", archive, timeout=1800)
    known = json.loads(podman("images", "--format", "json"))
    if not any(f"{BASE}:latest" in (image.get("Names") or []) for image in known):
        podman("import", archive, BASE)


def build(name, *options):
    """An image by the Containerfile, of the build that is there; returns its id."""
    id_file = PLACE / f"{name}.id"
    run(
        "buildah", *STORAGE, "build", "--layers", "--isolation", "chroot", "--format", "docker",
        "--build-arg", f"BASE={BASE}", "--build-context", f"tree={PLACE / 'tree'}",
        "--file", FILES / "Containerfile", "--tag", f"localhost/{name}",
        "--build-arg", f"SOURCE_DATE_EPOCH={MADE_AT}", "--timestamp", MADE_AT,
        "--build-arg", f"REVISION={REVISION}", "--build-arg", f"SOURCE={SOURCE}",
        "--iidfile", id_file, *options, harness.REPOSITORY,
    )  # fmt: skip
    return id_file.read_text().strip()


# Podman asks for the highest limits there are, which not every machine lets root have.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]


class Container(harness.Agent):
    """`podman run` as docs/container.md has it: no capability, nothing to be gained, a root that is
    read-only. Its log is what the agent says."""

    def __init__(self, log, arguments=("run",), config=None, options=(), network="none",
                 health=False):  # fmt: skip
        self.name = f"weir-{uuid.uuid4().hex[:12]}"
        if config is not None:
            options = [*options, "--volume", f"{config}:/etc/weir/weir.yaml:ro"]
        harness.Process.__init__(
            self,
            [
                *PODMAN, "run", "--name", self.name, "--network", network, "--read-only",
                "--cap-drop=all", "--security-opt=no-new-privileges", "--pull=never",
                "--health-interval=disable" if health else "--no-healthcheck",
                *LIMITS, *options, "localhost/weir", *arguments,
            ],
            log,
        )  # fmt: skip

    def wait_ready(self, timeout=60):
        super().wait_ready(timeout)
        self.inner_pid = int(podman("inspect", "--format", "{{.State.Pid}}", self.name))
        return self

    def execute(self, *command, expect=0):
        return podman("exec", self.name, *command, expect=expect)

    def inside(self, *command, **options):
        """A program of this machine in the container's network."""
        return run("nsenter", "--net", f"--target={self.inner_pid}", *command, **options)

    def get(self, url):
        return self.inside("curl", "--silent", "--show-error", "--fail", "--max-time", "30", url)

    def stop(self, timeout=60):
        """As an operator does it: the image's signal, and the end when that takes too long."""
        podman("stop", "--time", timeout, self.name)
        return self.wait()

    def remove(self):
        """Whatever state it is in; for clean-up."""
        podman("rm", "--force", "--volumes", "--ignore", "--time", "0", self.name)
        self.kill()
