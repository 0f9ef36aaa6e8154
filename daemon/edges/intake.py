"""From fetched bytes to what the planner understands: decoded, and looked up in the ledger's local store."""

import itertools
from collections.abc import Callable, Mapping

from daemon.core.events import Arrival, Fetched
from daemon.core.fuse import Fuse
from daemon.core.model import Change, Partition, Undecodable
from daemon.edges.inbox import Batch, RawRecord
from daemon.edges.ledger_store import LedgerStore
from daemon.moment.envelope import decode


class Intake:
    """Turns batches into `Fetched` events, at the moment the planner takes them, so that no look-up is outdated.

    It keeps the bytes of undecodable records until their dead letters are written.
    """

    def __init__(self, environment: str, stores: Mapping[Partition, LedgerStore], fuse: Fuse | None = None) -> None:
        """Take the daemon's own environment, the stores of the partitions that are ours, and the fuse, if any."""
        self._environment = environment
        self._stores = stores
        self._fuse = fuse or Fuse(share=1.0, window=1)
        self.when_blown: Callable[[], None] = _nothing
        self._raw: dict[tuple[Partition, int], RawRecord] = {}

    def fetched(self, batch: Batch) -> Fetched | None:
        """Return the batch decoded and looked up; None if its partition is no longer ours.

        Where the fuse on dead letters blows, `when_blown` is called, the batch ends before that record, and no other
        follows it.
        """
        store = self._stores.get(batch.partition)
        if store is None or self._fuse.is_blown:
            return None
        messages = [decode(one.value, environment=self._environment, replay=one.replay) for one in batch.records]
        messages = list(itertools.takewhile(self._fuse.take, messages))
        if self._fuse.is_blown:
            self.when_blown()
        entries = store.get([message.entity for message in messages if isinstance(message, Change)])
        arrivals: list[Arrival] = []
        for record, message in zip(batch.records, messages, strict=False):
            found = entries.get(message.entity) if isinstance(message, Change) else None
            arrivals.append(Arrival(record.offset, message, found.entry if found else None))
            if isinstance(message, Undecodable):
                self._raw[batch.partition, record.offset] = record
        is_whole = len(messages) == len(batch.records)
        position = batch.position if is_whole else batch.records[len(messages)].offset
        return Fetched(batch.partition, batch.generation, tuple(arrivals), position)

    def take_raw(self, partition: Partition, offset: int) -> RawRecord | None:
        """Return an undecodable record for its dead letter, and forget it; None if its partition is gone."""
        return self._raw.pop((partition, offset), None)

    def forget(self, partition: Partition) -> None:
        """Forget the undecodable records of a partition that is no longer ours."""
        for key in [key for key in self._raw if key[0] == partition]:
            del self._raw[key]


def _nothing() -> None:
    """Do nothing about it."""
