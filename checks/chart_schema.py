"""Refuses a chart whose schema does not know exactly the daemon's settings; with `--write` it puts that right.

The part `settings` of `values.schema.json` is made from `daemon.settings`: names, types, bounds and meanings. The rest
of the file is written by hand.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, TypeAlias, cast

import msgspec

from checks.tree import ROOT
from daemon.settings import SECRETS, Settings

FILE = ROOT / "helm/moment-dnb/values.schema.json"

OWN = SECRETS | {
    "data_dir",
    "kafka_ca_file",
    "kafka_certificate_file",
    "kafka_key_file",
    "smtp_ca_file",
    "member_id",  # a Deployment's pods have no lasting name
    "tenants_file",
}
"""Settings that are the chart's business: secrets, paths inside the pod, the pod's name."""

ASKED = frozenset({"environment"})
"""Settings with a default that an installation must still give: Moment's sandbox has the same ids as its production."""

USED = frozenset({"drain", "ops_port", "request"})
"""Settings that templates reckon with: `values.yaml` repeats the daemon's defaults, and null is no value for them."""

Schema: TypeAlias = dict[str, Any]


def camel(name: str) -> str:
    """Return a setting's name as `values.yaml` has it: `kafka_bootstrap` is `kafkaBootstrap`."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def settings_schema() -> Schema:
    """Return the schema of the settings that may be given in `values.yaml`."""
    fields = {field.name: field for field in msgspec.structs.fields(Settings) if field.name not in OWN}
    properties = {camel(name): _schema(field) for name, field in fields.items()}
    properties["opsPort"]["minimum"] = 1  # the probes must know it
    asked = [name for name, field in fields.items() if field.required or name in ASKED | USED]
    return {
        "description": "Made from daemon/settings.py by `python -m checks.chart_schema --write`.",
        "type": "object",
        "additionalProperties": False,
        "required": [camel(name) for name in asked],
        "properties": properties,
    }


def _schema(field: msgspec.structs.FieldInfo) -> Schema:
    schema = msgspec.json.schema(field.type)
    return schema if field.required else schema | {"default": cast("object", field.default)}


def completed(path: Path = FILE) -> str:
    """Return what the file should hold."""
    document: Schema = json.loads(path.read_text(encoding="utf-8"))
    document["properties"]["settings"] = settings_schema()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Compare the file with what it should hold, or write it."""
    expected = completed()
    if "--write" in sys.argv:
        FILE.write_text(expected, encoding="utf-8")
    if FILE.read_text(encoding="utf-8") == expected:
        return 0
    print(f"{FILE.relative_to(ROOT)}: is not what daemon/settings.py gives; run: python -m checks.chart_schema --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
