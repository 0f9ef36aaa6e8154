"""Moment's changes repeat for a seed, keep the contract where they should, and bring every trouble."""

import functools
from collections import Counter

import pytest

from daemon.core.model import Change, Entity, Ignored, Undecodable
from daemon.core.procedure import Refused
from daemon.moment.customer import decode_customer
from daemon.moment.envelope import decode
from daemon.moment.numbers import customer_number, is_organisation_number
from daemon.sandbox import spoiling
from daemon.sandbox.documents import Row, decoded
from daemon.sandbox.following import subjects
from daemon.sandbox.generating import ENVIRONMENT, FIRST_NUMBER, LAST_NUMBER, Planted, planted
from daemon.sandbox.portraying import Portrait
from tests.sandbox.office import NOON
from tests.sandbox.test_spoiling import keeps_contract

TENANTS = ("fjellvik", "havgard", "nordlia")
SEEDS = range(1, 11)
TROUBLES = {
    "", "unchanged", "renumbered", "there_and_back", "edited_in_a_burst", "duplicate", "reordered",
    "bad_number", "wrong_data", "repaired", "broken", "ignored",
}  # fmt: skip


@functools.cache
def records(seed: int, events: int = 2000) -> tuple[Planted, ...]:
    """The records of a seed, made once."""
    return planted(seed=seed, events=events, tenants=TENANTS, started_at=NOON)


def parsed(record: Planted) -> Row:
    """The value of a record that is an object."""
    value = decoded(record.value or b"")
    assert isinstance(value, dict)
    return value


def test_deterministic() -> None:
    """The same seed gives the same records, another one others."""
    again = planted(seed=1, events=2000, tenants=TENANTS, started_at=NOON)
    assert records(1) == again
    assert records(1) != records(2)


@pytest.mark.parametrize("events", [0, 1, 2, 10, 37, 500, 2000])
def test_exact_count(events: int) -> None:
    """There are exactly as many records as asked for, and fewer are the beginning of more."""
    assert events == len(records(3, events))
    assert records(3)[:events] == records(3, events)


def test_single_tenant() -> None:
    """One tenant is enough, and needs no second one for any trouble."""
    assert TROUBLES == {each.trouble for each in planted(seed=1, events=2000, tenants=["a"], started_at=NOON)}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_trouble(seed: int) -> None:
    """Every trouble comes several times for every seed, and so does every reason and every way to break a record."""
    troubles = Counter(each.trouble for each in records(seed))
    assert TROUBLES == set(troubles)
    assert min(troubles.values()) >= 5, troubles
    reasons = Counter(each.reason for each in records(seed) if each.fate == "refuse")
    assert {spoiling.OUT_OF_RANGE, spoiling.NOT_NUMERIC, spoiling.INVALID_DATA} == set(reasons)
    assert min(reasons.values()) >= 3, reasons
    assert troubles["broken"] >= 2 * len(spoiling.BROKEN)
    assert troubles["ignored"] >= 2 * len(spoiling.IGNORED)
    assert troubles["bad_number"] >= 2 * len(spoiling.BAD_NUMBERS)


@pytest.mark.parametrize("seed", SEEDS)
def test_contract(seed: int) -> None:
    """Records keep the published contract, but for the broken ones and those refused as invalid."""
    for record in records(seed):
        if record.value is None:
            assert "ignore" == record.fate
            continue
        is_good = record.fate != "dead_letter" and record.reason != spoiling.INVALID_DATA
        assert is_good == keeps_contract(record.value), record.trouble


@pytest.mark.parametrize("seed", SEEDS)
def test_decoded_as_planted(seed: int) -> None:
    """The daemon's own decoders find in each record what its fate says, and the planted reason of a refusal."""
    for record in records(seed):
        message = decode(record.value, environment=ENVIRONMENT)
        match record.fate:
            case "dead_letter":
                assert isinstance(message, Undecodable)
            case "ignore":
                assert isinstance(message, Ignored) or _is_for_nobody(message)
            case "transfer" | "refuse" | "amend":
                assert isinstance(message, Change)
                assert (Entity(record.tenant, "customer", record.id or 0), record.version) == (
                    message.entity,
                    message.version,
                )
                assert record.reason == _refusal(message)


def _is_for_nobody(message: Change | Undecodable) -> bool:
    """Whether a change is of a kind or a tenant that only the daemon's configuration tells to ignore."""
    return isinstance(message, Change) and (message.entity.kind != "customer" or message.entity.tenant not in TENANTS)


def _refusal(change: Change) -> str:
    """The reason for which the customer must be refused, empty for none."""
    customer = decode_customer(change.data)
    number = customer if isinstance(customer, Refused) else customer_number(customer.number, FIRST_NUMBER, LAST_NUMBER)
    return number.reason if isinstance(number, Refused) else ""


@pytest.mark.parametrize("seed", SEEDS)
def test_organization_numbers(seed: int) -> None:
    """Norwegian organisation numbers end in their check digit, however they are written."""
    versions = [version for subject in subjects(records(seed)).values() for version in subject.versions]
    portraits = [version.portrait for version in versions]
    numbers = {each.organization_number for each in portraits if isinstance(each, Portrait)}
    norwegian = [number for number in numbers if number and not number.startswith("~")]
    assert len(norwegian) > 400
    assert [] == [number for number in norwegian if not is_organisation_number(number)]


@pytest.mark.parametrize("seed", SEEDS)
def test_shares(seed: int) -> None:
    """Most records can be delivered: troubles are there to be seen and do not drown the everyday."""
    every = Counter(each.fate for each in records(seed))
    troubles = Counter(each.trouble for each in records(seed))
    assert every["refuse"] <= 0.05 * 2000
    assert every["ignore"] <= 0.05 * 2000
    assert every["dead_letter"] <= 0.035 * 2000
    assert troubles["duplicate"] + troubles["reordered"] <= 0.08 * 2000
    assert troubles["unchanged"] <= 0.03 * 2000
    assert troubles["edited_in_a_burst"] <= 0.1 * 2000


@pytest.mark.parametrize("seed", SEEDS)
def test_every_way_to_break(seed: int) -> None:
    """Every way to break, to refuse and to ignore a record is dealt several times."""
    broken = [each.value for each in records(seed) if each.fate == "dead_letter"]
    assert broken.count(b"42") >= 2
    assert broken.count(b"") >= 2
    assert sum((value or b"").startswith(b"[[[") for value in broken) >= 2
    assert sum(b'"id":-1,' in (value or b"") for value in broken) >= 2
    assert sum(b'"id":1180591620717411303424,' in (value or b"") for value in broken) >= 2
    assert sum(b'"version":NaN,' in (value or b"") for value in broken) >= 2
    ignored = [each for each in records(seed) if each.fate == "ignore"]
    assert sum(each.value is None for each in ignored) >= 2
    assert sum(each.tenant == spoiling.STRANGER for each in ignored) >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_fate_and_reason(seed: int) -> None:
    """A record that is parked or dead-lettered has a reason, and no other has one; the key is the tenant."""
    for record in records(seed):
        assert (record.fate in {"refuse", "dead_letter"}) == bool(record.reason)
        assert record.key == record.tenant.encode()
        assert (record.fate == "dead_letter") == (record.trouble == "broken")
        assert (record.fate == "ignore") == (record.trouble == "ignored")


@pytest.mark.parametrize("seed", SEEDS)
def test_envelope(seed: int) -> None:
    """What is said about a record is what its value says."""
    for record in records(seed):
        if record.fate not in {"transfer", "refuse"}:
            continue
        value = parsed(record)
        assert ("production", "customer") == (value["environment"], value["kind"])
        assert (record.tenant, record.id, record.version) == (value["tenant"], value["id"], value["version"])


@pytest.mark.parametrize("seed", SEEDS)
def test_versions(seed: int) -> None:
    """Versions of a customer grow, but for duplicates and reordered ones, and are never given twice."""
    newest: dict[tuple[str, int | None], int] = {}
    seen: set[tuple[str, int | None, int]] = set()
    for record in records(seed):
        if record.fate not in {"transfer", "refuse"} or record.trouble == "duplicate":
            continue
        version = record.version or 0
        key = (record.tenant, record.id)
        assert (record.trouble == "reordered") == (version < newest.get(key, 0))
        assert (*key, version) not in seen
        newest[key] = max(version, newest.get(key, 0))
        seen.add((*key, version))


@pytest.mark.parametrize("seed", SEEDS)
def test_duplicates(seed: int) -> None:
    """A duplicate equals an earlier record to the byte, with the same fate."""
    earlier: set[tuple[bytes, bytes | None, str, str]] = set()
    for record in records(seed):
        same = (record.key, record.value, record.fate, record.reason)
        assert record.trouble != "duplicate" or same in earlier
        earlier.add(same)


@pytest.mark.parametrize("seed", SEEDS)
def test_customer_numbers(seed: int) -> None:
    """Good numbers lie in DnB's series, and no two customers of a tenant ever have the same one."""
    owners: dict[tuple[str, str], int] = {}
    for subject in subjects(records(seed)).values():
        for version in subject.versions:
            number = version.portrait.number
            assert FIRST_NUMBER <= int(number) <= LAST_NUMBER
            assert subject.id == owners.setdefault((subject.tenant, number), subject.id)


@pytest.mark.parametrize("seed", SEEDS)
def test_unchanged(seed: int) -> None:
    """A change that DnB cannot see shows what the version before it showed."""
    customers = subjects(records(seed))
    for record in records(seed):
        if record.trouble != "unchanged" or record.id is None:
            continue
        versions = customers[record.tenant, record.id].versions
        position = next(at for at, version in enumerate(versions) if version.number == record.version)
        assert versions[position - 1].portrait == versions[position].portrait


@pytest.mark.parametrize("seed", SEEDS)
def test_bursts(seed: int) -> None:
    """A burst is five to twenty edits of one customer, one directly after another."""
    runs: list[int] = []
    before: tuple[str, int | None] | None = None
    for record in records(seed)[:-20]:
        current = (record.tenant, record.id) if record.trouble == "edited_in_a_burst" else None
        if current is not None and current == before:
            runs[-1] += 1
        elif current is not None:
            runs.append(1)
        before = current
    assert runs
    assert 5 <= min(runs[:-1])
    assert max(runs) <= 40  # two bursts of one customer may meet


@pytest.mark.parametrize("seed", SEEDS)
def test_repairs(seed: int) -> None:
    """About half of the refused customers are repaired, and the others stay refused."""
    customers = [each for each in subjects(records(seed)).values() if each.refusals]
    open_ones = [each for each in customers if each.newest is None or each.newest.number < each.newest_refusal]
    assert 0.3 < len(open_ones) / len(customers) < 0.7


def test_occurred_at() -> None:
    """Changes occur one after another from the start on, a millisecond apart."""
    good = [parsed(record) for record in records(1) if record.fate == "transfer" and record.trouble == ""]
    instants = [str(value["occurredAt"]) for value in good]
    assert "2026-02-03T12:00:00.001Z" == instants[0]
    assert sorted(instants) == instants
    assert instants[-1] < "2026-02-03T12:00:02.100Z"


def test_size() -> None:
    """Two thousand records fit the embedded broker, which keeps about 5 MB of each of four partitions."""
    assert sum(len(each.value or b"") for each in records(1)) < 3_000_000
