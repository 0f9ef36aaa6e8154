"""Spreading a topic's ledger over more partitions: an arrangement written, in an order that a crash cannot hurt.

First every partition says for how many it is arranged: from then on no replica starts on it until the end is reached.
Entries are acknowledged where they go before they are taken from where they were. Last the partitions say what they are
arranged for now, and that nothing is in doubt if nothing was; after an interruption all is, which costs reads of DnB.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from daemon.core.ledger import encode
from daemon.core.model import Partition
from daemon.edges.ledger_arranging import Arranging, Layout, Placed
from daemon.edges.ledger_copies import LedgerCopy
from daemon.edges.ledger_keys import (
    HANDOVER_KEY,
    LEDGER_KEY,
    HandoverRecord,
    LedgerRecord,
    encode_record,
    first_ledger_record,
    hold_key,
)
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.mail_state import encode_mail_record, mail_key
from daemon.edges.moved_entries import wants_work
from daemon.edges.named_tenants import encode_tenant_record, tenant_key

MOVED_AT_ONCE = 500
"""So many entries are on their way together."""

Write = Callable[[Partition, str, bytes], Awaitable[object]]


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """What was moved: entries, how many of these want work, and what else came along."""

    entries: int = 0
    unfinished: int = 0
    holds: int = 0
    mails: int = 0


class Growing:
    """Writes an arrangement of one topic's ledger."""

    def __init__(
        self, topic: str, copies: Sequence[LedgerCopy], layout: Layout, committed: Mapping[Partition, int], write: Write
    ) -> None:
        """Take the input topic, its ledgers' copies, the new layout, the group's offsets, and how to write."""
        self._topic = topic
        self._copies = copies
        self._layout = layout
        self._committed = committed
        self._write = write
        self._arranging = Arranging(copies, layout)

    async def announce(self) -> None:
        """Let every partition that was ever owned say that it is arranged for as many as there were."""
        for number, copy in enumerate(self._copies):
            record = copy.marks.record
            if record is not None and record.arranged_for is None:
                await self._mark(
                    number,
                    LedgerRecord(record.identity, record.generation, len(self._copies)),
                    copy.marks.is_handed_over,
                )

    async def carry(self) -> Grown:
        """Write every entry to the partition of its future changes, and what else its owner must know."""
        entries, unfinished = 0, 0
        for portion in self._arranging.portions(MOVED_AT_ONCE):
            await self._place(portion.carried)
            await self._place(portion.left)
            entries += len(portion.carried)
            unfinished += sum(wants_work(one.entry) for one in portion.carried)
        named = self._arranging.named()
        for start in range(0, len(named), MOVED_AT_ONCE):
            some = (
                self._write(self._ledger(number), tenant_key(tenant), encode_tenant_record(record))
                for number, tenant, record in named[start : start + MOVED_AT_ONCE]
            )
            await asyncio.gather(*some)
        holds, mails = self._arranging.holds(), self._arranging.mails()
        for number, scope, hold in holds:
            await self._write(self._ledger(number), hold_key(scope), encode_record(hold))
        for number, tenant, mail in mails:
            await self._write(self._ledger(number), mail_key(tenant), encode_mail_record(mail))
        return Grown(entries=entries, unfinished=unfinished, holds=len(holds), mails=len(mails))

    async def finish(self) -> None:
        """Let every partition say that it is arranged for the new number."""
        generation = self._arranging.generation
        for number in range(self._layout.partitions):
            known = self._copies[number].marks.record if number < len(self._copies) else None
            identity = (known or first_ledger_record(0)).identity
            record = LedgerRecord(identity, generation, self._layout.partitions)
            await self._mark(number, record, self._arranging.is_handed_over)

    async def _mark(self, number: int, record: LedgerRecord, is_handed_over: bool) -> None:  # noqa: FBT001 - said by its name
        await self._write(self._ledger(number), LEDGER_KEY, encode_record(record))
        if is_handed_over:
            watermark = self._committed.get(Partition(self._topic, number), 0)
            handover = HandoverRecord(record.generation, watermark)
            await self._write(self._ledger(number), HANDOVER_KEY, encode_record(handover))

    async def _place(self, placed: Sequence[Placed]) -> None:
        writes = (self._write(self._ledger(one.number), one.entity.key, encode(one.entry)) for one in placed)
        await asyncio.gather(*writes)

    def _ledger(self, number: int) -> Partition:
        return Partition(ledger_of(self._topic), number)
