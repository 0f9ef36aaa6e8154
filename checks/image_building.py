"""Builds the image without Docker, on a base made of Debian packages: it proves the Dockerfile, not the official base.

Needs root. What is missing of the tools is installed with apt where that can be.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from checks.tree import ROOT
from daemon import __version__

TOOLS = ("buildah", "podman", "runc", "mmdebstrap")
"""Commands, each of a Debian package with its name."""

BASE = "localhost/stand-in-base:bookworm"
IMAGE = "localhost/moment-dnb:check"

PACKAGES = "ca-certificates,python3,python3-venv"
"""What the base has beside Debian's smallest system: Python 3.11 where the official one has 3.12."""

ROOT_FILES = ROOT / ".cache/image-base/rootfs.tar"
"""Kept, for it takes longer than the rest; removed by `make clean`."""

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian has the certificates that it trusts, those of a company's own proxy among them."""

HOST_PATHS = frozenset({"cert", "find-links", "client-cert", "cache-dir", "target", "prefix", "root"})
"""Options of pip that name files of the machine, which the build does not see."""


class Workshop(msgspec.Struct, frozen=True):
    """Where buildah and podman keep their things: apart from what else the machine runs."""

    folder: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Return how a command of either tool ended, and what it said."""
        return subprocess.run(command, check=False, capture_output=True, text=True, env=self.environment(), cwd=ROOT)

    def must(self, *command: str) -> str:
        """Return what a command says; ends the check with its last lines if it fails."""
        done = self.run(*command)
        if done.returncode:
            raise SystemExit(f"{command[0]} failed:\n{done.stdout[-2_000:]}{done.stderr[-3_000:]}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Return the environment that makes both tools keep to the folder."""
        return os.environ | {"CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf")}

    def config(self) -> dict[str, Any]:
        """Return the configuration of the image that was built."""
        found: dict[str, Any] = json.loads(self.must("buildah", "inspect", "--type", "image", IMAGE))
        return cast("dict[str, Any]", found["Docker"]["config"])

    def podman(self, *arguments: str) -> list[str]:
        """Return a command of podman, as it works without systemd."""
        return ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", *arguments]


@contextlib.contextmanager
def workshop() -> Generator[Workshop]:
    """Open a workshop for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="moment-dnb-image-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        storage = f'[storage]\ndriver = "overlay"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/graph"\n'
        (folder / "storage.conf").write_text(storage, encoding="utf-8")
        yield Workshop(folder)


def require_tools() -> None:
    """Return when all tools are there, installed if need be; ends the check with what to install if they cannot be."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        raise SystemExit("the image is built and run here as root: use sudo, or `docker build .` where there is Docker")
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise SystemExit(f"missing: {', '.join(missing)}; install them, or use `docker build .` where there is Docker")
    print(f"installing {', '.join(missing)} …", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(("apt-get", "-qq", *command), check=False, capture_output=True, text=True, env=quiet)
        if done.returncode:
            raise SystemExit(f"apt-get could not install {', '.join(missing)}:\n{done.stderr[-2_000:]}")


def build(shop: Workshop, base: str | None) -> None:
    """Build the image on the base that is named, which is fetched, or else on the stand-in."""
    pull = "--pull-never" if base is None else "--pull"
    how = ("--isolation", "chroot", "--format", "docker", pull)  # the format of OCI drops the health check
    shop.must("buildah", "bud", *how, *_arguments(base or make_base(shop)), *_machine(shop), "--tag", IMAGE, str(ROOT))


def make_base(shop: Workshop) -> str:
    """Return the name of a base made of Debian's packages."""
    if not ROOT_FILES.exists():
        ROOT_FILES.parent.mkdir(parents=True, exist_ok=True)
        scratch = ROOT_FILES.with_suffix(f".{os.getpid()}.tar")
        shop.must("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(scratch))
        scratch.rename(ROOT_FILES)
    shop.must(*shop.podman("import", "--quiet", str(ROOT_FILES), BASE))
    return BASE


def _arguments(base: str) -> Sequence[str]:
    git = subprocess.run(("git", "rev-parse", "HEAD"), cwd=ROOT, check=False, capture_output=True, text=True)
    values = {"BASE": base, "VERSION": __version__, "REVISION": git.stdout.strip() or "unknown"}
    return [part for name, value in values.items() for part in ("--build-arg", f"{name}={value}")]


def _machine(shop: Workshop) -> Iterator[str]:
    """Yield the mounts that let pip inside the build reach the index as pip on this machine does."""
    listed = subprocess.run(
        (sys.executable, "-m", "pip", "config", "list"), check=False, capture_output=True, text=True
    )
    pairs = (line.partition("=") for line in listed.stdout.splitlines())
    options = {name.rpartition(".")[2]: value.strip("'\"") for name, _, value in pairs}
    own = [f"{name} = {value}" for name, value in options.items() if name not in HOST_PATHS]
    if CA_BUNDLE.exists():
        own.append(f"cert = {CA_BUNDLE}")
        yield from ("--volume", f"{CA_BUNDLE}:{CA_BUNDLE}:ro")
    file = shop.folder / "pip.conf"
    file.touch(mode=0o600)  # an index may be named with a password
    file.write_text("\n".join(["[global]", *own, ""]), encoding="utf-8")
    yield from ("--volume", f"{file}:/etc/pip.conf:ro")
