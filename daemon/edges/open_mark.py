"""Whether a file that is never synced may be trusted: it was closed in good order, or the machine has not failed since.

A process that is killed leaves what it wrote to the system, which writes it to the disk in its own time. If the machine
fails before, some pages of the file are of before and some of after, and nothing in the file need show it. So a mark
beside it names the boot of the machine in which the file is open; it goes once all is on the disk.
"""

import os
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Linux draws it anew at each boot; where there is none, no file that was left open is trusted."""


class OpenMark:
    """The mark beside a file."""

    def __init__(self, path: Path) -> None:
        """Take the path of the file."""
        self._file = path
        self._mark = path.with_name(f"{path.name}.open")

    def is_of_another_boot(self) -> bool:
        """Tell whether the file was left open in another boot than this, or in one that is unknown."""
        if not self._mark.exists():
            return False
        boot = _boot()
        return not boot or self._mark.read_bytes() != boot

    def set(self) -> None:
        """Mark the file as open; the mark is on the disk before this returns."""
        self._mark.parent.mkdir(parents=True, exist_ok=True)
        self._mark.write_bytes(_boot())
        _sync(self._mark)
        _sync(self._mark.parent)

    def clear(self) -> None:
        """Write all of the file to the disk, as long as that takes, and take the mark away."""
        _sync(self._file)
        self._mark.unlink(missing_ok=True)


def _boot() -> bytes:
    try:
        return BOOT.read_bytes().strip()
    except OSError:
        return b""


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
