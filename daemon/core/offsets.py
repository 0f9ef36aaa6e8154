"""Open offsets of one partition, and the watermark that may be committed."""

from collections import deque

from daemon.errors import InvariantError


class Offsets:
    """Which offsets of a partition are open, and the watermark: the offset before which everything is settled.

    Offsets are opened in rising order and settled in any. Gaps (transaction markers, compacted records) need no
    opening: `advance` tells how far the partition has been read.
    """

    def __init__(self, start: int) -> None:
        self.position = start
        self._order: deque[int] = deque()
        self._open: set[int] = set()

    def open(self, offset: int) -> None:
        """Open an offset; it must lie at or beyond the position."""
        if offset < self.position:
            text = f"offset {offset} opened behind position {self.position}"
            raise InvariantError(text)
        self._order.append(offset)
        self._open.add(offset)
        self.position = offset + 1

    def advance(self, position: int) -> None:
        """Move the position over a gap; never backwards."""
        self.position = max(self.position, position)

    def settle(self, offset: int) -> None:
        """Settle an open offset."""
        if offset not in self._open:
            text = f"offset {offset} settled that is not open"
            raise InvariantError(text)
        self._open.remove(offset)
        while self._order and self._order[0] not in self._open:
            self._order.popleft()

    @property
    def watermark(self) -> int:
        """Return the offset to commit: the lowest open one, or the position when none is open."""
        return self._order[0] if self._order else self.position

    @property
    def open_count(self) -> int:
        """Return how many offsets are open."""
        return len(self._open)

    def open_offsets(self) -> list[int]:
        """Return the open offsets, lowest first."""
        return sorted(self._open)
