"""Lists and single rows."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.office import BASE_URL, Office, inside, settings


def _filled() -> Office:
    office = Office()
    for number, name in ((100001, "Berg AS"), (100002, "Dal AS"), (100003, "Aas AS")):
        office.post("customers", {"CustomerNumber": number, "CurrencyCodeID": 1, "Info": _info(name)})
    return office


def _info(name: str) -> Row:
    return {
        "Name": name,
        "DefaultEmail": {"EmailAddress": "post@berg.example"},
        "Phones": [{"Number": "22334455", "Type": 150101}, {"Number": "22334456", "Type": "150103"}],
    }


def _numbers(rows: list[Row]) -> list[Json]:
    return [row["CustomerNumber"] for row in rows]


def test_list_is_a_bare_array() -> None:
    """A list comes as an array, by ID, all of it."""
    assert [100001, 100002, 100003] == _numbers(_filled().get("customers").rows)


def test_related_objects_are_absent() -> None:
    """Without an expand a customer has neither name nor address, not even an empty one."""
    row = _filled().get("customers", top="1").rows[0]
    assert not {"Info", "CurrencyCode", "Account"} & set(row)


def test_expand() -> None:
    """An expanded relation is an object, children are an array, and only what was named is there."""
    row = _filled().get("customers", top="1", expand="Info,Info.DefaultEmail,info.phones,CurrencyCode,Account").rows[0]
    assert "Berg AS" == inside(row, "Info", "Name")
    assert "post@berg.example" == inside(row, "Info", "DefaultEmail", "EmailAddress")
    assert ["22334455", "22334456"] == [inside(row, "Info", "Phones", at, "Number") for at in (0, 1)]
    assert ("NOK", 100001) == (inside(row, "CurrencyCode", "Code"), inside(row, "Account", "AccountNumber"))
    assert "InvoiceAddress" not in str(row).replace("InvoiceAddressID", "")


def test_expand_of_nothing() -> None:
    """An expanded relation without a row is null."""
    row = _filled().get("customers/301", expand="PaymentTerms,Info.InvoiceAddress").row
    assert (None, None) == (row["PaymentTerms"], inside(row, "Info", "InvoiceAddress"))


@pytest.mark.parametrize(("order", "numbers"), [
    ("ID", [100001, 100002, 100003]),
    ("ID desc", [100003, 100002, 100001]),
    ("Info.Name", [100003, 100001, 100002]),
    ("Info.Name asc", [100003, 100001, 100002]),
    ("CurrencyCodeID desc,CustomerNumber desc", [100003, 100002, 100001]),
    ("CurrencyCodeID, id desc", [100003, 100002, 100001]),
])  # fmt: skip
def test_order(order: str, numbers: list[int]) -> None:
    """Rows are ordered by several columns, also across relations, each up or down."""
    assert numbers == _numbers(_filled().get("customers", orderby=order).rows)


def test_nulls_come_first() -> None:
    """Rows without a value are ordered before all others."""
    office = Office()
    office.customer(100001, CreditDays=14)
    office.customer(100002)
    assert [100002, 100001] == _numbers(office.get("customers", orderby="CreditDays").rows)


def test_pages() -> None:
    """`top` and `skip` page through the list until an empty page."""
    office = _filled()
    pages = [_numbers(office.get("customers", top="2", skip=skip).rows) for skip in ("0", "2", "4")]
    assert [[100001, 100002], [100003], []] == pages


def test_default_page_size() -> None:
    """A server may have a page size of its own, which an explicit `top` overrides."""
    office = Office(settings(switches=Switches(default_page_size=2)))
    for number in (100001, 100002, 100003):
        office.customer(number)
    assert [2, 3] == [len(office.get("customers").rows), len(office.get("customers", top="9").rows)]


def test_select() -> None:
    """A selection also brings ID, Deleted and CustomValues, and nothing else."""
    rows = _filled().get("customers", select="CustomerNumber,weburl", top="1").rows
    assert [{"ID": 301, "CustomerNumber": 100001, "WebUrl": None, "Deleted": False, "CustomValues": {}}] == rows


def test_dotted_select() -> None:
    """A dotted selection narrows an expanded object."""
    row = _filled().get("customers/301", select="Info.Name", expand="Info").row
    assert {"ID": 301, "Info": {"ID": 801, "Name": "Berg AS", "Deleted": False, "CustomValues": {}},
            "Deleted": False, "CustomValues": {}} == row  # fmt: skip


def test_dotted_select_needs_its_expand() -> None:
    """Without the expand a dotted selection is ignored."""
    office = _filled()
    assert "Info" not in office.get("customers/301", select="ID,Info.Name").row
    assert ["select_without_expand: Info.Name"] == office.rules


@pytest.mark.parametrize(("parameters", "rule"), [
    ({"$filter": "CustomerNumber eq 1"}, "unknown_parameter: $filter"),
    ({"filters": "CustomerNumber eq 1"}, "unknown_parameter: filters"),
    ({"expand": "Infos"}, "unknown_expand: Infos"),
    ({"expand": ""}, "unknown_expand: "),
    ({"select": "Nonsense"}, "unknown_select_field: Nonsense"),
    ({"orderby": "Nonsense"}, "unknown_order: Nonsense"),
    ({"orderby": "ID down"}, "unknown_order: ID down"),
    ({"orderby": ""}, "unknown_order: "),
    ({"top": "-1"}, "malformed_top"),
    ({"top": "ten"}, "malformed_top"),
    ({"skip": ""}, "malformed_skip"),
    ({"hateoas": "no"}, "malformed_hateoas"),
])  # fmt: skip
def test_trap_of_the_ignored_parameter(parameters: dict[str, str], rule: str) -> None:
    """What DnB does not know it ignores: everything comes, and the sender is blamed."""
    office = _filled()
    answer = office.get("customers", **parameters)
    assert (200, 3, [rule]) == (answer.status, len(answer.rows), office.rules)
    assert "CustomerNumber" in answer.rows[0]


def test_known_but_unmodelled_expands_are_nobodys_fault() -> None:
    """An expand that DnB has and the sandbox has not brings nothing and blames nobody."""
    office = _filled()
    assert 3 == len(office.get("customers", expand="Distributions").rows)
    assert [] == office.rules


def test_repeated_parameter() -> None:
    """Of a parameter given twice the first counts, and the sender is blamed."""
    office = _filled()
    assert 1 == len(office.call("GET", "customers", query="top=1&top=2").rows)
    assert ["repeated_parameter: top"] == office.rules


@pytest.mark.parametrize("query", [
    "filter=Info.Name+eq+'Dal+AS'",
    "filter=Info.Name%20eq%20'Dal%20AS'",
    "filter=Info.Name%20eq%20%27Dal+AS%27",
])  # fmt: skip
def test_spaces(query: str) -> None:
    """A space may come as `+` and as `%20`."""
    assert [100002] == _numbers(_filled().call("GET", "customers", query=query).rows)


def test_links() -> None:
    """`hateoas=true` adds the transitions that are legal now, `hateoas=false` nothing."""
    office = _filled()
    linked = office.get("customers/301", hateoas="true").row
    assert {"deactivate", "block"} == set(_keys(inside(linked, "_links", "transitions")))
    assert "Info" in _keys(inside(linked, "_links", "relations"))
    assert "_links" not in office.get("customers/301", hateoas="false").row
    assert [] == office.rules


def _keys(value: Json) -> list[str]:
    assert isinstance(value, dict)
    return list(value)


def test_one_row() -> None:
    """One row comes as an object; one that never was or is deleted is a 404, and nobody's fault."""
    office = _filled()
    office.delete("customers/302")
    assert [200, 404, 404] == [office.get(f"customers/{row_id}").status for row_id in (301, 302, 999)]
    assert [] == office.rules


def test_list_parameters_on_one_row() -> None:
    """A filter on a single row means nothing."""
    office = _filled()
    assert 301 == office.get("customers/301", filter="ID eq 302").row["ID"]
    assert ["unknown_parameter: filter"] == office.rules


def test_deleted_rows_are_hidden() -> None:
    """A deleted row is in no list, whatever the filter asks for."""
    office = _filled()
    office.delete("customers/302")
    assert [100001, 100003] == _numbers(office.get("customers").rows)
    assert [] == office.get("customers", filter="Deleted eq true").rows


def test_vat_percent() -> None:
    """A VAT type has its rate at the root and among its percentages; a switch leaves only the latter."""
    office = Office()
    row = office.get("vattypes", filter="VatCode eq '3'", expand="VatTypePercentages").rows[0]
    assert (25.0, 25.0) == (row["VatPercent"], inside(row, "VatTypePercentages", 0, "VatPercent"))
    newer = Office(settings(switches=Switches(vat_percent_at_root=False)))
    row = newer.get("vattypes", filter="VatCode eq '3'", expand="VatTypePercentages").rows[0]
    assert "VatPercent" not in row
    assert 25.0 == inside(row, "VatTypePercentages", 0, "VatPercent")


def test_nothing_is_shared_with_the_books() -> None:
    """Two reads of the same row are equal: showing it does not change it."""
    office = _filled()
    parameters = {"expand": "Info.Phones", "select": "Info.Name", "hateoas": "true"}
    assert office.get("customers", **parameters).json == office.get("customers", **parameters).json
    assert BASE_URL == office.emulator.base_url


def test_expands_of_newer_clients() -> None:
    """An old server leaves out, without a word, an expand that its contract does not list."""
    for recent, shown in ((True, True), (False, False)):
        office = Office(settings(switches=Switches(recent_expands=recent)))
        office.customer(100001)
        row = office.get("customers/301", expand="Account,Info").row
        assert (shown, True, []) == ("Account" in row, "Info" in row, office.rules)


def test_dates_with_time() -> None:
    """A server may answer dates with a time, in related rows too; what it answered can be sent back."""
    office = Office(settings(switches=Switches(dates_with_time=True)))
    office.post("projects", {"Name": "Kaigata 4", "StartDate": "2026-01-15"})
    row = office.get("projects/71").row
    assert ("2026-01-15T00:00:00Z", None) == (row["StartDate"], row["EndDate"])
    assert "2026-01-15T00:00:00Z" == office.put("projects/71", row).row["StartDate"]
    vat = office.get("vattypes", filter="VatCode eq '3'", expand="VatTypePercentages").rows[0]
    assert "2016-01-01T00:00:00Z" == inside(vat, "VatTypePercentages", 0, "ValidFrom")
