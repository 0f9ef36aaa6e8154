"""Taking a member out of a consumer group, as an operator's tool does: two requests in Kafka's own protocol.

The member learns of it from its next heartbeat, while its calls are still under way and others own its partitions.
"""

import asyncio
import contextlib
import struct

API_FIND_COORDINATOR, API_LEAVE_GROUP, API_DESCRIBE_GROUPS = 10, 13, 15
TIMEOUT_SECONDS = 2.0
"""For one attempt: a broker that is there answers in milliseconds."""


class Refused(Exception):  # noqa: N818 -- the group's state is no fault of the caller
    """Kafka would not: the group has no coordinator now, or no such member any more."""


async def expel_member(bootstrap: str, group: str, prefix: str) -> bool:
    """Take the member whose id begins so out of the group; tell whether that could be done now."""
    for address in bootstrap.split(","):
        with contextlib.suppress(Refused, OSError):
            await _expel(address, group, prefix)
            return True
    return False


async def _expel(address: str, group: str, prefix: str) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        coordinator = await _coordinator(address, group)
        members = await _members(coordinator, group)
        member = next((one for one in members if one.startswith(prefix)), None)
        if member is None:
            raise Refused(f"no member {prefix} in the group")
        answer = await _ask(coordinator, API_LEAVE_GROUP, _text(group) + _text(member))
        _check(answer.int16())


async def _coordinator(bootstrap: str, group: str) -> str:
    answer = await _ask(bootstrap, API_FIND_COORDINATOR, _text(group))
    _check(answer.int16())
    answer.int32()
    return f"{answer.text()}:{answer.int32()}"


async def _members(coordinator: str, group: str) -> list[str]:
    """Return the ids of the group's members."""
    answer = await _ask(coordinator, API_DESCRIBE_GROUPS, struct.pack(">i", 1) + _text(group))
    answer.int32()
    _check(answer.int16())
    for _ in ("group", "state", "protocol type", "protocol"):
        answer.text()
    return [answer.member() for _ in range(answer.int32())]


class _Answer:
    """Reads an answer from its beginning to its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def int16(self) -> int:
        value: int = struct.unpack(">h", self._take(2))[0]
        return value

    def int32(self) -> int:
        value: int = struct.unpack(">i", self._take(4))[0]
        return value

    def text(self) -> str:
        return self._take(max(0, self.int16())).decode()

    def member(self) -> str:
        """Return a described member's id, and pass over its client, host, metadata and assignment."""
        member, _, _ = self.text(), self.text(), self.text()
        for _ in ("metadata", "assignment"):
            self._take(self.int32())
        return member

    def _take(self, count: int) -> bytes:
        self._at += count
        return self._content[self._at - count : self._at]


async def _ask(address: str, api: int, body: bytes) -> _Answer:
    """Make one request, in the oldest form that the broker knows."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        request = struct.pack(">hhi", api, 0, 1) + _text("moment-dnb-chaos") + body
        writer.write(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        return _Answer((await reader.readexactly(length))[4:])
    except asyncio.IncompleteReadError as ended:
        raise Refused("the broker hung up") from ended
    finally:
        writer.close()


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _check(code: int) -> None:
    if code != 0:
        raise Refused(f"Kafka's error {code}")
