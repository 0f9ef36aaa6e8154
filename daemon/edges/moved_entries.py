"""Entries that have moved to the ledger partition of their entity's future changes: what they leave behind.

A deletion cannot be left: a local copy that was away while compaction removed it would never see it, and entries merge
to the greatest whatever order they are read in. So what stays behind is an entry that outranks the one it replaces,
knows the same versions, and wants no work: the parked change is named without its data, under a reason of its own.
"""

import msgspec

from daemon.core.ledger import Entry, Parked
from daemon.core.model import Generation

MOVED = "moved"
"""The reason of a parked change whose entry stands in another ledger partition, which has its data."""


def is_moved(entry: Entry) -> bool:
    """Tell whether what the entry wants done is another partition's to do."""
    return entry.parked is not None and entry.parked.reason == MOVED


def wants_work(entry: Entry) -> bool:
    """Tell whether an owner of the entry would still do something about it."""
    return entry.dirty_until is not None or (entry.parked is not None and not is_moved(entry))


def left_behind(entry: Entry) -> Entry:
    """Return what takes the entry's place in the partition that it leaves."""
    was = entry.parked
    parked = None
    if was is not None:
        parked = Parked(version=was.version, data=b"", occurred_at=was.occurred_at, reason=MOVED, since=was.since)
    return msgspec.structs.replace(entry, dirty_until=None, dirty_data=None, parked=parked)


def carried_over(entry: Entry, generation: Generation) -> Entry:
    """Return the entry as it stands in its new partition: nothing changed but that it outranks what it left behind."""
    return msgspec.structs.replace(entry, generation=generation)
