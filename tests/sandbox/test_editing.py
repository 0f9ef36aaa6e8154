"""What people do to a customer in Moment."""

import random

from daemon.sandbox import editing
from daemon.sandbox.documents import Row
from daemon.sandbox.portraying import wanted


def dice() -> random.Random:
    """The same luck for every test."""
    return random.Random(7)


def newcomers(count: int) -> list[Row]:
    """New customers of one seed."""
    chance = dice()
    return [editing.newcomer(chance, 100_000 + position) for position in range(count)]


def test_newcomers() -> None:
    """New customers are mostly Norwegian, have what the contract requires, and leave other fields null or out."""
    every = newcomers(400)
    assert {100_000 + position for position in range(400)} == {int(str(data["customerNumber"])) for data in every}
    assert {str, int} == {type(data["customerNumber"]) for data in every}
    assert [] == [data for data in every if not data["name"]]
    shares = {
        "NOK": sum(data["currencyCode"] == "NOK" for data in every) / 400,
        "NO": sum(data["countryCode"] == "NO" for data in every) / 400,
    }
    assert all(0.85 < share < 1 for share in shares.values()), shares
    fax = [data.get("faxNumber", "absent") for data in every]
    assert {"absent", None} < set(fax)


def test_touched() -> None:
    """A touched customer differs in exactly one field, and sooner or later in each."""
    chance = dice()
    before = newcomers(1)[0]
    changed = [
        [field for field, value in editing.touched(chance, before).items() if value != before.get(field)]
        for _ in range(300)
    ]
    assert {1} == set(map(len, changed))
    assert 10 == len({field for fields in changed for field in fields})


def test_branches() -> None:
    """A name that is edited again and again stays a name: the branch is replaced, not added to."""
    chance = dice()
    data = newcomers(1)[0]
    for _ in range(300):
        data = editing.touched(chance, data)
        assert str(data["name"]).count(" avd. ") <= 1


def test_cleared() -> None:
    """Clearing empties one field at a time, until none is left; number and name always stay."""
    chance = dice()
    data = newcomers(1)[0]
    for _ in range(9):
        filled = {name for name, value in data.items() if value is not None}
        data = editing.cleared(chance, data)
        left = {name for name, value in data.items() if value is not None}
        assert {"customerNumber", "name", "currencyCode", "countryCode"} <= left
        assert len(filled - left) <= 1


def test_moved() -> None:
    """A move changes the address and, with it, the country."""
    chance = dice()
    data = newcomers(1)[0]
    moves = [editing.moved(chance, data) for _ in range(100)]
    assert {"NO", "DK"} < {str(each["countryCode"]) for each in moves}
    assert [] == [each for each in moves if _country(each) != each["countryCode"]]


def _country(data: Row) -> object:
    address = data["address"]
    assert isinstance(address, dict)
    return address["countryCode"]


def test_renumbered() -> None:
    """Renumbering changes the number alone."""
    data = newcomers(1)[0]
    after = editing.renumbered(dice(), data, 123456)
    assert "123456" == str(after["customerNumber"])
    assert data == {**after, "customerNumber": data["customerNumber"]}


def test_unseen() -> None:
    """What DnB is never told changes nothing that it must show."""
    chance = dice()
    data = newcomers(1)[0]
    after = [editing.unseen(chance, data) for _ in range(50)]
    assert any(each != data for each in after)
    assert {wanted(data)} == {wanted(each) for each in after}
