"""Which rows a filter selects."""

import pytest

from daemon.sandbox.documents import Row
from tests.sandbox.office import Office


def _numbers(rows: list[Row]) -> list[object]:
    return [row["CustomerNumber"] for row in rows]


@pytest.fixture(scope="module", name="office")
def _office() -> Office:  # pyright: ignore[reportUnusedFunction]  # pytest finds it by its name
    """Three customers; the second has no organisation number and an e-mail."""
    office = Office()
    office.customer(100001, "Fjord AS", OrgNumber="912", CreditDays=14, CurrencyCodeID=1)
    info: Row = {"Name": "Tak's & Co", "Emails": [{"EmailAddress": "a@tak.example"}, {"EmailAddress": "b@tak.example"}]}
    office.post("customers", {"CustomerNumber": 100002, "Info": info})
    office.customer(100003, "Fjord Nord AS", OrgNumber="913", CreditDays=30, IsPrivate=True)
    return office


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("CustomerNumber eq 100002", [100002]),
        ("CustomerNumber ne 100002", [100001, 100003]),
        ("CustomerNumber gt 100001", [100002, 100003]),
        ("CustomerNumber ge 100002", [100002, 100003]),
        ("CustomerNumber lt 100002", [100001]),
        ("CustomerNumber le 100002", [100001, 100002]),
        ("customernumber eq 100002", [100002]),
        ("CustomerNumber eq 100001 or CustomerNumber eq 100003", [100001, 100003]),
        ("CustomerNumber eq 100001 or CreditDays eq 30", [100001, 100003]),
        ("CustomerNumber eq 100001 and CreditDays eq 30", []),
        ("not (CustomerNumber eq 100001)", [100002, 100003]),
        ("OrgNumber eq '912'", [100001]),
        ("OrgNumber eq null", [100002]),
        ("OrgNumber ne null", [100001, 100003]),
        ("IsPrivate eq true", [100003]),
        ("Info.Name eq 'Tak''s & Co'", [100002]),
        ("info.name eq 'Fjord AS'", [100001]),
        ("Info.Emails.EmailAddress eq 'b@tak.example'", [100002]),
        ("startswith(Info.Name,'Fjord')", [100001, 100003]),
        ("endswith(Info.Name,'AS')", [100001, 100003]),
        ("contains(Info.Name,'Nord')", [100003]),
        ("Info.Name like 'Fjord%'", [100001, 100003]),
        ("Info.Name like '_jord AS'", [100001]),
        ("Info.Name notlike '%AS'", [100002]),
        ("Account.AccountNumber eq 100003", [100003]),
        ("CurrencyCode.Code eq 'NOK'", [100001]),
        ("CurrencyCode.Code eq null", [100002, 100003]),
        ("CreatedAt gt '2026-02-03'", [100001, 100002, 100003]),
        ("CreatedAt gt '2026-02-03T12:00:00Z' or UpdatedAt gt '2026-01-01'", []),
        ("CreatedAt eq '2026-02-03T13:00:00+01:00'", [100001, 100002, 100003]),
        ("ID eq 302", [100002]),
        ("ID eq 999", []),
        ("CustomerNumber eq 100002.0", [100002]),
    ],
)
def test_selection(office: Office, text: str, numbers: list[int]) -> None:
    """A filter selects by its meaning, across relations and in any case of field names."""
    assert numbers == _numbers(office.get("customers", filter=text).rows)


def test_null_is_unknown(office: Office) -> None:
    """A comparison with a missing value is neither true nor false, so its opposite leaves the row out too."""
    assert [100003] == _numbers(office.get("customers", filter="OrgNumber ne '912'").rows)
    assert [100003] == _numbers(office.get("customers", filter="not (OrgNumber eq '912')").rows)


@pytest.mark.parametrize(
    "text",
    [
        "CustomerNo eq 100001",
        "Info.Nme eq 'x'",
        "Infos.Name eq 'x'",
        "CustomerNumber eq 100001 and Nonsense eq 1",
        "CustomerNumber eq '100001'",
        "OrgNumber eq 912",
        "IsPrivate eq 1",
        "CreatedAt gt 'yesterday'",
        "contains(CustomerNumber,'1')",
        "CustomerNumber gt null",
        "CustomerNumber in (100001)",
        "CustomerNumber == 100001",
        "",
    ],
)
def test_trap_of_the_ignored_filter(text: str) -> None:
    """A filter that DnB does not understand is ignored: 200 with everything, and a violation by whoever sent it."""
    office = Office()
    for number in (100001, 100002):
        office.customer(number)
    answer = office.get("customers", filter=text)
    assert (200, [100001, 100002]) == (answer.status, _numbers(answer.rows))
    assert 1 == len(office.rules)


def test_indexes_follow_changes() -> None:
    """A row is found by its new number and no longer by its old one, and not at all once it is deleted."""
    office = Office()
    row = office.customer(100001)
    office.put(f"customers/{row['ID']}", {"ID": row["ID"], "CustomerNumber": 100009})
    assert [] == office.get("customers", filter="CustomerNumber eq 100001").rows
    assert [100009] == _numbers(office.get("customers", filter="CustomerNumber eq 100009").rows)
    office.delete(f"customers/{row['ID']}")
    assert [] == office.get("customers", filter="CustomerNumber eq 100009 or CustomerNumber eq 100001").rows
