"""The fuse on dead letters: it blows when too many of the latest records are no changes.

One record that cannot be decoded is a dead letter. When half of them are, the topic is a wrong one or its producer has
gone mad, and setting every record aside would empty the topic into the dead letters.
"""

from collections import deque

from daemon.core.model import Message, Undecodable


class Fuse:
    """Told of every record, over all partitions, in the order they come; once blown it stays so."""

    def __init__(self, share: float, window: int) -> None:
        """Blow when more than `share` times `window` of the last `window` records are dead letters; with 1 never."""
        self._most = share * window
        self._latest: deque[Undecodable | None] = deque(maxlen=window)
        self._count = 0
        self.is_blown = False

    def take(self, message: Message) -> bool:
        """Take a record, and tell whether the fuse holds: where it does not, this record must not be taken in hand."""
        if self.is_blown:
            return False
        leaves = self._latest[0] if len(self._latest) == self._latest.maxlen else None
        comes = message if isinstance(message, Undecodable) else None
        count = self._count + (comes is not None) - (leaves is not None)
        if count > self._most:
            self.is_blown = True
            return False
        self._latest.append(comes)
        self._count = count
        return True

    def reasons(self) -> dict[str, int]:
        """Return how many of the last records are dead letters, by reason, the most frequent first."""
        counts: dict[str, int] = {}
        for one in self._latest:
            if one is not None:
                counts[one.reason] = counts.get(one.reason, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))
