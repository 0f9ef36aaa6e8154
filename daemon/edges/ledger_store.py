"""The local copy of one ledger partition: a SQLite file that answers look-ups and keeps what waits off the heap."""

import contextlib
import functools
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from daemon.core.actions import Load
from daemon.core.ledger import Entry, decode, encode, outranks, replaces
from daemon.core.model import Entity, Generation, entity_of
from daemon.edges.ledger_file import discard, opened
from daemon.edges.ledger_keys import HoldRecord, LedgerRecord
from daemon.edges.mail_state import MailRecord
from daemon.edges.moved_entries import is_moved
from daemon.edges.named_tenants import Named
from daemon.errors import SourceError
from daemon.settings import variable

P = ParamSpec("P")
R = TypeVar("R")

PUT = """
INSERT INTO entries (key, tenant, value, position, due, waiting_since, reason, blocked_by, is_failing, taken)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, position = excluded.position, due = excluded.due,
    waiting_since = excluded.waiting_since, reason = excluded.reason, blocked_by = excluded.blocked_by,
    is_failing = excluded.is_failing, taken = 0
"""

PUT_WANTING_NOTHING = """
INSERT INTO entries (key, tenant, value, position) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, position = excluded.position, due = NULL, waiting_since = NULL,
    reason = NULL, blocked_by = NULL, is_failing = 0, taken = 0
"""
"""The same for entries that want nothing, as most do: half the values, in half the time."""

PORTION = "SELECT key, value FROM entries WHERE key > ? ORDER BY key LIMIT ?"

NEXT_TENANT = "SELECT tenant FROM entries WHERE key > ? ORDER BY key LIMIT 1"

BEHIND_A_TENANT = "0"
"""The character behind the slash: a tenant's name with it stands behind all keys of that tenant."""

BEHIND_LIVE_SECONDS = 1e10
"""Added to the instant since when a replay waits: so it comes behind all live changes, in its own order."""

SCHEDULED = """
SELECT (SELECT COUNT(*) FROM entries WHERE due IS NOT NULL AND taken = 0)
    + (SELECT COUNT(*) FROM entries WHERE due IS NOT NULL AND taken = 1)
"""

PAGE_CACHE_BYTES = 2 * 1024 * 1024
"""What SQLite keeps of a file in memory, as it does by itself: look-ups are few, and the system has a cache too."""

AWAITED_AT_MOST = 1_000
"""So many dependencies are looked up at an assignment: what waits for more is released by time, or by a delivery."""

LOOKED_UP_AT_ONCE = 500
"""So many keys go into one query: SQLite allows 999 variables in its oldest builds."""


NEVER = Generation(0, 0)
"""Below every generation."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """How far a ledger partition has been read, and what it said about itself: offsets of the ledger topic, or -1.

    `record` is the greatest `_ledger` record, found at `record_offset`; `last_offset` is that of the last record read.
    `highest` is the greatest generation in anything that an owner has written: of a late owner's `_ledger` record
    behind the last one's compaction may have left that alone.
    `holds` is the newest word on each tenant, and on `*`, that was ever held; `mailed` what tenants were told by mail.
    """

    position: int = 0
    record: LedgerRecord | None = None
    record_offset: int = -1
    highest: Generation = NEVER
    handover_offset: int = -1
    last_offset: int = -1
    holds: Mapping[str, HoldRecord] = {}
    mailed: Mapping[str, MailRecord] = {}

    @property
    def is_handed_over(self) -> bool:
        """Tell whether the last record of an owner is a handover; a person's hold behind it takes nothing from it."""
        return self.handover_offset >= 0 and self.handover_offset == self.last_offset

    def held(self) -> dict[str, float]:
        """Return until when each tenant, and `*`, is held."""
        ends = {scope: hold.ends_at() for scope, hold in self.holds.items()}
        return {scope: until for scope, until in ends.items() if until is not None}


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a restored ledger partition holds for later."""

    parked: int
    waiting_tenants: frozenset[str]
    blocked_tenants: frozenset[str]
    known_tenants: frozenset[str]
    next_due: float | None


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An entry and the offset of the ledger record that it came from."""

    entry: Entry
    offset: int


def on_disk(method: "Callable[Concatenate[LedgerStore, P], R]") -> "Callable[Concatenate[LedgerStore, P], R]":
    """Translate what SQLite raises in a method of the store into `SourceError`: a full disk, a damaged file."""

    @functools.wraps(method)
    def told(store: "LedgerStore", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with disk_errors(store.path):
            return method(store, *args, **kwargs)

    return told


@contextlib.contextmanager
def disk_errors(path: Path) -> Generator[None]:
    """Translate what SQLite raises inside the block about that file."""
    try:
        yield
    except sqlite3.Error as error:
        text = (
            f"{variable('data_dir')}={str(path.parent)!r}: {path.name} cannot be used any longer ({error}); "
            "see to the disk and start again. Nothing is lost: it is a copy of the ledger topic"
        )
        raise SourceError(text) from error


class LedgerStore:
    """One ledger partition on local disk: every entity's entry, and which ones want work.

    It is a cache of the ledger topic: losing it costs a re-read, never a change. All methods are fast enough to run
    on the event loop; nothing is synced to disk, because the topic is the durable copy, and `open_mark` tells what a
    failed machine has left from what is whole. They raise `SourceError` where the disk fails: going on without what
    it should hold would let an old version pass.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or begin a new one where there is none, or it is damaged or cannot be read."""
        self.path = path
        self._cache_bytes = PAGE_CACHE_BYTES
        self._foreign: set[Entity] = set()
        self._unread: dict[int, Entity] = {}
        self._read_to = 0
        try:
            self._connection = self._open()
        except (sqlite3.DatabaseError, msgspec.DecodeError, RecursionError):
            discard(path)
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = opened(self.path)
        try:
            connection.execute("UPDATE entries SET taken = 0 WHERE taken = 1")
            _marks(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @on_disk
    def cache(self, size: int = PAGE_CACHE_BYTES) -> None:
        """Keep at most so many bytes of the file in memory, and give back what is beyond that."""
        is_less = size < self._cache_bytes
        self._cache_bytes = size
        self._connection.execute(f"PRAGMA cache_size = -{size // 1024}")
        if is_less:
            self._connection.execute("PRAGMA shrink_memory")

    def close(self) -> None:
        """Close the file; it stays for the next assignment of the partition."""
        self._connection.close()

    # -- marks -------------------------------------------------------------------------------------------------

    @property
    @on_disk
    def marks(self) -> Marks:
        """Return how far the ledger topic has been read, and what it said about itself."""
        return _marks(self._connection)

    @on_disk
    def remember(self, marks: Marks) -> None:
        """Keep the marks with the entries."""
        text = msgspec.json.encode(marks).decode()
        self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('marks', ?)", (text,))

    @on_disk
    def reset(self) -> None:
        """Forget everything: the file is of another life of the topic."""
        self._connection.execute("DELETE FROM entries")
        self._connection.execute("DELETE FROM tenants")
        self._connection.execute("DELETE FROM meta")

    # -- tenants -----------------------------------------------------------------------------------------------

    @on_disk
    def name(self, tenants: Named) -> None:
        """Remember that the tenants file has named these tenants, each with these kinds and no others."""
        rows = ((tenant, " ".join(sorted(kinds))) for tenant, kinds in tenants.items())
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO tenants (name, kinds) VALUES (?, ?)", rows)

    @property
    @on_disk
    def named(self) -> dict[str, frozenset[str]]:
        """Return the tenants that the tenants file has ever named, as far as the ledger remembers it."""
        rows = self._connection.execute("SELECT name, kinds FROM tenants")
        return {name: frozenset(kinds.split()) for name, kinds in rows}

    # -- entries -----------------------------------------------------------------------------------------------

    @on_disk
    def get(self, entities: Sequence[Entity]) -> dict[Entity, Stored]:
        """Return the entries of those entities that have one."""
        found: dict[Entity, Stored] = {}
        by_key = {entity.key: entity for entity in entities}
        keys = list(by_key)
        for start in range(0, len(keys), LOOKED_UP_AT_ONCE):
            some = keys[start : start + LOOKED_UP_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, value, position FROM entries WHERE key IN ({marks})"  # noqa: S608 - only marks
            for key, value, position in self._connection.execute(query, some):
                entry = decode(value)
                if isinstance(entry, Entry):
                    found[by_key[key]] = Stored(entry, position)
        return found

    @on_disk
    def put(self, entries: Iterable[tuple[Entity, Entry, int]]) -> None:
        """Store entries with the offsets of their ledger records, in one transaction; of an entity's the last."""
        last = {entity: (entity, entry, offset) for entity, entry, offset in entries}.values()
        with self._transaction():
            self._connection.executemany(PUT_WANTING_NOTHING, (_head(*one) for one in last if _wants_nothing(one[1])))
            self._connection.executemany(PUT, (_row(*one) for one in last if not _wants_nothing(one[1])))

    @on_disk
    def keep(self, written: Sequence[tuple[Entity, Entry, int]]) -> None:
        """Store entries that we have written, except those that have been read in the topic meanwhile.

        They are there already, or something greater is: an entry of another process that lies before ours and will not
        be read again, so that nothing but the store remembers it. Whatever wants work may be taken from now on: the
        writer is through with it.
        """
        self.put_back(
            [entity for entity, entry, offset in written if offset < self._read_to and not _wants_nothing(entry)]
        )
        unread = [one for one in written if one[2] >= self._read_to]
        present = self.get([entity for entity, _, _ in unread if entity in self._foreign])
        kept = [one for one in unread if one[0] not in present or not outranks(present[one[0]].entry, one[1])]
        self.put(kept)
        self._unread.update((offset, entity) for entity, _, offset in kept)

    def note_foreign(self, entities: Iterable[Entity]) -> None:
        """Remember of whom another process has written while the partition is ours."""
        self._foreign.update(entities)

    def read_back(self, offset: int) -> Entity | None:
        """Return whose entry it is that we wrote at that offset and certainly hold, None for any other record."""
        entity = self._unread.pop(offset, None)
        return None if entity in self._foreign else entity

    def read_to(self, position: int) -> None:
        """Note that all records before that offset have been read in the topic and taken in."""
        self._read_to = max(self._read_to, position)
        for offset in [offset for offset in self._unread if offset < position]:
            del self._unread[offset]

    @on_disk
    def merge(self, entries: Iterable[tuple[Entity, Entry, int]]) -> dict[Entity, int]:
        """Store the entries that are greater than what is there: the join that restores a ledger in any order.

        Returns the offset of what the store holds now, by entity.
        """
        offered: dict[Entity, Stored] = {}
        for entity, entry, offset in entries:
            best = offered.get(entity)
            if best is None or _is_greater(Stored(entry, offset), best):
                offered[entity] = Stored(entry, offset)
        present = self.get(list(offered))
        greater = [
            (entity, new)
            for entity, new in offered.items()
            if entity not in present or _is_greater(new, present[entity])
        ]
        self.put((entity, new.entry, new.offset) for entity, new in greater)
        return {entity: one.offset for entity, one in (present | dict(greater)).items()}

    @on_disk
    def load(self, load: Load, now: float) -> list[tuple[Entity, Entry]]:
        """Take the wanted entries: none of them is returned again before it was put, or put back."""
        rows = self._connection.execute(*_query(load, now)).fetchall()
        self._connection.executemany("UPDATE entries SET taken = 1 WHERE key = ?", ((key,) for key, _ in rows))
        return _entries(rows)

    @on_disk
    def put_back(self, entities: Sequence[Entity], tenant: str | None = None) -> None:
        """Forget that these entries, and all of a tenant if one is named, were taken."""
        keys = ((entity.key,) for entity in entities)
        self._connection.executemany("UPDATE entries SET taken = 0 WHERE key = ? AND taken = 1", keys)
        if tenant is not None:
            self._connection.execute("UPDATE entries SET taken = 0 WHERE tenant = ? AND taken = 1", (tenant,))

    @on_disk
    def next_due(self, except_tenants: frozenset[str] = frozenset()) -> float | None:
        """Return the earliest instant at which an entry wants work that was not taken."""
        marks = ",".join("?" * len(except_tenants))
        query = f"SELECT MIN(due) FROM entries WHERE due IS NOT NULL AND taken = 0 AND tenant NOT IN ({marks})"  # noqa: S608 - only marks
        row = self._connection.execute(query, tuple(except_tenants)).fetchone()
        return row[0] if row else None

    @on_disk
    def summary(self) -> Summary:
        """Return what the partition holds for later."""
        waiting = self._connection.execute("SELECT DISTINCT tenant FROM entries WHERE waiting_since IS NOT NULL")
        blocked = self._connection.execute("SELECT DISTINCT tenant FROM entries WHERE blocked_by IS NOT NULL")
        return Summary(
            parked=self._connection.execute("SELECT COUNT(*) FROM entries WHERE reason IS NOT NULL").fetchone()[0],
            waiting_tenants=frozenset(row[0] for row in waiting),
            blocked_tenants=frozenset(row[0] for row in blocked),
            known_tenants=frozenset(self.named).union(self._tenants()),
            next_due=self.next_due(),
        )

    @on_disk
    def awaited(self) -> list[Entity]:
        """Return the entities that parked changes wait for, in order of their keys, at most `AWAITED_AT_MOST`."""
        query = "SELECT DISTINCT blocked_by FROM entries WHERE blocked_by IS NOT NULL ORDER BY blocked_by LIMIT ?"
        entities = (entity_of(key) for (key,) in self._connection.execute(query, (AWAITED_AT_MOST,)))
        return [entity for entity in entities if entity is not None]

    def _tenants(self) -> Iterator[str]:
        """Yield every tenant, found by leaping from one's last key to the next one's first."""
        after = ""
        while row := self._connection.execute(NEXT_TENANT, (after,)).fetchone():
            yield row[0]
            after = row[0] + BEHIND_A_TENANT

    @on_disk
    def scheduled(self) -> int:
        """Return how many entries want work at an instant of their own: retries and checks."""
        count: int = self._connection.execute(SCHEDULED).fetchone()[0]
        return count

    def portions(self, size: int) -> Iterator[list[tuple[Entity, Entry]]]:
        """Yield all entries in order of their keys, so many at once; the store may be changed in between."""
        after = ""
        while rows := self._connection.execute(PORTION, (after, size)).fetchall():
            after = rows[-1][0]
            yield _entries(rows)

    @on_disk
    def parked(self) -> list[tuple[Entity, Entry]]:
        """Return every entry that holds a parked change."""
        rows = self._connection.execute("SELECT key, value FROM entries WHERE reason IS NOT NULL").fetchall()
        return _entries(rows)

    @on_disk
    def failing_tenants(self) -> dict[str, tuple[int, int]]:
        """Return who has changes that a person must repair: how many, and the offset of the newest such record."""
        query = "SELECT tenant, COUNT(*), MAX(position) FROM entries WHERE is_failing = 1 GROUP BY tenant"
        return {tenant: (count, newest) for tenant, count, newest in self._connection.execute(query)}

    @on_disk
    def failing(self, tenant: str) -> list[tuple[Entity, str]]:
        """Return the entities of a tenant whose parked change a person must repair, by key, each with its reason.

        Not their entries: a tenant may have a hundred thousand of them.
        """
        query = "SELECT key, reason FROM entries WHERE tenant = ? AND is_failing = 1 ORDER BY key"
        rows = ((entity_of(key), reason) for key, reason in self._connection.execute(query, (tenant,)))
        return [(entity, reason) for entity, reason in rows if entity]

    @on_disk
    def parked_by_reason(self) -> dict[str, int]:
        """Return how many changes are parked for each reason."""
        rows = self._connection.execute("SELECT reason, COUNT(*) FROM entries WHERE reason IS NOT NULL GROUP BY reason")
        return dict(rows.fetchall())

    @contextlib.contextmanager
    def together(self) -> Generator[None]:
        """Store all that is stored inside the block in one transaction: each writes most pages of a large index."""
        with disk_errors(self.path), self._transaction():
            yield

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have ended it already
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _is_greater(one: Stored, other: Stored) -> bool:
    return replaces(one.entry, one.offset, other.entry, other.offset)


def _marks(connection: sqlite3.Connection) -> Marks:
    row = connection.execute("SELECT value FROM meta WHERE name = 'marks'").fetchone()
    return msgspec.json.decode(row[0], type=Marks) if row else Marks()


def _entries(rows: list[tuple[str, bytes]]) -> list[tuple[Entity, Entry]]:
    """Return what the rows hold; the store has no others than were put in, whatever their types say."""
    revived = ((entity_of(key), decode(value)) for key, value in rows)
    return [(entity, entry) for entity, entry in revived if entity and isinstance(entry, Entry)]


def _wants_nothing(entry: Entry) -> bool:
    return entry.parked is None and entry.dirty_data is None


def _head(entity: Entity, entry: Entry, offset: int) -> tuple[str, str, bytes, int]:
    return entity.key, entity.tenant, encode(entry), offset


def _row(
    entity: Entity, entry: Entry, offset: int
) -> tuple[str, str, bytes, int, float | None, float | None, str | None, str | None, bool]:
    parked = None if is_moved(entry) else entry.parked
    waits_from = parked.since + parked.is_background * BEHIND_LIVE_SECONDS if parked and parked.is_waiting else None
    return (
        *_head(entity, entry, offset),
        entry.due,
        waits_from,
        parked.reason if parked else None,
        (parked.blocked_by or None) if parked else None,
        parked is not None and parked.refusal is not None,
    )


def _query(load: Load, now: float) -> tuple[str, tuple[str | float, ...]]:
    """Return the query of a load and its values."""
    head = "SELECT key, value FROM entries WHERE taken = 0 AND "
    if load.which == "due":
        marks = ",".join("?" * len(load.except_tenants))
        condition = f"due IS NOT NULL AND due <= ? AND tenant NOT IN ({marks}) ORDER BY due LIMIT ?"
        return head + condition, (now, *load.except_tenants, load.limit)
    tenant = load.tenant or ""
    if load.which == "waiting":
        condition = "tenant = ? AND waiting_since IS NOT NULL ORDER BY waiting_since LIMIT ?"
        return head + condition, (tenant, load.limit)
    about = load.about.key if load.about else ""
    if load.which == "named":
        return head + "key = ? AND reason IS NOT NULL LIMIT ?", (about, load.limit)
    if load.which == "blocked":
        return head + "blocked_by = ? AND key > ? ORDER BY key LIMIT ?", (about, load.after, load.limit)
    condition = "tenant = ? AND reason IS NOT NULL AND waiting_since IS NULL AND key > ? ORDER BY key LIMIT ?"
    return head + condition, (tenant, load.after, load.limit)
