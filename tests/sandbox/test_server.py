"""The emulator over real sockets."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from daemon.sandbox.emulator import Emulator
from daemon.sandbox.server import Server, serving
from tests.sandbox.office import KEY, assertion, settings, token_form

_BODY = {"CustomerNumber": 100001, "Info": {"Name": "Fjord AS"}}


@asynccontextmanager
async def _signed_in(emulator: Emulator) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the emulator's server, with a token and a company."""
    async with serving(emulator) as server, httpx.AsyncClient(base_url=server.base_url) as client:
        response = await client.post("/connect/token", data=_form(server))
        client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        client.headers["CompanyKey"] = KEY
        yield client


def _form(server: Server) -> dict[str, str]:
    endpoint = f"{server.base_url}/connect/token"
    return token_form(client_assertion=assertion({"jti": str(uuid4())}, now=time.time(), token_endpoint=endpoint))


def _emulator() -> Emulator:
    return Emulator(settings(base_url=""))


async def test_round_trip() -> None:
    """A client signs in, creates a customer and finds it again by an encoded filter."""
    async with _signed_in(_emulator()) as client:
        created = await client.post("/api/biz/customers", json=_BODY)
        found = await client.get("/api/biz/customers", params={"filter": "Info.Name eq 'Fjord AS'", "expand": "Info"})
    assert (201, "application/json; charset=utf-8") == (created.status_code, created.headers["content-type"])
    assert ["Fjord AS"] == [row["Info"]["Name"] for row in found.json()]


async def test_percent_encoding() -> None:
    """A plus sign survives when it is encoded, and is a space when it is not."""
    async with _signed_in(_emulator()) as client:
        body = {"CustomerNumber": 100001, "Info": {"Name": "A+B & Co AS", "Phones": [{"CountryCode": "+47"}]}}
        await client.post("/api/biz/customers", json=body)
        filters = ("Info.Phones.CountryCode eq '+47'", "Info.Name eq 'A+B & Co AS'")
        encoded = [await client.get("/api/biz/customers", params={"filter": text}) for text in filters]
        bare = await client.get("/api/biz/customers?filter=Info.Name+eq+'A+B'")
    assert ([1, 1], 0) == ([len(response.json()) for response in encoded], len(bare.json()))


async def test_bodies_and_actions() -> None:
    """Updates, actions and deletes work without a body where they have none."""
    async with _signed_in(_emulator()) as client:
        await client.post("/api/biz/customers", json=_BODY)
        statuses = [
            (await client.put("/api/biz/customers/301", json={"ID": 301, "WebUrl": "x.no"})).status_code,
            (await client.put("/api/biz/customers?action=block&id=301")).status_code,
            (await client.delete("/api/biz/customers/301")).status_code,
            (await client.get("/api/biz/customers/301")).status_code,
            (await client.get("/nowhere")).status_code,
        ]
    assert [200, 204, 204, 404, 401] == statuses


async def test_service_map_names_the_port() -> None:
    """The address is that of the port, also in the service map and the discovery document."""
    async with serving(_emulator()) as server, httpx.AsyncClient(base_url=server.base_url) as client:
        endpoints = (await client.get("/api/endpoints")).json()
        discovery = (await client.get("/.well-known/openid-configuration")).json()
    assert f"http://127.0.0.1:{server.port}" == server.base_url == endpoints["Identity"] == discovery["issuer"]


async def test_lost_reply() -> None:
    """A lost reply is a cut connection to the client, and an applied write to the books."""
    emulator = _emulator()
    async with _signed_in(emulator) as client:
        emulator.inject("reply_lost", method="POST")
        with pytest.raises(httpx.TransportError):
            await client.post("/api/biz/customers", json=_BODY)
        assert 1 == len((await client.get("/api/biz/customers")).json())


async def test_reset() -> None:
    """A reset leaves nothing, and the next connection works."""
    emulator = _emulator()
    async with _signed_in(emulator) as client:
        emulator.inject("reset")
        with pytest.raises(httpx.TransportError):
            await client.post("/api/biz/customers", json=_BODY)
        assert [] == (await client.get("/api/biz/customers")).json()


async def test_slow() -> None:
    """A slow call takes its time and delays nobody else's."""
    emulator = _emulator()
    async with _signed_in(emulator) as client:
        emulator.inject("slow", method="POST", seconds=1.0)
        began = time.monotonic()
        slow = asyncio.create_task(client.post("/api/biz/customers", json=_BODY))
        await client.get("/api/biz/customers")
        quick = time.monotonic() - began
        response = await slow
    assert (201, True, True) == (response.status_code, quick < 1.0, time.monotonic() - began >= 1.0)


async def test_late_request_is_applied_without_another_call() -> None:
    """A late request is applied at its instant though nobody calls."""
    emulator = _emulator()
    async with _signed_in(emulator) as client:
        emulator.inject("applied_late", method="POST", seconds=0.1)
        with pytest.raises(httpx.TransportError):
            await client.post("/api/biz/customers", json=_BODY)
        async with asyncio.timeout(10):
            while not emulator.history.applied:  # noqa: ASYNC110 -- the server's own tick has no event
                await asyncio.sleep(0.01)
    assert emulator.history.applied[0].late


async def test_connections_are_kept() -> None:
    """Hundreds of calls over few connections are served, in any order, without a fault."""
    async with _signed_in(_emulator()) as client:

        async def create(number: int) -> int:
            """Create a customer and return the status."""
            return (await client.post("/api/biz/customers", json=_BODY | {"CustomerNumber": number})).status_code

        statuses = await asyncio.gather(*(create(100_000 + number) for number in range(200)))
    assert {201} == set(statuses)


async def test_port_in_use() -> None:
    """A port that is taken is an OSError, before anything is served."""
    async with serving(_emulator()) as server:
        with pytest.raises(OSError, match="address already in use"):
            async with serving(_emulator(), port=server.port):
                pass


async def test_port_is_free_again() -> None:
    """After the block the port can be used again."""
    async with serving(_emulator()) as server:
        pass
    async with serving(_emulator(), port=server.port) as again:
        assert server == again


async def test_client_that_leaves() -> None:
    """A client that hangs up in the middle of a slow call harms nobody."""
    emulator = _emulator()
    async with _signed_in(emulator) as client:
        emulator.inject("slow", seconds=1.0)
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/api/biz/customers", timeout=0.1)
        assert 200 == (await client.get("/api/biz/customers")).status_code
