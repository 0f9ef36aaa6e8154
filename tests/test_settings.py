"""The settings from the environment."""

from pathlib import Path

import msgspec
import pytest

from daemon.errors import ConfigurationError
from daemon.settings import SECRETS, Settings, documentation, read_settings, variable

README = Path(__file__).parent.parent / "README.md"

LEAST = {
    "MOMENT_DNB_KAFKA_BOOTSTRAP": "kafka:9092",
    "MOMENT_DNB_TENANTS_FILE": "tenants.yaml",
    "MOMENT_DNB_DNB_BASE_URL": "https://dnb.example",
    "MOMENT_DNB_DNB_CLIENT_ID": "client",
    "MOMENT_DNB_DNB_PRIVATE_KEY": "key-material",
}


def findings(**values: str) -> list[str]:
    """Return the findings about the least settings with these values set besides."""
    environment = LEAST | {f"MOMENT_DNB_{name.upper()}": value for name, value in values.items()}
    with pytest.raises(ConfigurationError) as caught:
        read_settings(environment)
    return str(caught.value).splitlines()


def test_the_least_that_must_be_set_is_enough() -> None:
    """Five variables suffice; everything else has a default."""
    settings = read_settings(LEAST)
    assert ("kafka:9092", Path("tenants.yaml"), 30.0) == (
        settings.kafka_bootstrap,
        settings.tenants_file,
        settings.session,
    )


def test_everything_that_lacks_is_told_at_once() -> None:
    """An operator sees every missing variable in one run, with its meaning."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings({})
    lines = str(caught.value).splitlines()
    assert sorted(LEAST) == sorted(line.split()[0] for line in lines)
    assert all(" is not set: " in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("session", "soon", "float"),
        ("session", "-1", "> 0"),
        ("session", "inf", "<= 2000000"),
        ("session", "nan", "> 0"),
        ("concurrency", "0", ">= 1"),
        ("concurrency", "1.5", "int"),
        ("ops_port", "70000", "65535"),
        ("kafka_security", "TLS", "one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
        ("kafka_check_topics", "perhaps", "one of true, false"),
        ("dnb_base_url", "dnb.example", "^https?://"),
        ("log_level", "loud", "one of debug, info, warning, error"),
        ("dead_letter_fuse_share", "1.1", "<= 1.0"),
        ("dead_letter_fuse_window", "0", ">= 1"),
        ("topics", "", "length >= 1"),
        ("parked_retries", "60,-1", "> 0"),
        ("parked_retries", "60,inf", "<= 2000000"),
        ("client_quota", "inf", "finite"),
        ("tenant_quota", "nan", "> 0"),
        ("replication", "40000", "<= 32767"),
        ("data_dir", "", "path"),
        ("kafka_bootstrap", " ", "length >= 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(name: str, value: str, right: str) -> None:
    """A finding shows the variable, its value and the rule, and nothing else is complained of."""
    [line] = findings(**{name: value})
    assert line.startswith(f"{variable(name)}={value!r}: ")
    assert right in line


def test_all_wrong_values_are_told_together() -> None:
    """Several errors are shown in one run."""
    assert 3 == len(findings(session="soon", ops_port="x", quota="1"))


def test_contradictions_are_told_beside_wrong_values() -> None:
    """What does not fit together is told in the same run, but nothing is concluded from a value that is wrong."""
    assert ["MOMENT_DNB_SESSION", "MOMENT_DNB_MIN_INSYNC"] == [
        line.partition("=")[0] for line in findings(session="soon", request="40", replication="1")
    ]


def test_a_misspelt_variable_is_told() -> None:
    """A variable that no setting has would otherwise be silently without effect."""
    [line] = findings(tennants_file="x")
    assert "MOMENT_DNB_TENNANTS_FILE is no setting" in line


def test_variables_of_kubernetes_are_not_misspelt_settings() -> None:
    """A service called moment-dnb puts its links into each pod's environment."""
    links = {
        "MOMENT_DNB_SERVICE_HOST": "10.0.0.1",
        "MOMENT_DNB_PORT": "tcp://10.0.0.1:9464",
        "MOMENT_DNB_PORT_9464_TCP": "tcp://10.0.0.1:9464",
        "MOMENT_DNB_CONSOLE_SERVICE_HOST": "10.0.0.2",
        "MOMENT_DNB_CONSOLE_SERVICE_PORT_HTTP": "80",
        "MOMENT_DNB_CONSOLE_PORT_80_TCP_ADDR": "10.0.0.2",
    }
    assert read_settings(LEAST) == read_settings(LEAST | links)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"session": "20"}, "greater than MOMENT_DNB_REQUEST + 5 s, that is 20"),
        ({"rebalance": "30"}, "greater than MOMENT_DNB_DRAIN + 10 s, that is 30"),
        ({"heartbeat": "11"}, "at most a third of MOMENT_DNB_SESSION"),
        ({"kafka_security": "SASL_SSL", "kafka_username": "me"}, "both are needed for SASL"),
        ({"kafka_key_file": "key.pem"}, "set both or none"),
        ({"replication": "1"}, "at most MOMENT_DNB_REPLICATION"),
        ({"retry_first": "61"}, "at most MOMENT_DNB_RETRY_LONGEST"),
        ({"topics": "a,b,a"}, "a topic stands twice"),
        ({"topics": "a,moment.changes.dead-letters"}, "must not be one of MOMENT_DNB_TOPICS"),
    ],
)
def test_settings_that_contradict_each_other_are_told(values: dict[str, str], told: str) -> None:
    """Times and credentials that do not fit together are refused at the start, with the bound."""
    assert [True] == [told in line for line in findings(**values)]


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    """A mounted secret is read from the file that its variable names, without the line's end."""
    file = tmp_path / "password"
    file.write_text("s3cret\n", encoding="utf-8")
    settings = read_settings(LEAST | {"MOMENT_DNB_KAFKA_PASSWORD_FILE": str(file)})
    assert "s3cret" == settings.kafka_password


def test_a_secret_given_twice_or_not_readable_is_told(tmp_path: Path) -> None:
    """A secret that is set and named, or whose file is not there or no text, is refused by the variable's name."""
    (tmp_path / "noise").write_bytes(b"\xff\xfe\xff")
    wrong = [
        findings(dnb_private_key_file="/nowhere"),
        findings(kafka_password_file="/nowhere"),
        findings(kafka_password_file=str(tmp_path / "noise")),
    ]
    assert [["are both set" in line or "cannot be read" in line for line in lines] for lines in wrong] == [[True]] * 3


def test_no_secret_is_ever_shown() -> None:
    """Neither findings nor the settings themselves show a secret."""
    environment = LEAST | {"MOMENT_DNB_KAFKA_PASSWORD": "s3cret-one", "MOMENT_DNB_DNB_PRIVATE_KEY": "s3cret-two"}
    assert "s3cret" not in repr(read_settings(environment))
    assert "s3cret" not in "\n".join(findings(kafka_password="s3cret", session="x"))
    assert "(not shown)" in "\n".join(findings(dnb_private_key=" "))


ACCEPTED: dict[str, tuple[str, object]] = {
    "kafka_bootstrap": ("a:1,b:2", "a:1,b:2"),
    "kafka_security": ("SSL", "SSL"),
    "kafka_ca_file": ("ca.pem", Path("ca.pem")),
    "kafka_certificate_file": ("client.pem", Path("client.pem")),
    "kafka_key_file": ("client.key", Path("client.key")),
    "kafka_mechanism": ("PLAIN", "PLAIN"),
    "kafka_username": ("me", "me"),
    "kafka_password": ("s3cret", "s3cret"),
    "kafka_check_topics": ("FALSE", False),
    "topics": ("a", ("a",)),
    "group": ("g", "g"),
    "member_id": ("moment-dnb-0", "moment-dnb-0"),
    "dead_letter_topic": ("dead", "dead"),
    "replication": ("5", 5),
    "min_insync": ("3", 3),
    "data_dir": ("/data", Path("/data")),
    "environment": ("sandbox", "sandbox"),
    "tenants_file": ("/etc/tenants", Path("/etc/tenants")),
    "tenants_reread": ("0.5", 0.5),
    "dnb_base_url": ("http://dnb.example", "http://dnb.example"),
    "dnb_issuer": ("https://id.example", "https://id.example"),
    "dnb_client_id": ("c", "c"),
    "dnb_scope": ("Other", "Other"),
    "dnb_private_key": ("pem", "pem"),
    "client_quota": ("7.5", 7.5),
    "tenant_quota": ("2", 2.0),
    "concurrency": ("8", 8),
    "tenant_concurrency": ("2", 2),
    "heartbeat": ("2", 2.0),
    "session": ("45", 45.0),
    "request": ("10", 10.0),
    "rebalance": ("90", 90.0),
    "drain": ("15", 15.0),
    "retry_first": ("0.5", 0.5),
    "retry_longest": ("30", 30.0),
    "park_after": ("60", 60.0),
    "parked_retries": ("1, 2", (1.0, 2.0)),
    "give_up_after": ("3600", 3600.0),
    "late_bound": ("30", 30.0),
    "dependency_wait": ("5", 5.0),
    "heal_every": ("600", 600.0),
    "smtp_host": ("mail.example", "mail.example"),
    "smtp_port": ("465", 465),
    "smtp_security": ("tls", "tls"),
    "smtp_ca_file": ("mail-ca.pem", Path("mail-ca.pem")),
    "smtp_username": ("post", "post"),
    "smtp_password": ("s3cret", "s3cret"),
    "mail_from": ("moment-dnb@example.com", "moment-dnb@example.com"),
    "mail_digest": ("60", 60.0),
    "ops_host": ("127.0.0.1", "127.0.0.1"),
    "ops_port": ("0", 0),
    "dead_letter_fuse_share": ("0.25", 0.25),
    "dead_letter_fuse_window": ("1000", 1000),
    "metrics_tenants": ("5", 5),
    "log_level": ("debug", "debug"),
}


def test_every_setting_is_taken_from_its_variable() -> None:
    """Each variable reaches the setting of its name, as the type it has there."""
    environment = {variable(name): text for name, (text, _) in ACCEPTED.items()}
    assert {name: value for name, (_, value) in ACCEPTED.items()} == msgspec.structs.asdict(read_settings(environment))


def test_lists_are_given_by_comma() -> None:
    """Several topics and waits are separated by commas; blanks around them do not count."""
    settings = read_settings(LEAST | {"MOMENT_DNB_TOPICS": "a, b", "MOMENT_DNB_PARKED_RETRIES": "1,2.5"})
    assert (("a", "b"), (1.0, 2.5)) == (settings.topics, settings.parked_retries)


def test_the_readme_lists_exactly_the_settings() -> None:
    """The README's table is the settings' own: `daemon.settings.documentation()`."""
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert documentation() == table
    assert all(f"`{variable(field.name)}`" in table for field in msgspec.structs.fields(Settings))
    assert all(f"{variable(name)}_FILE" in table for name in SECRETS)
