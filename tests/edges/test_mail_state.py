"""What a tenant has been told, as the ledger keeps it."""

import pytest

from daemon.edges.mail_state import (
    MailRecord,
    Told,
    decode_mail_record,
    encode_mail_record,
    mail_key,
    mailed_tenant,
)


def test_a_record_comes_back_as_it_was() -> None:
    """Reasons, instants and keys survive the ledger."""
    record = MailRecord({"conflict": Told(1_000.5, ("fjellvik/customer/1",))})
    assert record == decode_mail_record(encode_mail_record(record))


@pytest.mark.parametrize(
    "raw", [b"", b"\xc1", b"\x81\xa4told\x01", b"\x91" * 5_000], ids=["empty", "bad", "type", "deep"]
)
def test_bytes_that_are_no_record_are_none(raw: bytes) -> None:
    """A damaged record is as if nothing had been told: a mail too many, and no error."""
    assert None is decode_mail_record(raw)


def test_a_key_names_its_tenant() -> None:
    """Other keys name none."""
    assert ("fjellvik", None) == (mailed_tenant(mail_key("fjellvik")), mailed_tenant("fjellvik/customer/1"))
