"""What a judge reads afterwards."""

from daemon.sandbox.documents import Row
from daemon.sandbox.history import Violation
from tests.sandbox.office import KEY, NOON, OTHER_KEY, Office, inside


def test_applied() -> None:
    """Every write is kept in order, with what kind it was and the whole row after it."""
    office = Office()
    row = office.customer(100001, CurrencyCodeID=1)
    office.now = NOON + 1
    info: Row = {"ID": row["BusinessRelationID"], "Name": "Ny AS"}
    office.put("customers/301", {"ID": 301, "Info": info})
    office.call("PUT", "customers", query="action=deactivate&id=301")
    office.delete("customers/301")
    applied = office.emulator.history.applied
    assert [
        (NOON, "POST", True, False), (NOON + 1, "PUT", False, False),
        (NOON + 1, "PUT", False, False), (NOON + 1, "DELETE", False, True),
    ] == [(each.at, each.method, each.created, each.deleted) for each in applied]  # fmt: skip
    assert {(KEY, "customers", 301, False)} == {(each.company, each.route, each.row_id, each.late) for each in applied}
    assert ["Havgard Eiendom AS", "Ny AS", "Ny AS", "Ny AS"] == [inside(each.row, "Info", "Name") for each in applied]
    assert [30001, 30001, 50001, 90001] == [each.row["StatusCode"] for each in applied]


def test_applied_row_is_whole() -> None:
    """The kept row has Info and every live child, whatever the request said and the reply showed."""
    office = Office()
    info: Row = {
        "Name": "Fjord AS",
        "DefaultEmail": {"EmailAddress": "a@b.no"},
        "InvoiceAddress": {"City": "Oslo"},
        "Phones": [{"Number": "1"}, {"Number": "2"}],
    }
    row = office.post("customers", {"CurrencyCodeID": 1, "Info": info}).row
    phone = inside(row, "Info", "Phones", 0, "ID")
    change: Row = {"ID": row["BusinessRelationID"], "Phones": [{"ID": phone, "Deleted": True}]}
    office.put("customers/301", {"ID": 301, "Info": change})
    after = office.emulator.history.applied[-1].row
    assert ("NOK", "a@b.no", "Oslo", "2") == (
        inside(after, "CurrencyCode", "Code"), inside(after, "Info", "DefaultEmail", "EmailAddress"),
        inside(after, "Info", "InvoiceAddress", "City"), inside(after, "Info", "Phones", 0, "Number"),
    )  # fmt: skip
    assert [1, 1, 1] == [
        len(str(inside(after, "Info", name)).split("}, {")) for name in ("Phones", "Emails", "Addresses")
    ]
    assert inside(after, "Info", "ShippingAddress") is None


def test_kept_rows_never_change() -> None:
    """A later write does not alter what was kept of an earlier one."""
    office = Office()
    row = office.customer(100001)
    office.put("customers/301", {"ID": 301, "Info": {"ID": row["BusinessRelationID"], "Name": "Ny AS"}})
    assert "Havgard Eiendom AS" == inside(office.emulator.history.applied[0].row, "Info", "Name")


def test_refused_writes_are_not_applied() -> None:
    """A refused request leaves no trace among the applied ones."""
    office = Office()
    office.post("customers", {"Info": {"Name": ""}})
    office.put("customers/999", {"ID": 999})
    assert [] == office.emulator.history.applied


def test_violations() -> None:
    """A violation says when, who, what and which rule."""
    office = Office()
    office.get("customers", filter="Nonsense eq 1")
    assert [
        Violation(NOON, KEY, "GET", "/api/biz/customers", "unknown_filter_field: Nonsense")
    ] == office.emulator.history.violations


def test_counters() -> None:
    """Calls are counted by company, refused ones too; token calls apart; unknown companies under no name."""
    office = Office()
    office.get("customers")
    office.emulator.inject("reset")
    office.get("customers")
    other = Office(emulator=office.emulator, company=OTHER_KEY)
    other.get("customers")
    office.company = "nobody"
    office.get("customers")
    history = office.emulator.history
    assert ({KEY: 2, OTHER_KEY: 1, "": 1}, 4, 2) == (
        dict(history.calls),
        history.calls_total,
        history.token_calls_total,
    )


def test_correct_client_leaves_no_violation() -> None:
    """The calls that DnB's documentation gives as examples break no rule."""
    office = Office()
    office.customer(100001, CreditDays=14)
    office.get("customers", filter="CustomerNumber eq 100001", expand="Info", top="2", hateoas="false")
    office.get(
        "accounts",
        filter="AccountNumber eq 3000",
        select="ID,AccountNumber,AccountName,VatTypeID,Locked,LockManualPosts,Active",
    )
    office.get("vattypes", filter="VatCode eq '3'", expand="VatTypePercentages")
    office.get("currencycodes", filter="Code eq 'NOK'", select="ID,Code")
    office.get("countries", filter="CountryCode eq 'NO'")
    office.get(
        "customers", filter="CreatedAt gt '2026-01-01' or UpdatedAt gt '2026-01-01'", orderby="ID", top="50", skip="0"
    )
    office.get("customers", expand="Info,Info.Emails,Info.Phones,Info.InvoiceAddress,Info.DefaultEmail")
    assert [] == office.rules
