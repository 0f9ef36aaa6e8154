"""Invented companies."""

import re

import pytest

from daemon.sandbox.companies import invented, tenant_name


def test_repeatable() -> None:
    """The same seed invents the same companies, and more of them begin with the fewer."""
    assert invented(5, 1) == invented(9, 1)[:5]
    assert invented(5, 1) != invented(5, 2)


def test_all_differ() -> None:
    """No two companies share a name, a key or a tenant name."""
    companies = invented(500)
    for values in (
        [company.name for company in companies],
        [company.key for company in companies],
        [tenant_name(company.name) for company in companies],
    ):
        assert 500 == len(set(values))


def test_tenant_names_are_valid() -> None:
    """Every tenant name is one that a tenant may have."""
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", tenant_name(company.name)) for company in invented(500))


@pytest.mark.parametrize(
    ("company", "tenant"),
    [("Fjellvik AS", "fjellvik"), ("Ærlig Øl og Å AS", "aerlig-ol-og-a"), ("???", "company"), ("x" * 80, "x" * 63)],
)
def test_tenant_name(company: str, tenant: str) -> None:
    """A tenant is called after its company, in plain letters."""
    assert tenant == tenant_name(company)
