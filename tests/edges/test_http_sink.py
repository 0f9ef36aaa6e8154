"""Calls to DnB over real sockets: tokens, deadlines, and what each failure is called."""

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from email.utils import format_datetime
from itertools import chain, repeat
from pathlib import Path

import anyio
import pytest

from daemon.core.actions import Send
from daemon.core.events import Event, NotSent, Replied, TokenRenewed
from daemon.core.procedure import Answered, Call, Unreachable
from daemon.dnb.assertion import Credentials
from daemon.edges.clock import Clock
from daemon.edges.http_sink import HttpSink
from daemon.edges.inbox import Batch, Inbox
from daemon.sandbox.companies import invented
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.faults import FaultKind
from daemon.sandbox.server import serving
from daemon.sandbox.settings import Client, Switches
from daemon.sandbox.settings import Settings as Sandbox
from daemon.settings import Settings
from tests.edges.test_http_transport import deaf_address
from tests.kafka_broker import free_ports
from tests.waiting import until

READ = Call(method="GET", target="api/biz/customers?top=2")
FOREVER = float("inf")
CREDENTIALS = issued("tests", dt.datetime.now(dt.UTC))


class Bench:
    """A sink that runs, the DnB it speaks with, and what it has put into its inbox."""

    def __init__(self, sink: HttpSink, inbox: Inbox, emulator: Emulator, clock: Clock) -> None:
        """Begin without a call."""
        self.sink, self.inbox, self.emulator, self.clock = sink, inbox, emulator, clock
        self.events: list[Event | Batch] = []
        self.ended_at = self.ended_after = 0.0
        self.awaited = 0
        self._ticket = 0
        self._sends: dict[int, Send] = {}

    async def call(self, *calls: Call, tenant: str = "a", not_after: float = FOREVER) -> list[Replied | NotSent]:
        """Make calls at once, those that have waited for a token once more, and return what became of them."""
        first = self._ticket
        for call in calls:
            self._ticket += 1
            self._sends[self._ticket] = Send(self._ticket, tenant, tenant, call, not_after)
            self.sink.submit(self._sends[self._ticket])
        await until(lambda: len(self._over(first)) == len(calls))
        return self._over(first)

    def _over(self, first: int) -> list[Replied | NotSent]:
        for event in self.inbox.take():
            if isinstance(event, NotSent) and event.reason == "token_awaited":
                self.awaited += 1
                self.sink.submit(self._sends[event.ticket])
            else:
                self.events.append(event)
        return [event for event in self.events if isinstance(event, Replied | NotSent) and event.ticket > first]

    def renewals(self) -> list[TokenRenewed]:
        """Return what was told of tokens."""
        return [event for event in self.events if isinstance(event, TokenRenewed)]


def settings(base_url: str, *, client_id: str = "tests", request: float = 1.0) -> Settings:
    """Return settings for a DnB at this address."""
    return Settings(
        kafka_bootstrap="unused",
        tenants_file=Path("unused"),
        dnb_base_url=base_url,
        dnb_client_id=client_id,
        dnb_private_key="unused",
        request=request,
        concurrency=8,
    )


@contextlib.asynccontextmanager
async def bench(
    *, base_url: str = "", client_id: str = "tests", switches: Switches | None = None
) -> AsyncGenerator[Bench]:
    """Run a sink against the emulated DnB, or against another address, for the length of the block."""
    companies = invented(2, 1, None)
    clients = (Client("tests", CREDENTIALS.certificate),)
    emulator = Emulator(Sandbox(companies=companies, clients=clients, switches=switches or Switches()))
    clock, inbox = Clock(), Inbox()
    async with serving(emulator) as server:
        credentials = Credentials.from_pem(CREDENTIALS.bundle, client_id)
        sink = HttpSink(settings(base_url or server.base_url, client_id=client_id), credentials, inbox, clock)
        sink.use_keys({"a": companies[0].key, "b": companies[1].key})
        made = Bench(sink, inbox, emulator, clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sink.run)
            yield made
            made.ended_at = clock.now()
            tasks.cancel_scope.cancel()
        made.ended_after = clock.now() - made.ended_at


def statuses(events: Sequence[Replied | NotSent]) -> list[int | str]:
    """Return the status of each reply, or why there is none."""
    return [_status(event) for event in events]


def _status(event: Replied | NotSent) -> int | str:
    if isinstance(event, NotSent):
        return event.reason
    return event.reply.status if isinstance(event.reply, Answered) else type(event.reply).__name__


async def test_one_token_serves_all_calls_that_wait_for_it() -> None:
    """Many calls at once ask for one token; the identity server is found through DnB's own service map."""
    async with bench() as at:
        assert [200] * 20 == statuses(await at.call(*[READ] * 20))
        assert (1, [TokenRenewed()]) == (at.emulator.history.token_calls_total, at.renewals())
        assert at.awaited >= 8, "what has waited for a token must take its turn again, lest it exceed the quota"


async def test_a_token_is_renewed_before_it_expires() -> None:
    """A token of short life is replaced in time: no call is turned down for it."""
    async with bench(switches=Switches(token_lifetime_seconds=1.0)) as at:
        for _ in range(3):
            assert [200] == statuses(await at.call(READ))
            before = at.clock.now()
            await until(lambda before=before: at.clock.now() >= before + 0.95)  # type: ignore[misc]
        assert 3 == at.emulator.history.token_calls_total


async def test_an_expired_token_is_renewed_once_for_all() -> None:
    """When DnB turns a token down, every call takes its turn again, with one new token for all."""
    async with bench() as at:
        await at.call(READ)
        at.emulator.revoke_tokens()
        assert ["token_expired"] * 4 == statuses(await at.call(*[READ] * 4))
        assert [200] * 4 == statuses(await at.call(*[READ] * 4))
        assert 2 == at.emulator.history.token_calls_total


async def test_a_company_that_turns_a_new_token_down_denies_us() -> None:
    """A 401 that a fresh token gets too is the company's answer, and costs no further token."""
    async with bench() as at:
        at.sink.use_keys({"a": "00000000-0000-4000-8000-000000000000"})
        assert [["token_expired"], [401], [401]] == [statuses(await at.call(READ)) for _ in range(3)]
        assert 2 == at.emulator.history.token_calls_total


async def test_a_client_that_is_refused_asks_once_for_all() -> None:
    """When the identity server refuses the client no call is sent, and it is asked once, not by every worker."""
    async with bench(client_id="somebody-else") as at:
        assert ["no_token"] * 8 == statuses(await at.call(*[READ] * 8))
        assert [TokenRenewed(refused="token_refused")] == at.renewals()
        assert "invalid_client" == await at.sink.check_token()


async def test_a_call_whose_time_has_passed_is_not_sent() -> None:
    """A call that waited until its grant was too old is given back: somebody else may own its partition by now."""
    async with bench() as at:
        await at.call(READ)
        calls = at.emulator.history.calls_total
        assert ["fenced"] == statuses(await at.call(READ, not_after=at.clock.now() - 0.1))
        assert calls == at.emulator.history.calls_total


async def test_each_tenant_is_called_in_its_own_company() -> None:
    """The company key goes by tenant, and a new registry's keys hold from the next call."""
    async with bench() as at:
        await at.call(READ, tenant="a")
        await at.call(READ, tenant="b")
        keys = [company.key for company in at.emulator.settings.companies]
        assert dict.fromkeys(keys, 1) == dict(at.emulator.history.calls)


async def test_what_each_failure_is_called() -> None:
    """A slow answer, a lost reply and a broken connection leave the outcome unknown; each is told within its time."""
    async with bench() as at:
        await at.call(READ)
        troubles: list[tuple[FaultKind, float]] = [("slow", 5.0), ("reply_lost", 0.0), ("reset", 0.0)]
        for kind, seconds in troubles:
            at.emulator.inject(kind, seconds=seconds)
            started = at.clock.now()
            assert ["Unanswered"] == statuses(await at.call(READ))
            assert at.clock.now() - started < 4.0
        assert [200] * 8 == statuses(await at.call(*[READ] * 8))


async def test_an_address_where_nobody_listens_is_unreachable() -> None:
    """A refused connection is told as one that never left, also before there is a token."""
    [port] = free_ports(1)
    async with bench(base_url=f"http://127.0.0.1:{port}") as at:
        assert ["no_token"] == statuses(await at.call(READ))
        assert "ConnectError" == await at.sink.check_token()
        assert Unreachable("no_token") == await at.sink.ask("a", READ)


async def test_an_address_that_does_not_answer_is_unreachable() -> None:
    """A connection that is not made is given up before the call's deadline, so that it is known never to have left."""
    with deaf_address() as url:
        async with bench(base_url=url) as at:
            started = at.clock.now()
            assert "ConnectTimeout" == await at.sink.check_token()
            assert at.clock.now() - started < 0.9


@pytest.mark.parametrize("url", ["http://", "https://[", "http://x:port"])
async def test_an_address_that_is_none_is_unreachable(url: str) -> None:
    """An address that cannot be called costs the process nothing but the call."""
    async with bench(base_url=url) as at:
        assert ["no_token"] == statuses(await at.call(READ))


async def test_a_company_that_forbids_us_is_told_as_it_is() -> None:
    """A 403 goes to the planner at once and no token is renewed for it."""
    async with bench() as at:
        at.emulator.inject("company_denied", seconds=60.0)
        assert [[403], [403]] == [statuses(await at.call(READ)) for _ in range(2)]
        assert [200] == statuses(await at.call(READ, tenant="b"))
        assert 1 == at.emulator.history.token_calls_total


async def test_retry_after_is_understood_as_seconds_and_as_a_date() -> None:
    """Retry-After is obeyed whichever form it has; nonsense counts as none."""
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90)
    nonsense = ("soon", "9" * 400, "-3", f"Mon, 01 Jan 2026 00:00:00 +{'9' * 20}")
    waits = await _retry_afters("7", format_datetime(later, usegmt=True), *nonsense, None)
    assert 7.0 == waits[0]
    assert waits[1] is not None
    assert 85.0 < waits[1] < 91.0
    assert [None] * 5 == waits[2:]


async def test_a_body_that_trickles_is_cut_at_the_deadline() -> None:
    """A server that sends a byte now and then does not hold a call beyond its deadline."""

    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer at once, and never come to an end."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)

    async with _scripted(trickle) as (sink, clock):
        started = clock.now()
        reason = await sink.check_token()
    assert "ReadTimeout" == reason
    assert 0.9 < clock.now() - started < 4.0


async def test_a_service_map_that_makes_no_sense_is_told() -> None:
    """A base address that is not DnB's gives no token, and says what it answered."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer with a page."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>")
        await writer.drain()

    async with _scripted(answer) as (sink, _):
        assert "endpoints_status_200" == await sink.check_token()


async def test_what_no_header_may_hold_is_unreachable() -> None:
    """A company key with a control character in it costs the call, not the process, and is not shown."""
    async with _scripted(_dnb()) as (sink, _):
        assert await sink.check_token() is None
        sink.use_keys({"a": "secret\x01"})
        assert Unreachable("UnsendableHeader") == await sink.ask("a", READ)


async def test_what_no_address_may_hold_is_unreachable() -> None:
    """An identity server whose address has one costs no more than that."""
    async with _scripted(_dnb(identity="/\x01")) as (sink, _):
        assert "UnsupportedProtocol" == await sink.check_token()


async def test_answers_are_asked_for_unpacked() -> None:
    """Of a packed answer that is cut off it could not be told that it is."""
    heads: list[str] = []
    async with _scripted(_dnb(heads=heads)) as (sink, _):
        await sink.check_token()
        await sink.ask("a", READ)
    asked = [line for head in heads for line in head.lower().splitlines() if line.startswith("accept-encoding:")]
    assert ["accept-encoding: identity"] * 3 == asked


async def test_a_cancelled_sink_leaves_nothing_behind() -> None:
    """A sink that is cancelled in the middle of calls ends at once and closes its connections."""
    async with bench() as at:
        await at.call(READ)
        at.emulator.inject("slow", seconds=0.9, count=4)
        for ticket in range(100, 104):
            at.sink.submit(Send(ticket, "a", "a", READ, FOREVER))
        await until(lambda: at.emulator.history.calls_total >= 5)
    assert at.ended_after < 0.5


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def _scripted(serve: Serve) -> AsyncGenerator[tuple[HttpSink, Clock]]:
    """Yield a sink whose DnB is this script."""
    serving_tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection in a task that ends with the block."""
        serving_tasks.add(asyncio.ensure_future(_served(serve, reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clock = Clock()
    credentials = Credentials.from_pem(CREDENTIALS.bundle, "tests")
    sink = HttpSink(settings(f"http://127.0.0.1:{port}"), credentials, Inbox(), clock)
    try:
        yield sink, clock
    finally:
        await sink.aclose()
        server.close()
        for task in serving_tasks:
            task.cancel()
        await asyncio.gather(*serving_tasks, return_exceptions=True)


async def _served(serve: Serve, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await serve(reader, writer)
    finally:
        writer.close()


async def _retry_afters(*values: str | None) -> list[float | None]:
    """Return what a sink makes of a 429 with each of these Retry-After headers."""
    async with _scripted(_dnb(*values)) as (sink, _):
        await sink.check_token()
        replies = [await sink.ask("a", READ) for _ in values]
    return [reply.retry_after if isinstance(reply, Answered) else -1.0 for reply in replies]


def _dnb(*retry_afters: str | None, identity: str = "", heads: list[str] | None = None) -> Serve:
    """Return a DnB that gives a token, and refuses everything else with the next Retry-After."""
    headers = chain(retry_afters, repeat(None))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client is gone; note each head."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (line.split(":")[1] for line in head.splitlines() if "ontent-" in line and "ength" in line), "0"
                )
                await reader.readexactly(int(length))
                writer.write(_answer_to(head, headers, identity))
                await writer.drain()
                if heads is not None:
                    heads.append(head)

    return answer


def _answer_to(head: str, headers: Iterator[str | None], identity: str) -> bytes:
    if "endpoints" in head:
        host = next(line.split(": ")[1] for line in head.splitlines() if line.lower().startswith("host:"))
        body = json.dumps({"Identity": f"http://{host}{identity}"})
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    if "connect/token" in head:
        body = json.dumps({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    value = next(headers)
    extra = f"Retry-After: {value}\r\n" if value is not None else ""
    return f"HTTP/1.1 429 Too Many\r\n{extra}Content-Length: 0\r\n\r\n".encode()
