"""The daemon's settings: read from the environment variables `MOMENT_DNB_*`, all errors found at once.

Each field of `Settings` is one variable, its name in capitals: `kafka_bootstrap` is `MOMENT_DNB_KAFKA_BOOTSTRAP`.
A secret may instead be read from a file: `MOMENT_DNB_KAFKA_PASSWORD_FILE` names it.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import Meta

from daemon.errors import ConfigurationError

PREFIX = "MOMENT_DNB_"

SECRETS = frozenset({"kafka_password", "dnb_private_key", "smtp_password"})
"""Settings whose value is never shown, and which may be given as a file."""

SERVICE_LINKS = re.compile(rf"{PREFIX}(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP).*)?)")
"""Kubernetes gives each pod such variables for every service called moment-dnb…: they are no misspelt settings."""

ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+")
"""A mail address, without a name before it."""

SESSION_MARGIN_SECONDS = 5.0
"""A call must end this long before a lost session can be noticed by others, or two owners could call at once."""

REBALANCE_MARGIN_SECONDS = 10.0
"""A rebalance must outlast the drain by this much, or the coordinator drops the member that is draining."""

LONGEST_SECONDS = 2_000_000
"""Some three weeks: what Kafka is told in milliseconds must fit into 32 bits."""

MOST = 32_767
"""Of anything that is counted: Kafka's replication factor has 16 bits."""

Text = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(gt=0, le=LONGEST_SECONDS)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
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
    dead_letter_fuse_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="the daemon stops when more than this share of the latest records are dead; 1: never",
        ),
    ] = 0.5
    dead_letter_fuse_window: Annotated[
        Count, Meta(description="how many of the latest records are looked at for it")
    ] = 200
    replication: Annotated[Count, Meta(description="replication factor of topics the daemon creates")] = 3
    min_insync: Annotated[Count, Meta(description="min.insync.replicas of topics the daemon creates")] = 2
    data_dir: Annotated[Path, Meta(description="the folder for the local copies of the ledger")] = Path("data")

    environment: Annotated[Text, Meta(description="Moment's environment whose changes are transferred")] = "production"
    tenants_file: Annotated[Path, Meta(description="tenants.yaml, or a folder with one YAML file for each tenant")]
    tenants_reread: Annotated[Seconds, Meta(description="seconds between two looks at the tenants file")] = 5.0

    dnb_base_url: Annotated[Text, Meta(pattern="^https?://", description="DnB's address; paths are below it")]
    dnb_issuer: Annotated[str, Meta(description="the identity server; empty: taken from `api/endpoints`")] = ""
    dnb_client_id: Annotated[Text, Meta(description="the client id that the vendor issued")]
    dnb_scope: Annotated[Text, Meta(description="the scope of the token")] = "AppFramework"
    dnb_private_key: Annotated[Text, Meta(description="the client's private key and certificate (PEM)")]

    client_quota: Annotated[Rate, Meta(description="calls per second of the whole client")] = 100.0
    tenant_quota: Annotated[Rate, Meta(description="calls per second of a tenant that has no quota of its own")] = 20.0
    concurrency: Annotated[Count, Meta(description="calls in flight at once, at most: fewer while DnB is slow")] = 64
    tenant_concurrency: Annotated[Count, Meta(description="calls in flight at once for one tenant, at most")] = 16

    heartbeat: Annotated[Seconds, Meta(description="seconds between heartbeats to the group coordinator")] = 1.0
    session: Annotated[
        Seconds, Meta(description="seconds after which Kafka gives a silent member's partitions away")
    ] = 30.0
    request: Annotated[Seconds, Meta(description="seconds that a call may take, from sending to the whole answer")] = (
        15.0
    )
    rebalance: Annotated[Seconds, Meta(description="seconds that a rebalance waits for a member that is draining")] = (
        60.0
    )
    drain: Annotated[Seconds, Meta(description="seconds that calls in flight get when a partition is given up")] = 20.0
    retry_first: Annotated[Seconds, Meta(description="seconds: the ceiling of the first wait before a retry")] = 1.0
    retry_longest: Annotated[Seconds, Meta(description="seconds: the longest wait before a retry")] = 60.0
    park_after: Annotated[Seconds, Meta(description="seconds of failing after which a change is parked")] = 120.0
    parked_retries: Annotated[
        tuple[Seconds, ...],
        Meta(min_length=1, description="seconds: the waits of a parked change, by comma; the last repeats"),
    ] = (60.0, 300.0, 1_800.0, 7_200.0)
    give_up_after: Annotated[Seconds, Meta(description="seconds in which a parked change is tried")] = 604_800.0
    late_bound: Annotated[
        Seconds, Meta(description="seconds within which DnB may still apply a request nobody waits for")
    ] = 60.0

    dependency_wait: Annotated[
        Seconds, Meta(description="seconds that a change waits in hand for a customer, project or invoice it names")
    ] = 60.0
    heal_every: Annotated[
        Seconds, Meta(description="seconds between two looks at what may have been repaired in DnB unseen")
    ] = 1_800.0

    smtp_host: Annotated[str, Meta(description="the mail server; empty: tenants are sent no mail")] = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65_535, description="its port")] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"], Meta(description="how the connection to it is secured")
    ] = "starttls"
    smtp_ca_file: Annotated[
        Path | None, Meta(description="CA certificates that sign the mail server's (PEM); empty: the system's")
    ] = None
    smtp_username: Annotated[str, Meta(description="the user to log in as; empty: without a login")] = ""
    smtp_password: Annotated[str, Meta(description="the user's password")] = ""
    mail_from: Annotated[str, Meta(description="the sender's address of mails to tenants")] = ""
    mail_digest: Annotated[
        Seconds, Meta(description="seconds between two mails to a tenant about a reason it knows already")
    ] = 3_600.0

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
    findings: dict[str, str] = {}
    for field in msgspec.structs.fields(Settings):
        try:
            values[field.name] = _read(environment, field)
        except ValueError as error:
            findings[field.name] = str(error)
    nothing: dict[str, Any] = dict.fromkeys(findings)
    settings = Settings(**nothing, **values)
    lines = [*_unknown(environment), *findings.values(), *_contradictions(settings, doubted=findings)]
    if lines:
        raise ConfigurationError("\n".join(lines))
    return settings


def documentation() -> str:
    """Return the settings as the table of the README: variable, default and meaning, one row each."""
    rows = (
        f"| `{variable(field.name)}` | {_default(field)} | {_meaning(field)} |"
        for field in msgspec.structs.fields(Settings)
    )
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *rows))


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def description(field: msgspec.structs.FieldInfo) -> str:
    """Return what a setting means, in words."""
    return next(meta.description for meta in _metas(field.type) if meta.description)


def _default(field: msgspec.structs.FieldInfo) -> str:
    """Return the default as an operator would write it."""
    if field.required:
        return "**required**"
    default = cast("object", field.default)
    values = cast("tuple[object, ...]", default if isinstance(default, tuple) else (default,))
    text = ",".join(_written(value) for value in values)
    return f"`{text}`" if text else ""


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _meaning(field: msgspec.structs.FieldInfo) -> str:
    if field.name not in SECRETS:
        return description(field)
    return f"{description(field)}; or in the file that `{variable(field.name)}_FILE` names"


def _choices(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401 - a type expression
    """Return what may be written where only a few words may be."""
    kind = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if kind is bool:
        return ("true", "false")
    return get_args(kind) if get_origin(kind) is Literal else ()


def _metas(annotation: Any) -> Iterator[Meta]:  # noqa: ANN401 - a type expression
    if get_origin(annotation) is Annotated:
        yield from reversed([meta for meta in get_args(annotation)[1:] if isinstance(meta, Meta)])


def _unknown(environment: Mapping[str, str]) -> Iterator[str]:
    known = {variable(field.name) for field in msgspec.structs.fields(Settings)}
    known |= {variable(name) + "_FILE" for name in SECRETS}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not SERVICE_LINKS.fullmatch(name):
            yield f"{name} is no setting: see the table in the README for their names"


def _read(environment: Mapping[str, str], field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - the field's own type
    """Return the setting's value or default; raises `ValueError` with the finding."""
    text = _text(environment, field.name)
    if text is not None:
        return _value(field, text)
    if field.required:
        finding = f"{variable(field.name)} is not set: {_meaning(field)}"
        raise ValueError(finding)
    return field.default


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
        choices = _choices(field.type)
        rule = f"must be one of {', '.join(choices)}" if choices else str(error)
        finding = f"{variable(field.name)}={shown}: {rule}. Meaning: {_meaning(field)}"
        raise ValueError(finding) from None


def _finite(value: Any) -> Any:  # noqa: ANN401 - the field's own type
    numbers = cast("tuple[object, ...]", value if isinstance(value, tuple) else (value,))
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        text = "Expected a finite number"
        raise ValueError(text)
    return cast("Any", value)


def _decode(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook for types it does not know
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    text = "Expected a path"
    raise ValueError(text)


class Rule(msgspec.Struct, frozen=True):
    """What must hold between settings: which ones, when it is broken, and what is told then."""

    names: tuple[str, ...]
    is_broken: Callable[[Settings], bool]
    finding: Callable[[Settings], str]


def _longer(name: str, other: str, margin: float) -> Rule:
    def bound(settings: Settings) -> float:
        return float(getattr(settings, other)) + margin

    def finding(settings: Settings) -> str:
        must = f"must be greater than {variable(other)} + {margin:g} s, that is {bound(settings):g}"
        return f"{variable(name)}={getattr(settings, name):g}: {must}"

    return Rule((name, other), lambda settings: getattr(settings, name) <= bound(settings), finding)


def _at_most(name: str, other: str) -> Rule:
    return Rule(
        (name, other),
        lambda settings: getattr(settings, name) > getattr(settings, other),
        lambda settings: f"{variable(name)}={getattr(settings, name):g}: at most {variable(other)}",
    )


RULES = (
    _longer("session", "request", SESSION_MARGIN_SECONDS),
    _longer("rebalance", "drain", REBALANCE_MARGIN_SECONDS),
    _at_most("retry_first", "retry_longest"),
    _at_most("min_insync", "replication"),
    Rule(
        ("heartbeat", "session"),
        lambda one: one.heartbeat * 3 > one.session,
        lambda one: f"{variable('heartbeat')}={one.heartbeat:g}: at most a third of {variable('session')}",
    ),
    Rule(
        ("kafka_security", "kafka_username", "kafka_password"),
        lambda one: one.kafka_security.startswith("SASL") and not (one.kafka_username and one.kafka_password),
        lambda _: f"{variable('kafka_username')} and {variable('kafka_password')}: both are needed for SASL",
    ),
    Rule(
        ("kafka_certificate_file", "kafka_key_file"),
        lambda one: (one.kafka_certificate_file is None) != (one.kafka_key_file is None),
        lambda _: f"{variable('kafka_certificate_file')} and {variable('kafka_key_file')}: set both or none",
    ),
    Rule(
        ("smtp_host", "mail_from"),
        lambda one: one.smtp_host != "" and not ADDRESS.fullmatch(one.mail_from),
        lambda one: f"{variable('mail_from')}={one.mail_from!r}: an address is needed to send mail from",
    ),
    Rule(
        ("smtp_username", "smtp_password"),
        lambda one: (one.smtp_username == "") != (one.smtp_password == ""),
        lambda _: f"{variable('smtp_username')} and {variable('smtp_password')}: set both or none",
    ),
    Rule(
        ("smtp_username", "smtp_security"),
        lambda one: one.smtp_username != "" and one.smtp_security == "none",
        lambda _: f"{variable('smtp_security')}='none': no password is sent over an open connection",
    ),
    Rule(
        ("topics",),
        lambda one: len(set(one.topics)) < len(one.topics),
        lambda one: f"{variable('topics')}={','.join(one.topics)!r}: a topic stands twice",
    ),
    Rule(
        ("topics", "dead_letter_topic"),
        lambda one: one.dead_letter_topic in one.topics,
        lambda one: (
            f"{variable('dead_letter_topic')}={one.dead_letter_topic!r}: must not be one of {variable('topics')}"
        ),
    ),
)
"""What must hold between settings."""


def _contradictions(settings: Settings, *, doubted: Collection[str]) -> Iterator[str]:
    """Tell which settings do not fit together; of those that are doubted already, nothing."""
    sound = (rule for rule in RULES if set(rule.names).isdisjoint(doubted))
    return (rule.finding(settings) for rule in sound if rule.is_broken(settings))
