"""The words of a mail to a tenant: what failed, the field, its value if not personal, the rule, and the repair.

Values are shown only of fields that hold numbers, codes, dates and amounts; a name, an address or DnB's own words might
be personal data, which has no place in a mail.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

import msgspec

from daemon.core.ledger import Parked
from daemon.core.model import Entity
from daemon.core.procedure import Refused
from daemon.edges.mail_deciding import Letter

MAX_SHOWN = 50
"""So many failures are told one by one; how many more there are is told as a number."""

MAX_VALUE_LENGTH_CHARACTERS = 100
"""A number, a code or a date is shorter; more would not be one."""

_IN_DNBS_WORDS = frozenset({"booking_refused", "rejected_by_dnb", "unknown_reference"})
"""Reasons whose value is what DnB answered: it may quote a name."""

_SHOWN_FIELDS = re.compile(
    r"^(?!.*(phone|fax)).*(number|code|date|id|type|state|days|total|vat|invoice|quantity|rate)s?$", re.IGNORECASE
)


class _Numbers(msgspec.Struct, rename="camel"):
    """The business numbers of any kind's data, whichever it has."""

    customer_number: str | int | None = None
    project_number: str | int | None = None
    invoice_number: str | int | None = None


def shown(letter: Letter) -> list[Entity]:
    """Return the entities of those failures that are told one by one."""
    return [one.entity for one in letter.failures[:MAX_SHOWN]]


def message(tenant: str, letter: Letter, *, sender: str, recipients: tuple[str, ...], now: float) -> EmailMessage:
    """Return the mail; the same letter at the same instant has the same Message-ID, so that a copy can be told."""
    text = "\n".join(lines(tenant, letter))
    digest = sha256(f"{tenant}\n{now}\n{text}".encode()).hexdigest()[:32]
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = subject(tenant, letter)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = f"<{digest}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


def subject(tenant: str, letter: Letter) -> str:
    """Return the subject: how much must be repaired, or that all of it was."""
    failed, repaired = len(letter.failures), len(letter.repaired)
    if failed == 0:
        return f"{tenant}: {_count(repaired, 'transfer')} to DnB Regnskap repaired"
    reasons = sorted({one.reason for one in letter.failures})
    return f"{tenant}: {_count(failed, 'transfer')} to DnB Regnskap must be repaired ({', '.join(reasons)})"


def lines(tenant: str, letter: Letter) -> Iterator[str]:
    """Yield the lines of the mail."""
    if letter.failures:
        yield f"What Moment sent for {tenant} could not be transferred to DnB Regnskap:"
        yield ""
        for entity in shown(letter):
            if entity in letter.changes:
                yield from _failure(entity, letter.changes[entity])
        if len(letter.failures) > MAX_SHOWN:
            yield f"… and {len(letter.failures) - MAX_SHOWN} more for the same reasons."
            yield ""
        yield "Each is tried again when it is saved in Moment. What is repaired in DnB is noticed within half an hour."
    if letter.failures and letter.repaired:
        yield ""
    for key in letter.repaired[:MAX_SHOWN]:
        yield "Repaired: {1} (Moment's id {2})".format(*key.split("/"))
    if len(letter.repaired) > MAX_SHOWN:
        yield f"… and {len(letter.repaired) - MAX_SHOWN} more are repaired."


def _failure(entity: Entity, parked: Parked) -> Iterator[str]:
    yield f"* {entity.kind} {_number(parked.data) or ''} (Moment's id {entity.id})".replace("  ", " ")
    yield f"    reason: {parked.reason}"
    refusal = parked.refusal
    if refusal is None:
        return
    if refusal.field:
        yield f"    field:  {refusal.field}{_shown(refusal)}"
    yield f"    rule:   {refusal.rule}"
    yield f"    repair: {refusal.repair}"
    yield ""


def _shown(refusal: Refused) -> str:
    value = " ".join(refusal.value.split())[:MAX_VALUE_LENGTH_CHARACTERS]
    is_shown = value and refusal.reason not in _IN_DNBS_WORDS and _SHOWN_FIELDS.search(refusal.field)
    return f" = {value}" if is_shown else ""


def _number(data: bytes) -> str | None:
    """Return the business number of a change, None where its data cannot be read."""
    try:
        numbers = msgspec.json.decode(data, type=_Numbers)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = (numbers.invoice_number, numbers.project_number, numbers.customer_number)
    return next((str(number) for number in found if number is not None), None)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
