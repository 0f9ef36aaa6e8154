"""What a ledger remembers of the tenants file."""

import pytest

from daemon.core.model import Kind, Tenant
from daemon.edges.named_tenants import (
    TenantRecord,
    decode_tenant_record,
    encode_tenant_record,
    named_tenant,
    tenant_key,
    to_be_named,
    transferred,
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


def test_nothing_is_transferred_of_a_tenant_that_is_held() -> None:
    """Nor of one whose entry is invalid, of which nobody knows what kinds it asks for."""
    served = Tenant(name="a", company="c0ffee", kinds=frozenset[Kind]({"customer"}))
    held = Tenant(name="b", company="c0ffee", held="its configuration is invalid")
    assert {"a": CUSTOMERS, "b": NONE} == transferred({"a": served, "b": held})


def test_only_what_is_not_remembered_is_written_again() -> None:
    """A new tenant, and one with a new kind, which keeps those that it had as long as there is anything in doubt."""
    remembered = {"a": CUSTOMERS, "b": BOTH, "gone": BOTH}
    tenants = {"a": frozenset({"project"}), "b": CUSTOMERS, "c": NONE}
    assert {"a": BOTH, "c": NONE} == to_be_named(tenants, remembered)
    assert {"a": frozenset({"project"}), "b": CUSTOMERS, "c": NONE} == to_be_named(
        tenants, remembered, is_handed_over=True
    )
    assert {} == to_be_named({"a": NONE}, remembered)
