"""Sending one mail, to a real SMTP server."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.edges.mailer import Mailer
from daemon.errors import ConfigurationError
from daemon.settings import Settings, read_settings
from tests.certificates import write_certificates
from tests.mail_server import PASSWORD, USER, MailServer, mail_server

LEAST = {
    "MOMENT_DNB_KAFKA_BOOTSTRAP": "k:9092",
    "MOMENT_DNB_TENANTS_FILE": "tenants.yaml",
    "MOMENT_DNB_DNB_BASE_URL": "http://dnb.example",
    "MOMENT_DNB_DNB_CLIENT_ID": "c",
    "MOMENT_DNB_DNB_PRIVATE_KEY": "pem",
    "MOMENT_DNB_SMTP_HOST": "localhost",
    "MOMENT_DNB_MAIL_FROM": "moment-dnb@example.com",
}


def settings(server: MailServer, **others: str) -> Settings:
    """Return settings that send to this server."""
    own = {"smtp_port": str(server.port), "smtp_security": "none", **others}
    return read_settings(LEAST | {f"MOMENT_DNB_{name.upper()}": value for name, value in own.items()})


def mail(*recipients: str) -> EmailMessage:
    """Return a mail to these recipients."""
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = "moment-dnb@example.com", ", ".join(recipients), "a subject"
    one.set_content("a text")
    return one


async def test_a_mail_arrives() -> None:
    """The server has it, for every recipient."""
    async with mail_server() as server:
        assert None is await Mailer(settings(server)).send(mail("a@example.com", "b@example.com"))
    assert [["a@example.com", "b@example.com"]] == server.recipients
    assert ["a subject"] == [one["Subject"] for one in server.taken]


async def test_a_mail_goes_over_tls_with_a_login(tmp_path: Path) -> None:
    """With STARTTLS and a password, as operators' servers ask for."""
    write_certificates(tmp_path)
    secured = {"smtp_security": "starttls", "smtp_ca_file": str(tmp_path / "ca.pem"), "smtp_username": USER}
    async with mail_server(tmp_path) as server:
        assert None is await Mailer(settings(server, **secured, smtp_password=PASSWORD)).send(mail("a@example.com"))
        assert "status_535" == await Mailer(settings(server, **secured, smtp_password="wrong")).send(mail("a@x.no"))
    assert 1 == len(server.taken)


async def test_a_server_of_another_ca_is_not_trusted(tmp_path: Path) -> None:
    """No password goes to a server whose certificate the operator's CA has not signed."""
    write_certificates(tmp_path)
    async with mail_server(tmp_path) as server:
        refused = await Mailer(settings(server, smtp_security="starttls")).send(mail("a@example.com"))
    assert refused is not None
    assert [] == server.taken


@pytest.mark.parametrize(
    ("recipients", "expected"), [(("nobody@x.no",), "recipients_refused"), (("nobody@x.no", "a@x.no"), None)]
)
async def test_recipients_may_be_refused(recipients: tuple[str, ...], expected: str | None) -> None:
    """Taken for one of two is taken; refused for all is not."""
    async with mail_server() as server:
        assert expected == await Mailer(settings(server)).send(mail(*recipients))


async def test_a_refusal_of_the_server_is_told_by_its_status() -> None:
    """The server's words may quote an address, so only its status is told."""
    async with mail_server() as server:
        server.refusal = "451 try again, a@example.com"
        assert "status_451" == await Mailer(settings(server)).send(mail("a@example.com"))


async def test_a_server_that_is_not_there_is_told_by_the_errors_name() -> None:
    """Nobody listens on the port any more."""
    async with mail_server() as server:
        mailer = Mailer(settings(server))
    assert "SMTPConnectError" == await mailer.send(mail("a@example.com"))


async def test_a_ca_file_that_is_none_is_the_operators_to_repair(tmp_path: Path) -> None:
    """The variable is named, before anything runs."""
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    async with mail_server() as server:
        bad = settings(server, smtp_security="tls", smtp_ca_file=str(tmp_path / "ca.pem"))
        with pytest.raises(ConfigurationError, match="MOMENT_DNB_SMTP_CA_FILE"):
            Mailer(bad)
