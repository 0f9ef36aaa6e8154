"""Sending one mail through the operator's mail server, and what its errors become."""

import ssl
from email.message import EmailMessage

import aiosmtplib

from daemon.errors import ConfigurationError
from daemon.settings import Settings, variable

TIMEOUT_SECONDS = 30.0
"""For each step of the conversation: mail servers greet late on purpose, to keep those out who cannot wait."""


class Mailer:
    """Sends mails one by one; each has a connection of its own, because hours lie between two."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; raises `ConfigurationError` if the CA file cannot be used. Nothing is connected."""
        self._settings = settings
        self._tls = _tls(settings)

    async def send(self, mail: EmailMessage) -> str | None:
        """Send the mail; returns None when the server has taken it for all recipients, else why not, without content.

        A server that refuses some of the recipients has taken it for the others: that counts as sent.
        """
        settings = self._settings
        try:
            await aiosmtplib.send(
                mail,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username or None,
                password=settings.smtp_password or None,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                tls_context=self._tls,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused:
            return "recipients_refused"
        except aiosmtplib.SMTPResponseException as error:
            return f"status_{error.code}"
        except (aiosmtplib.SMTPException, OSError) as error:
            return type(error).__name__
        return None


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp_security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.smtp_ca_file)
    except (OSError, ssl.SSLError) as error:
        text = f"{variable('smtp_ca_file')}={str(settings.smtp_ca_file)!r}: no CA certificates ({error.strerror})"
        raise ConfigurationError(text) from None
