"""Whether a local copy is used again only where the disk has all of it."""

import asyncio
from pathlib import Path

import pytest

from daemon.core.model import Partition
from daemon.edges import open_mark
from daemon.edges.clock import Clock
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.ledgers import Ledgers
from daemon.edges.open_mark import OpenMark
from tests.edges.ledger_entries import customer, delivered

PARTITION = Partition("moment.changes", 3)
ENTITY = customer(1)


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the machine names its boot."""
    path = tmp_path / "boot_id"
    path.write_bytes(b"first\n")
    monkeypatch.setattr(open_mark, "BOOT", path)
    return path


def is_kept(folder: Path) -> bool:
    """Tell whether a process finds in the store what the last one put there; it ends in good order."""

    async def look() -> bool:
        """Open the store and look."""
        async with Ledgers(folder, {}, Clock(), longest_wait=60.0).stored(PARTITION) as store:
            return ENTITY in store.get([ENTITY])

    return asyncio.run(look())


def killed(folder: Path) -> None:
    """Put an entry into the store as a process does that is killed: the mark is there, and nobody takes it away."""
    path = folder / f"{PARTITION.topic}-{PARTITION.number}.sqlite3"
    OpenMark(path).set()
    store = LedgerStore(path)
    store.put([(ENTITY, delivered(1), 0)])
    store.close()


@pytest.mark.usefixtures("boot")
def test_a_killed_process_leaves_all_to_the_system(tmp_path: Path) -> None:
    """As long as the machine is up, what was written is there, and stays after another kill."""
    for _ in range(2):
        killed(tmp_path)
        assert is_kept(tmp_path)


def test_a_machine_that_failed_has_kept_nothing_for_certain(tmp_path: Path, boot: Path) -> None:
    """Some pages may be older than others, and look sound: the copy is begun anew."""
    killed(tmp_path)
    boot.write_bytes(b"second\n")
    assert not is_kept(tmp_path)


def test_what_was_closed_in_good_order_is_on_the_disk(tmp_path: Path, boot: Path) -> None:
    """Another machine, with the same disk, goes on with it."""
    killed(tmp_path)
    assert is_kept(tmp_path)
    boot.write_bytes(b"second\n")
    assert is_kept(tmp_path)


def test_a_machine_that_does_not_name_its_boot_is_not_trusted(tmp_path: Path, boot: Path) -> None:
    """It may have failed or not."""
    boot.unlink()
    killed(tmp_path)
    assert not is_kept(tmp_path)
