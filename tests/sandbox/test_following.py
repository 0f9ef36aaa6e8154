"""Rows find their customers, and their way through the versions."""

import msgspec

from daemon.sandbox.documents import Row
from daemon.sandbox.following import Course, Directory, Subject, Trail, Version, course, subjects, trails
from daemon.sandbox.generating import Planted
from daemon.sandbox.history import Applied, History
from daemon.sandbox.portraying_projects import wanted_project
from tests.sandbox.clerk import broken, change
from tests.sandbox.office import KEY, NOON


def row(name: str, number: int = 100007) -> Row:
    """A row of DnB's customers that agrees with `change(…)` of this name."""
    return {"CustomerNumber": number, "CurrencyCode": {"Code": "NOK"}, "Info": {"Name": name}}


def written(*names: str, late: str = "", number: int = 100007) -> Trail:
    """A row that went through these names; the write of `late` came late."""
    history = History()
    history.applied += [
        Applied(NOON, KEY, "PUT", "customers", 301, not at, deleted=False, late=name == late, row=row(name, number))
        for at, name in enumerate(names)
    ]
    return trails(history)[0]


def way(records: list[Planted], trail: Trail) -> Course:
    """The course of customer 7."""
    return course(subjects(records)["fjellvik", 7], trail)


def test_subjects() -> None:
    """A customer has its transferable versions in their order and its refused ones with their reasons."""
    records = [change(3), change(1), change(3), change(4, reason="invalid_data", name=4711), broken(b"x")]
    subject = subjects(records)["fjellvik", 7]
    assert [1, 3] == [version.number for version in subject.versions]
    assert {4: "invalid_data"} == subject.refusals
    assert (4, "fjellvik/customer/7 version 4") == (subject.newest_refusal, subject.named(4))
    assert [("fjellvik", 7)] == list(subjects(records))


def test_trails() -> None:
    """Writes are gathered by company and row; what is no customer is left out."""
    history = History()
    for company, route, row_id, deleted in (
        (KEY, "customers", 1, False), (KEY.upper(), "customers", 1, True), ("b", "customers", 1, False),
        (KEY, "journalentries", 1, False),
    ):  # fmt: skip
        history.applied.append(Applied(NOON, company, "PUT", route, row_id, created=False, deleted=deleted,
                                       late=False, row=row("A")))  # fmt: skip
    found = trails(history)
    assert [(KEY, 2, False), ("b", 1, True)] == [(each.company, len(each.writes), each.is_live) for each in found]
    assert not found[0].is_created_here


def test_owner_by_number_and_name() -> None:
    """A number and a name that some version of the customer had are enough, whatever else the row shows."""
    members = subjects([change(1), change(1, customer=8)])
    directory = Directory(members.values())
    assert members["fjellvik", 7] == directory.owner(written("Kunde 7 AS"))
    assert members["fjellvik", 8] == directory.owner(written("Kunde 8 AS", number=100008))


def test_owner_by_content() -> None:
    """A row with another's number, or a number nobody has, belongs to the customer that it shows otherwise."""
    members = subjects([change(1), change(1, customer=8)])
    directory = Directory(members.values())
    assert members["fjellvik", 7] == directory.owner(written("Kunde 7 AS", number=100008))
    assert members["fjellvik", 7] == directory.owner(written("Kunde 7 AS", number=100099))


def test_owner_by_what_it_showed_before() -> None:
    """A row that now shows nothing known belongs to the customer it showed before."""
    members = subjects([change(1)])
    assert members["fjellvik", 7] == Directory(members.values()).owner(written("Kunde 7 AS", "Feil AS", number=100099))


def test_owner_by_number() -> None:
    """A row with nothing but a customer's number belongs to it; one without anything to nobody."""
    members = subjects([change(1)])
    directory = Directory(members.values())
    assert members["fjellvik", 7] == directory.owner(written("Feil AS"))
    assert directory.owner(written("Feil AS", number=100099)) is None


RECORDS = [change(1, name="A"), change(2, name="B"), change(3, name="A"), change(4, name="C")]


def test_forward() -> None:
    """Versions in their order, with some left out, lead forward."""
    assert Course((), is_left_behind=False, reached=4) == way(RECORDS, written("A", "B", "A", "C"))
    assert Course((), is_left_behind=False, reached=4) == way(RECORDS, written("B", "C"))


def test_equal_content() -> None:
    """Content of several versions counts as the lowest that leads forward."""
    assert Course((), is_left_behind=False, reached=1) == way(RECORDS, written("A"))
    assert Course((), is_left_behind=False, reached=3) == way(RECORDS, written("A", "B", "A"))
    assert Course(((2, 3),), is_left_behind=False, reached=3) == way(RECORDS, written("B", "A", "B"))


def test_back() -> None:
    """A write that shows only older versions leads back, and is remembered after a later one led forward."""
    assert Course(((2, 4),), is_left_behind=False, reached=4) == way(RECORDS, written("A", "C", "B", "C"))


def test_without_change() -> None:
    """A write that changes nothing proves nothing, also after a late one led back."""
    trail = written("C", "B", "B", late="B")
    assert Course((), is_left_behind=True, reached=4) == way(RECORDS, trail)


def test_late() -> None:
    """A late write leaves the row behind until another leads to where it was."""
    assert Course((), is_left_behind=True, reached=4) == way(RECORDS, written("A", "C", "B", late="B"))
    assert Course((), is_left_behind=False, reached=4) == way(RECORDS, written("A", "C", "B", "C", late="B"))
    assert Course((), is_left_behind=False, reached=2) == way(RECORDS, written("A", "B", late="B"))


def test_late_mixture() -> None:
    """A late write in part leaves a mixture behind that is no version at all."""
    assert Course((), is_left_behind=True, reached=4) == way(RECORDS, written("C", "A+C", late="A+C"))


OFFERED, GOING_ON, DONE = 42202, 42203, 42204


def moved(*statuses: int, late: int = 0) -> Course:
    """The course of a project whose versions 1 to 3 are offered, going on and done, and whose row went through these.

    The change to the status `late` came late.
    """
    portrait = wanted_project({"projectNumber": "4005", "name": "Tilbygg", "customer": {"id": 7}})
    versions = tuple(
        Version(number, portrait, "", {}, status) for number, status in enumerate((OFFERED, GOING_ON, DONE), start=1)
    )
    writes = tuple(
        Applied(NOON, KEY, "POST", "projects", 71, not at, deleted=False, late=status == late,
                row={"StatusCode": status}) for at, status in enumerate(statuses)
    )  # fmt: skip
    trail = Trail(KEY, 71, writes, tuple(msgspec.structs.replace(portrait, customers=("7",)) for _ in writes))
    return course(Subject("fjellvik", 4005, versions, {}, "project"), trail)


def test_status_forward() -> None:
    """A project's status leads forward with the versions, also on the way to one of them."""
    assert Course((), is_left_behind=False, reached=2) == moved(42201, OFFERED, GOING_ON)
    assert Course((), is_left_behind=False, reached=3) == moved(42201, GOING_ON, DONE)


def test_status_back() -> None:
    """A change of status that only an older version asks for leads back; a late one leaves the row behind."""
    assert Course(((2, 3),), is_left_behind=False, reached=3) == moved(42201, GOING_ON, DONE, GOING_ON)
    assert Course((), is_left_behind=True, reached=3) == moved(42201, OFFERED, DONE, GOING_ON, late=GOING_ON)


def test_status_put_right() -> None:
    """A late change of status is put right by the next that leads to the newest version."""
    assert Course((), is_left_behind=False, reached=3) == moved(42201, OFFERED, DONE, GOING_ON, DONE, late=GOING_ON)
