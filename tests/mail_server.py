"""A real SMTP server for tests: it may ask for TLS and a login, and refuse what it is told to refuse."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER = "moment-dnb"
PASSWORD = "s3cret-of-the-mail"


class MailServer:
    """What the server has taken; `refusal` is a reply that it gives to the content of each mail instead."""

    def __init__(self) -> None:
        """Begin with nothing taken and nothing refused."""
        self.port = 0
        self.taken: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refusal = ""

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take every recipient but those called nobody."""
        del server, session, options
        if address.startswith("nobody@"):
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the server calls it so
        """Take the mail, unless it is to be refused."""
        del server, session
        if self.refusal:
            return self.refusal
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def texts(self) -> list[str]:
        """Return the texts of the mails taken, in order."""
        return [str(mail.get_content()).replace("\r\n", "\n") for mail in self.taken]


@contextlib.asynccontextmanager
async def mail_server(certificates: Path | None = None) -> AsyncGenerator[MailServer]:
    """Serve on a free port of this machine for the length of the block.

    With a folder of certificates it asks for STARTTLS and then for the login of `USER`; without it takes all.
    """
    server = MailServer()
    loop = asyncio.get_running_loop()
    context: ssl.SSLContext | None = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.pem")

    def connection() -> SMTP:
        """Return the server's side of a new connection."""
        return SMTP(
            server,
            hostname="localhost",
            tls_context=context,
            require_starttls=context is not None,
            auth_required=context is not None,
            authenticator=_judge,
            loop=loop,
        )

    listening = await loop.create_server(connection, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


def _judge(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object) -> AuthResult:
    del server, session, envelope, mechanism
    is_right = isinstance(login, LoginPassword) and (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)
