"""What the chart takes and what it refuses, and whether it tells so that a person can repair it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from checks.chart_schema import FILE, camel, completed
from daemon import __version__
from daemon.settings import read_settings
from tests.chart.rendering import CHART, FULL, MINIMAL, ROOT, Refused, environment, lint, notes, render

SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
README = ROOT / "README.md"
FREE = {"strings", "global", "podLabels"}
"""Labels, annotations and Helm's own: the only mappings whose keys are anybody's."""


def refusal(values: Path, *settings: str) -> str:
    """Return what Helm says of values that must be refused."""
    with pytest.raises(Refused) as caught:
        render(values, *settings)
    return str(caught.value)


def open_objects(schema: dict[str, Any], name: str = "") -> list[str]:
    """Return the names of the schema's objects that take any key."""
    is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    named = {**schema.get("properties", {}), **schema.get("definitions", {})}
    inner = [found for key, one in named.items() for found in open_objects(one, key)]
    return [name] * is_open + inner + (open_objects(schema["items"], name) if "items" in schema else [])


@pytest.mark.parametrize("values", [MINIMAL, FULL])
def test_helm_finds_nothing_to_complain_of(values: Path) -> None:
    """`helm lint --strict` passes with the least and with all values."""
    done = lint(values)
    assert (0, "") == (done.returncode, done.stderr)


def test_what_lacks_is_told_all_at_once() -> None:
    """An installation without values names everything that must be given, and nothing else."""
    lines = refusal(CHART / "values.yaml").strip().splitlines()
    assert {
        "- image: repository is required",
        "- settings: kafkaBootstrap is required",
        "- settings: environment is required",
        "- settings: dnbBaseUrl is required",
        "- settings: dnbClientId is required",
        "- tenants: existingSecret is required",
        "- dnb: existingSecret is required",
    } == {line for line in lines if line.startswith("- ")}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("replica=3", "replica is not allowed"),
        ('settings.kafkaBotstrap="a:1"', "kafkaBotstrap is not allowed"),
        ('settings.dataDir="/data"', "dataDir is not allowed"),
        ("resources.limits.memroy=1", "memroy is not allowed"),
        ('settings.session="forty"', "settings.session: Invalid type. Expected: number, given: string"),
        ("settings.opsPort=0", "settings.opsPort: Must be greater than or equal to 1"),
        ("settings.drain=null", "settings: drain is required"),
        ('settings.kafkaSecurity="TLS"', "settings.kafkaSecurity must be one of"),
        ('image.tag="latest"', "image.tag: Must not validate the schema"),
        ('image.digest="sha256:12"', "image.digest: Does not match pattern"),
        ('extraEnv=[{"name":"MOMENT_DNB_SESSION","value":"40"}]', "extraEnv.0.name: Must not validate the schema"),
        ('podLabels={"app.kubernetes.io/name":"x"}', "podLabels"),
        ('podDisruptionBudget.maxUnavailable="half"', "podDisruptionBudget.maxUnavailable"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(change: str, told: str) -> None:
    """A misspelt key or a value that cannot be is refused before anything reaches the cluster."""
    assert told in refusal(MINIMAL, change)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (['kafka.passwordKey="password"'], "kafka.existingSecret: needed"),
        (['kafka.existingSecret="k"'], "kafka.existingSecret: name at least one of"),
        (['kafka.existingSecret="k"', 'kafka.certificateKey="c"'], "name both or none"),
        (['settings.kafkaSecurity="SASL_SSL"'], "settings.kafkaUsername and kafka.passwordKey: both are needed"),
        (["podDisruptionBudget.minAvailable=1", "podDisruptionBudget.maxUnavailable=0"], "not both"),
    ],
)
def test_values_that_need_one_another_are_told(changes: list[str], told: str) -> None:
    """What the schema cannot express is refused by the templates, with the names of the values."""
    assert told in refusal(MINIMAL, *changes)


def test_no_mapping_takes_unknown_keys() -> None:
    """Every object of the schema refuses keys that it does not know, but for labels and annotations."""
    assert set() == set(open_objects(SCHEMA)) - FREE


def test_the_schema_knows_exactly_the_daemons_settings() -> None:
    """A setting that the daemon gains, loses or changes is in the schema: `python -m checks.chart_schema --write`."""
    assert completed() == FILE.read_text(encoding="utf-8")


def test_the_full_example_shows_every_value() -> None:
    """No value of the schema is missing from the example with everything, but the other half of the budget."""
    example = yaml.safe_load(FULL.read_text(encoding="utf-8"))
    parts = {name: part["properties"] for name, part in SCHEMA["properties"].items() if "properties" in part}
    lacking = {f"{name}.{key}" for name, part in parts.items() for key in set(part) - set(example[name])}
    assert {"podDisruptionBudget.maxUnavailable"} == lacking
    assert {"global"} == set(SCHEMA["properties"]) - set(example)


def test_the_values_repeat_the_daemons_defaults() -> None:
    """What `values.yaml` says of a setting is what the daemon would do anyhow."""
    shown = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["settings"]
    defaults = {
        name: one["default"] for name, one in SCHEMA["properties"]["settings"]["properties"].items() if "default" in one
    }
    assert shown == {name: defaults[name] for name in shown}


def test_the_chart_installs_this_version_of_the_daemon() -> None:
    """The image's tag is the daemon's version unless another is given."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert __version__ == chart["appVersion"]


@pytest.mark.parametrize("values", [MINIMAL, FULL])
def test_the_daemon_takes_the_settings_it_is_given(values: Path, tmp_path: Path) -> None:
    """The container's environment passes the daemon's own validation, each value as it stands in the values."""
    given = environment(render(values))
    assert not any("e+" in value for value in given.values())  # Helm would write a million as 1e+06
    for name in [name for name in given if name.endswith("_FILE")]:
        (tmp_path / name).write_text("content", encoding="utf-8")
        given[name] = str(tmp_path / name)
    taken: dict[str, Any] = json.loads(msgspec.json.encode(read_settings(given), enc_hook=str))
    expected = yaml.safe_load(values.read_text(encoding="utf-8"))["settings"]
    assert expected == {name: value for name, value in _camelled(taken).items() if name in expected}


def test_the_readme_shows_values_that_are_taken(tmp_path: Path) -> None:
    """The values that the README installs with render, and start a daemon that knows its Kafka and its secrets."""
    shown = README.read_text(encoding="utf-8").partition("cat > values.yaml <<'END'\n")[2].partition("\nEND\n")[0]
    (tmp_path / "values.yaml").write_text(shown, encoding="utf-8")
    given = environment(render(tmp_path / "values.yaml"))
    assert {"MOMENT_DNB_KAFKA_PASSWORD_FILE", "MOMENT_DNB_KAFKA_CA_FILE"} <= set(given)
    assert yaml.safe_load(shown)["settings"]["kafkaBootstrap"] == given["MOMENT_DNB_KAFKA_BOOTSTRAP"]


def test_the_notes_name_what_was_installed(tmp_path: Path) -> None:
    """What Helm tells after an installation names the objects and the port that there are."""
    told = notes(FULL, tmp_path)
    for words in ("--namespace accounting rollout status deployment/moment-dnb-north", ":9000/metrics", "4 replica(s)"):
        assert words in told


def _camelled(settings: dict[str, Any]) -> dict[str, Any]:
    return {camel(name): value for name, value in settings.items()}
