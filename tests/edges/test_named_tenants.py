"""What a ledger remembers of the tenants file."""

import pytest

from daemon.edges.named_tenants import (
    TenantRecord,
    decode_tenant_record,
    encode_tenant_record,
    joined,
    named_tenant,
    tenant_key,
    unnamed,
)

CUSTOMERS = frozenset({"customer"})
BOTH = frozenset({"customer", "project"})
NONE = frozenset[str]()


def test_a_record_says_whom_it_is_about_and_what_was_transferred() -> None:
    """Key and value come back as they were written; the keys of other records are no tenant's."""
    assert "fjellvik" == named_tenant(tenant_key("fjellvik"))
    assert [None, None] == [named_tenant("_ledger"), named_tenant("fjellvik/customer/1")]
    assert TenantRecord(BOTH) == decode_tenant_record(encode_tenant_record(TenantRecord(BOTH)))


@pytest.mark.parametrize("raw", [None, b"", b"\x80", b"nonsense", b"\x91" * 5_000])
def test_a_record_without_kinds_still_names_its_tenant(raw: bytes | None) -> None:
    """As earlier versions of the program wrote it, or damaged: no kind is known."""
    assert TenantRecord() == decode_tenant_record(raw)


def test_what_several_have_named_is_joined() -> None:
    """Neither a tenant nor a kind is taken back by another that does not name it."""
    assert {"a": BOTH, "b": NONE} == joined([{"a": CUSTOMERS}, {"a": frozenset({"project"}), "b": NONE}, {"a": NONE}])


def test_only_what_is_not_remembered_is_written_again() -> None:
    """A new tenant, and one with a new kind, which keeps those that it had."""
    remembered = {"a": CUSTOMERS, "b": BOTH, "gone": BOTH}
    tenants = {"a": frozenset({"project"}), "b": CUSTOMERS, "c": NONE}
    assert {"a": BOTH, "c": NONE} == unnamed(tenants, remembered)
    assert {} == unnamed({"a": NONE}, remembered)
