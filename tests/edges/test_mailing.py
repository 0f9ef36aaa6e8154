"""Telling tenants by mail, out of a real local ledger, through a real SMTP server."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import msgspec
import pytest

from daemon.core.model import Partition
from daemon.edges.clock import Clock
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.mail_state import decode_mail_record, mailed_tenant
from daemon.edges.mailing import Mailing
from tests.edges.ledger_entries import PARTITION, customer, delivered, parked, refused
from tests.edges.test_mailer import settings
from tests.mail_server import MailServer, mail_server
from tests.waiting import until

NOTIFY = {"fjellvik": ("regnskap@fjellvik.example",)}


class Ledger:
    """One partition's local ledger, and what is written to its topic, which comes back as it does from Kafka."""

    def __init__(self, path: Path) -> None:
        """Begin with nothing in it."""
        self.store = LedgerStore(path / "ledger.sqlite3")
        self.stores = {PARTITION: self.store}
        self.written: list[str] = []

    async def write(self, partition: Partition, key: str, value: bytes) -> int | None:
        """Take a record, and show it to the store as following the topic does."""
        tenant, record = mailed_tenant(key), decode_mail_record(value)
        assert (PARTITION, True, True) == (partition, tenant is not None, record is not None)
        marks = self.store.marks
        self.store.remember(msgspec.structs.replace(marks, mailed={**marks.mailed, tenant: record}))
        self.written.append(key)
        return len(self.written)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path)


@contextlib.asynccontextmanager
async def mailing(server: MailServer, ledger: Ledger, **others: str) -> AsyncGenerator[list[str]]:
    """Run the mailing for the length of the block; gives the results it counts."""
    postman = Mailing(settings(server, **others), ledger.stores, ledger.write, Clock())
    results: list[str] = []
    postman.count = results.append
    postman.use_addresses(NOTIFY)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(postman.run)
        yield results
        tasks.cancel_scope.cancel()


async def test_a_failure_is_mailed_once_and_its_repair_as_well(ledger: Ledger) -> None:
    """A restart in between repeats nothing, because the ledger remembers."""
    ledger.store.put([(customer(1), refused(1), 1), (customer(2), parked(1), 2)])
    async with mail_server() as server:
        async with mailing(server, ledger):
            await until(lambda: ledger.written == ["_mail/fjellvik"])
        async with mailing(server, ledger):
            ledger.store.put([(customer(1), delivered(2), 3)])
            await until(lambda: len(ledger.written) == 2)
    assert [["regnskap@fjellvik.example"]] * 2 == server.recipients
    assert "a repair" in server.texts()[0]
    assert "Repaired: customer (Moment's id 1)\n" == server.texts()[1]


async def test_a_mail_that_was_refused_is_tried_again(ledger: Ledger) -> None:
    """A full disk of the mail server loses nothing, and each refusal is counted."""
    ledger.store.put([(customer(1), refused(1), 1)])
    async with mail_server() as server, mailing(server, ledger) as results:
        server.refusal = "452 no room"
        await until(lambda: "status_452" in results)
        server.refusal = ""
        await until(lambda: "sent" in results)
    assert ({"status_452"}, "sent", 1) == (set(results[:-1]), results[-1], len(server.taken))


async def test_a_tenant_without_an_address_is_not_told(ledger: Ledger) -> None:
    """It may have a console; others are told all the same."""
    ledger.store.put([(customer(1, "havgard"), refused(1), 1), (customer(1), refused(1), 2)])
    async with mail_server() as server, mailing(server, ledger):
        await until(lambda: len(ledger.written) == 1)
    assert (["_mail/fjellvik"], 1) == (ledger.written, len(server.taken))


async def test_more_failures_of_a_reason_come_in_a_digest(ledger: Ledger) -> None:
    """The second failure of a known reason waits until a digest is due."""
    ledger.store.put([(customer(1), refused(1), 1)])
    async with mail_server() as server, mailing(server, ledger, mail_digest="4"):
        await until(lambda: len(server.taken) == 1)
        ledger.store.put([(customer(2), refused(1), 2)])
        await until(lambda: len(server.taken) == 2)
    assert ("id 1)" in server.texts()[0], "id 1)" in server.texts()[1], "id 2)" in server.texts()[1]) == (
        True,
        False,
        True,
    )


async def test_a_partition_that_goes_is_looked_at_no_more(ledger: Ledger) -> None:
    """Its mails are the next owner's; what was learnt of it is forgotten with it."""
    ledger.store.put([(customer(1), refused(1), 1)])
    async with mail_server() as server:
        server.refusal = "452 no room"
        async with mailing(server, ledger) as results:
            await until(lambda: results == ["status_452"])
            ledger.stores.clear()
            server.refusal = ""
            await anyio.sleep(5.0)
    assert [] == server.taken


async def test_without_a_mail_server_nobody_is_told(ledger: Ledger) -> None:
    """The mailing ends at once; the daemon goes on."""
    async with mail_server() as server:
        with anyio.fail_after(5.0):
            await Mailing(settings(server, smtp_host=""), ledger.stores, ledger.write, Clock()).run()


async def test_a_partition_that_goes_in_the_middle_ends_the_look(ledger: Ledger) -> None:
    """While one tenant's mail is on its way the partition is taken away: the next tenant is its next owner's."""
    ledger.store.put([(customer(1), refused(1), 1), (customer(1, "havgard"), refused(1), 2)])

    async def write(partition: Partition, key: str, value: bytes) -> int | None:
        """Take the partition away instead of writing."""
        del partition, value
        ledger.stores.clear()
        ledger.store.close()
        ledger.written.append(key)
        return None

    async with mail_server() as server:
        postman = Mailing(settings(server), ledger.stores, write, Clock())
        postman.use_addresses({**NOTIFY, "havgard": ("post@havgard.example",)})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(postman.run)
            await until(lambda: ledger.written == ["_mail/fjellvik"])
            await anyio.sleep(3.0)
            tasks.cancel_scope.cancel()
    assert 1 == len(server.taken)


async def test_a_partition_that_is_not_restored_is_not_looked_at(ledger: Ledger) -> None:
    """What was told may stand behind the failures in the ledger: both must have been read."""
    ledger.store.put([(customer(1), refused(1), 1)])
    restored = dict[Partition, LedgerStore]()
    async with mail_server() as server:
        postman = Mailing(settings(server), restored, ledger.write, Clock())
        postman.use_addresses(NOTIFY)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(postman.run)
            await anyio.sleep(5.0)
            assert [] == server.taken
            restored.update(ledger.stores)
            await until(lambda: len(server.taken) == 1)
            tasks.cancel_scope.cancel()
