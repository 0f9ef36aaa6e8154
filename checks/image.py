"""Judges the Dockerfile, builds the image, and shows that it runs as the chart would have it run: `make image`."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from checks.image_building import IMAGE, Workshop, build, require_tools, workshop
from checks.image_running import RESTRICTED
from checks.image_service import show_service
from checks.telling import expect, say
from checks.tree import ROOT
from daemon import __version__

CONFIGURATION_EXIT = 78
NO_SETTINGS_FINDINGS = 5
"""The settings that have no default."""


def main() -> int:
    """Run the check; 0 if the image is as it should be."""
    parser = argparse.ArgumentParser(prog="checks.image", description=__doc__)
    parser.add_argument("--base", help="an image to fetch and build on; default: a stand-in made of Debian's packages")
    base: str | None = parser.parse_args().base
    judge()
    require_tools()
    with workshop() as shop:
        started = time.monotonic()
        build(shop, base)
        size = json.loads(shop.must(*shop.podman("image", "inspect", IMAGE)))[0]["Size"]
        say(f"built in {time.monotonic() - started:.0f} s: {size / 1e6:.0f} MB on {base or 'the stand-in base'}")
        show_contents(shop)
        show_answers(shop)
        show_service(shop)
    return 0


def judge() -> None:
    """Ask hadolint what is wrong with the Dockerfile."""
    hadolint = Path(sys.executable).parent / "hadolint"
    if subprocess.run((hadolint, "Dockerfile"), cwd=ROOT, check=False).returncode:
        raise SystemExit("hadolint refuses the Dockerfile")
    say("hadolint: nothing")


def show_contents(shop: Workshop) -> None:
    """Show that the image is what it says: numeric user, labels, health check, and nothing that builds or installs."""
    config = shop.config()
    expect("65532:65532", config["User"])
    expect(["moment-dnb"], config["Entrypoint"])
    expect(["run"], config["Cmd"])
    expect(__version__, config["Labels"]["org.opencontainers.image.version"])
    expect("CMD", config["Healthcheck"]["Test"][0])
    installed = "import importlib.metadata as m; print(sorted(d.name.lower() for d in m.distributions()))"
    names = shop.must(*once(shop, "--entrypoint", "/opt/moment-dnb/bin/python"), "-c", installed)
    for unwanted in ("pip", "hatchling", "pytest", "confluent-kafka"):
        expect(expected=False, actual=f"'{unwanted}'" in names)
    say("contents: runs as 65532, carries neither pip nor what builds or tests")


def once(shop: Workshop, *options: str) -> list[str]:
    """Return a command that runs the image once; arguments of it follow."""
    return shop.podman("run", "--rm", *RESTRICTED, *options, IMAGE)


def show_answers(shop: Workshop) -> None:
    """Show that the command answers, and that missing settings are told with exit code 78."""
    version = shop.must(*once(shop), "--version").strip()
    expect(expected=True, actual="run the daemon" in shop.must(*once(shop), "--help"))
    refused = shop.run(*once(shop))
    expect(CONFIGURATION_EXIT, refused.returncode)
    expect(NO_SETTINGS_FINDINGS, refused.stderr.count(" is not set: "))
    say(f"answers: {version}; without settings exit code {refused.returncode} and {NO_SETTINGS_FINDINGS} findings")


if __name__ == "__main__":
    sys.exit(main())
