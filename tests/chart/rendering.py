"""The chart as Helm renders it, and the environment that its container then has.

`python -m tests.chart.rendering` prints the render of the least values, which `snapshots/minimal.yaml` keeps: that is
`make chart-snapshot`.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "helm/moment-dnb"
MINIMAL = CHART / "ci/minimal-values.yaml"
FULL = CHART / "ci/full-values.yaml"
SNAPSHOT = Path(__file__).parent / "snapshots/minimal.yaml"

NOTES = 'kind: Notes\ntold: {{ tpl (.Files.Get "notes.txt") . | toJson }}\n'
"""A template that renders the notes as the value of an object."""

Document: TypeAlias = dict[str, Any]


class HelmUnavailable(Exception):  # noqa: N818 - named for the state of the machine, it is no fault of the caller
    """This machine has no Helm."""


class Refused(Exception):  # noqa: N818 - as above: the values are, not the caller
    """Helm did not render the values; the text is what it says."""


def helm() -> str:
    """Return the path of Helm: the one of the requirements, else one on PATH; raises `HelmUnavailable`."""
    found = shutil.which("helm", path=Path(sys.executable).parent) or shutil.which("helm")
    if found is None:
        raise HelmUnavailable("no Helm: the requirements carry it for Linux on x86-64 alone; put one on PATH")
    return found


def lint(values: Path) -> subprocess.CompletedProcess[str]:
    """Return how `helm lint --strict` ended with these values."""
    return _run("lint", "--strict", str(CHART), "--values", str(values))


def text(values: Path, *options: str, chart: Path = CHART) -> str:
    """Return what Helm prints of the chart with these values, and with further options; raises `Refused`."""
    done = _run("template", "moment-dnb", str(chart), "--namespace", "accounting", "--values", str(values), *options)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def render(values: Path, *settings: str) -> dict[str, Document]:
    """Return the objects that the values, changed by `path=value` in JSON, render to, by kind; raises `Refused`."""
    changes = [part for one in settings for part in ("--set-json", one)]
    documents = yaml.safe_load_all(text(values, *changes))
    return {document["kind"]: document for document in documents if document}


def notes(values: Path, folder: Path) -> str:
    """Return what Helm tells a person after an installation.

    Helm shows it to nobody without a cluster, so a copy of the chart in the folder has it rendered as an object.
    """
    copy = folder / "chart"
    shutil.copytree(CHART, copy)
    (copy / "templates/NOTES.txt").rename(copy / "notes.txt")
    (copy / "templates/notes.yaml").write_text(NOTES, encoding="utf-8")
    told: str = yaml.safe_load(text(values, "--show-only", "templates/notes.yaml", chart=copy))["told"]
    return told


def pod(objects: Mapping[str, Document]) -> Document:
    """Return what the Deployment says of a pod."""
    spec: Document = objects["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(objects: Mapping[str, Document]) -> Document:
    """Return the daemon's container, the only one."""
    [only] = pod(objects)["containers"]
    found: Document = only
    return found


def environment(objects: Mapping[str, Document]) -> dict[str, str]:
    """Return the variables that the container has: those of the ConfigMap, then its own; references are left out."""
    own = {one["name"]: one["value"] for one in container(objects)["env"] if "value" in one}
    return dict(objects["ConfigMap"]["data"]) | own


def mounted_secrets(objects: Mapping[str, Document]) -> dict[str, str]:
    """Return where each Secret is mounted, by the Secret's name."""
    names = {volume["name"]: volume["secret"]["secretName"] for volume in pod(objects)["volumes"] if "secret" in volume}
    mounts = container(objects)["volumeMounts"]
    return {names[mount["name"]]: mount["mountPath"] for mount in mounts if mount["name"] in names}


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((helm(), *arguments), check=False, capture_output=True, text=True)


if __name__ == "__main__":
    sys.stdout.write(text(MINIMAL))
