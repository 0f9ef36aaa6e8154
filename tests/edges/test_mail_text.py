"""The words of a mail to a tenant."""

import msgspec
import pytest

from daemon.core.ledger import Parked
from daemon.core.model import Entity
from daemon.core.procedure import Refused
from daemon.edges.mail_deciding import Failing, Letter
from daemon.edges.mail_state import MailRecord
from daemon.edges.mail_text import MAX_SHOWN, message

INVOICE = Entity("fjellvik", "invoice", 118204417)
REFUSED = Refused(
    reason="vat_code_missing", field="lines[2].accountNumber", value="3000", rule="a line needs a VAT code",
    repair="set the code on the account in Moment",
)  # fmt: skip


def failing(
    refusal: Refused | None = REFUSED, data: bytes = b'{"invoiceNumber": 10245}', number: int = 0
) -> tuple[Entity, Parked]:
    """Return an invoice that a person must repair, and its parked change."""
    reason = refusal.reason if refusal else "unavailable"
    parked = Parked(version=7, data=data, occurred_at=0.0, reason=reason, since=0.0, refusal=refusal)
    return msgspec.structs.replace(INVOICE, id=INVOICE.id + number), parked


def text(*changes: tuple[Entity, Parked], repaired: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return subject and text of a mail that tells this."""
    failures = tuple(Failing(entity, parked.reason) for entity, parked in changes)
    letter = Letter(failures, repaired, MailRecord(), dict(changes))
    mail = message("fjellvik", letter, sender="a@example.com", recipients=("b@example.com",), now=1_000.0)
    return str(mail["Subject"]), str(mail.get_content())


def test_a_failure_is_told_with_field_value_rule_and_repair() -> None:
    """An accountant finds the document by its number and knows what to do."""
    subject, words = text(failing())
    assert "fjellvik: 1 transfer to DnB Regnskap must be repaired (vat_code_missing)" == subject
    for part in ("invoice 10245", "id 118204417", "lines[2].accountNumber = 3000", REFUSED.rule, REFUSED.repair):
        assert part in words


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("name", "too_long"),
        ("email", "too_long"),
        ("phoneNumber", "too_long"),
        ("faxNumber", "too_long"),
        ("CustomerNumber", "rejected_by_dnb"),
        ("", "rejected_by_dnb"),
    ],
)
def test_personal_data_is_not_told(field: str, reason: str) -> None:
    """Names, addresses and DnB's own words stay out of the mail; the field and the rule are enough."""
    refused = msgspec.structs.replace(REFUSED, field=field, value="Kari Nordmann", reason=reason)
    _, words = text(failing(refused))
    assert ("Kari" not in words, REFUSED.rule in words) == (True, True)


def test_a_repair_is_one_line() -> None:
    """What the tenant was told of and is repaired."""
    subject, words = text(repaired=(INVOICE.key,))
    assert "fjellvik: 1 transfer to DnB Regnskap repaired" == subject
    assert "Repaired: invoice (Moment's id 118204417)\n" == words


def test_very_many_failures_are_told_as_a_number() -> None:
    """Nobody reads a mail of ten thousand lines."""
    subject, words = text(
        *(failing(number=number) for number in range(MAX_SHOWN + 3)),
        repaired=tuple(f"fjellvik/invoice/{number}" for number in range(MAX_SHOWN + 2)),
    )
    assert f"{MAX_SHOWN + 3} transfers" in subject
    assert ("… and 3 more for the same reasons." in words, "… and 2 more are repaired." in words) == (True, True)


@pytest.mark.parametrize("data", [b"{}", b"no json", b'{"invoiceNumber": []}', b"\xff"])
def test_data_that_cannot_be_read_is_told_by_its_id(data: bytes) -> None:
    """A change refused for its data has no number that could be told."""
    _, words = text(failing(data=data))
    assert "* invoice (Moment's id 118204417)" in words


def test_a_failure_without_a_finding_is_told_by_its_reason() -> None:
    """What has no field and rule still has a reason."""
    assert "reason: unavailable" in text(failing(None))[1]


def test_a_value_cannot_forge_a_line() -> None:
    """Line breaks inside a value become blanks, and a long one ends."""
    refused = msgspec.structs.replace(REFUSED, value="1\n\nrepair: pay here " + "9" * 500)
    _, words = text(failing(refused))
    assert "\n\nrepair: pay" not in words
    assert max(map(len, words.splitlines())) < 200
