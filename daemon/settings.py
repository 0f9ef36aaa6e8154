"""The daemon's settings: read from the environment variables `MOMENT_DNB_*`, all errors found at once.

Each field of `Settings` is one variable, its name in capitals: `kafka_bootstrap` is `MOMENT_DNB_KAFKA_BOOTSTRAP`.
A secret may instead be read from a file: `MOMENT_DNB_KAFKA_PASSWORD_FILE` names it.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from daemon.errors import ConfigurationError

PREFIX = "MOMENT_DNB_"

SECRETS = frozenset({"kafka_password", "dnb_private_key"})
"""Settings whose value is never shown, and which may be given as a file."""

SERVICE_LINKS = (f"{PREFIX}SERVICE_", f"{PREFIX}PORT")
"""Kubernetes gives each pod such variables for a service called moment-dnb: they are no misspelt settings."""

SESSION_MARGIN_SECONDS = 5.0
"""A call must end this long before a lost session can be noticed by others, or two owners could call at once."""

REBALANCE_MARGIN_SECONDS = 10.0
"""A rebalance must outlast the drain by this much, or the coordinator drops the member that is draining."""

Text = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that an operator decides; durations in seconds, quotas in calls per second."""

    kafka_bootstrap: Annotated[Text, Meta(description="Kafka's bootstrap servers, `host:port,…`")]
    kafka_security: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Meta(description="how to connect to Kafka"),
    ] = "PLAINTEXT"
    kafka_ca_file: Annotated[Path | None, Meta(description="CA certificates that sign the brokers' (PEM)")] = None
    kafka_certificate_file: Annotated[Path | None, Meta(description="the client's certificate (PEM)")] = None
    kafka_key_file: Annotated[Path | None, Meta(description="the client's private key (PEM)")] = None
    kafka_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Meta(description="the SASL mechanism")
    ] = "SCRAM-SHA-512"
    kafka_username: Annotated[str, Meta(description="the SASL user")] = ""
    kafka_password: Annotated[str, Meta(description="the SASL password")] = ""
    kafka_check_topics: Annotated[
        bool, Meta(description="check and create topics at start; off only for a broker without an admin API")
    ] = True

    topics: Annotated[tuple[Text, ...], Meta(min_length=1, description="the topics with change events, by comma")] = (
        "moment.changes",
    )
    group: Annotated[Text, Meta(description="the consumer group")] = "moment-dnb"
    member_id: Annotated[str, Meta(description="a static member id, one for each replica; empty for none")] = ""
    dead_letter_topic: Annotated[Text, Meta(description="the topic for records that are no change")] = (
        "moment.changes.dead-letters"
    )
    replication: Annotated[Count, Meta(description="replication factor of topics the daemon creates")] = 3
    min_insync: Annotated[Count, Meta(description="min.insync.replicas of topics the daemon creates")] = 2
    data_dir: Annotated[Path, Meta(description="the folder for the local copies of the ledger")] = Path("data")

    environment: Annotated[Text, Meta(description="Moment's environment whose changes are transferred")] = "production"
    tenants_file: Annotated[Path, Meta(description="tenants.yaml, or a folder with one YAML file for each tenant")]
    tenants_reread: Annotated[Seconds, Meta(description="how often the tenants file is looked at")] = 5.0

    dnb_base_url: Annotated[Text, Meta(pattern="^https?://", description="DnB's address; paths are below it")]
    dnb_issuer: Annotated[str, Meta(description="the identity server; empty: taken from `api/endpoints`")] = ""
    dnb_client_id: Annotated[Text, Meta(description="the client id that the vendor issued")]
    dnb_scope: Annotated[Text, Meta(description="the scope of the token")] = "AppFramework"
    dnb_private_key: Annotated[Text, Meta(description="the client's private key and certificate (PEM)")]

    client_quota: Annotated[Rate, Meta(description="calls per second of the whole client")] = 100.0
    tenant_quota: Annotated[Rate, Meta(description="calls per second of a tenant that has no quota of its own")] = 20.0
    concurrency: Annotated[Count, Meta(description="calls in flight at once")] = 64
    tenant_concurrency: Annotated[Count, Meta(description="calls in flight at once for one tenant")] = 16

    heartbeat: Annotated[Seconds, Meta(description="between heartbeats to the group coordinator")] = 1.0
    session: Annotated[Seconds, Meta(description="after which Kafka gives a silent member's partitions away")] = 30.0
    request: Annotated[Seconds, Meta(description="the deadline of one call, from sending to the whole answer")] = 15.0
    rebalance: Annotated[Seconds, Meta(description="which a rebalance waits for a member that is draining")] = 60.0
    drain: Annotated[Seconds, Meta(description="which calls in flight get when a partition is given up")] = 20.0
    retry_first: Annotated[Seconds, Meta(description="the ceiling of the first wait before a retry")] = 1.0
    retry_longest: Annotated[Seconds, Meta(description="the longest wait before a retry")] = 60.0
    park_after: Annotated[Seconds, Meta(description="of failing after which a change is parked")] = 120.0
    parked_retries: Annotated[
        tuple[Seconds, ...], Meta(min_length=1, description="the waits of a parked change, by comma; the last repeats")
    ] = (60.0, 300.0, 1_800.0, 7_200.0)
    give_up_after: Annotated[Seconds, Meta(description="in which a parked change is tried")] = 604_800.0
    late_bound: Annotated[Seconds, Meta(description="within which DnB may still apply a request nobody waits for")] = (
        60.0
    )

    ops_host: Annotated[Text, Meta(description="the address of /metrics, /livez and /readyz")] = "0.0.0.0"  # noqa: S104 - a container's port is published on purpose
    ops_port: Annotated[int, Meta(ge=0, le=65_535, description="their port; 0 for any free one")] = 9464
    metrics_tenants: Annotated[
        Count, Meta(description="tenants with labels of their own in metrics; others: `other`")
    ] = 20
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="the least level logged")] = (
        "info"
    )

    def __repr__(self) -> str:
        """Return the settings without the secrets."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if name not in SECRETS}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that the environment gives.

    Raises `ConfigurationError` with one line for every finding: the variable, its value unless secret, what is right.
    """
    values: dict[str, Any] = {}
    findings: list[str] = list(_unknown(environment))
    for field in msgspec.structs.fields(Settings):
        try:
            text = _text(environment, field.name)
            if text is not None:
                values[field.name] = _value(field, text)
            elif field.required:
                findings.append(f"{variable(field.name)} is not set: {description(field)}")
        except ValueError as error:
            findings.append(str(error))
    if findings:
        raise ConfigurationError("\n".join(findings))
    settings = Settings(**values)
    findings = list(_contradictions(settings))
    if findings:
        raise ConfigurationError("\n".join(findings))
    return settings


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def description(field: msgspec.structs.FieldInfo) -> str:
    """Return what a setting means, in words."""
    return next(meta.description for meta in _metas(field.type) if meta.description)


def _metas(annotation: Any) -> Iterator[Meta]:  # noqa: ANN401 - a type expression
    if get_origin(annotation) is Annotated:
        yield from reversed([meta for meta in get_args(annotation)[1:] if isinstance(meta, Meta)])


def _unknown(environment: Mapping[str, str]) -> Iterator[str]:
    known = {variable(field.name) for field in msgspec.structs.fields(Settings)}
    known |= {variable(name) + "_FILE" for name in SECRETS}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not name.startswith(SERVICE_LINKS):
            yield f"{name} is no setting: see the table in the README for their names"


def _text(environment: Mapping[str, str], name: str) -> str | None:
    """Return the setting's text, from its variable or the file that it names; None if it is not set."""
    file = environment.get(variable(name) + "_FILE") if name in SECRETS else None
    if file is None:
        return environment.get(variable(name))
    if variable(name) in environment:
        text = f"{variable(name)} and {variable(name)}_FILE are both set: keep one"
        raise ValueError(text)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        text = f"{variable(name)}_FILE={file!r}: the file cannot be read ({type(error).__name__})"
        raise ValueError(text) from None


def _value(field: msgspec.structs.FieldInfo, text: str) -> Any:  # noqa: ANN401 - the field's own type
    is_list = isinstance(field.default, tuple)
    raw: Any = [part.strip() for part in text.split(",")] if is_list else text.strip()
    try:
        value = msgspec.convert(raw, field.type, strict=False, dec_hook=_decode)
        return _finite(value)
    except (msgspec.ValidationError, ValueError) as error:
        shown = "(not shown)" if field.name in SECRETS else repr(text)
        finding = f"{variable(field.name)}={shown}: {error}. Meaning: {description(field)}"
        raise ValueError(finding) from None


def _finite(value: Any) -> Any:  # noqa: ANN401 - the field's own type
    numbers = value if isinstance(value, tuple) else (value,)
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        text = "Expected a finite number"
        raise ValueError(text)
    return value


def _decode(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook for types it does not know
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    text = "Expected a path"
    raise ValueError(text)


def _contradictions(settings: Settings) -> Iterator[str]:
    """Tell which settings do not fit together."""
    if settings.session <= settings.request + SESSION_MARGIN_SECONDS:
        yield _too_short("session", settings.session, "request", settings.request, SESSION_MARGIN_SECONDS)
    if settings.rebalance <= settings.drain + REBALANCE_MARGIN_SECONDS:
        yield _too_short("rebalance", settings.rebalance, "drain", settings.drain, REBALANCE_MARGIN_SECONDS)
    if settings.heartbeat * 3 > settings.session:
        yield f"{variable('heartbeat')}={settings.heartbeat:g}: at most a third of {variable('session')}"
    if settings.kafka_security.startswith("SASL") and not (settings.kafka_username and settings.kafka_password):
        yield f"{variable('kafka_username')} and {variable('kafka_password')}: both are needed for SASL"
    if (settings.kafka_certificate_file is None) != (settings.kafka_key_file is None):
        yield f"{variable('kafka_certificate_file')} and {variable('kafka_key_file')}: set both or none"
    if settings.min_insync > settings.replication:
        yield f"{variable('min_insync')}={settings.min_insync}: at most {variable('replication')}"


def _too_short(name: str, value: float, other: str, bound: float, margin: float) -> str:
    return (
        f"{variable(name)}={value:g}: must be greater than {variable(other)} + {margin:g} s, that is {bound + margin:g}"
    )
