"""The operator's address, over real sockets."""

import socket

import httpx
import pytest

from daemon.edges.ops_server import METRICS_CONTENT_TYPE, OpsServer
from daemon.errors import ConfigurationError

HOST = "127.0.0.1"


def ops_server(*, is_live: bool = True, is_ready: bool = True) -> OpsServer:
    """Return a server with these verdicts."""
    return OpsServer(lambda: b"metric 1\n", is_live=lambda: is_live, is_ready=lambda: is_ready)


async def answers(server: OpsServer) -> dict[str, tuple[int, str]]:
    """Return status and text of every path."""
    async with server.serving(HOST, 0) as port, httpx.AsyncClient(trust_env=False) as client:
        replies = {path: await client.get(f"http://{HOST}:{port}/{path}") for path in ("livez", "readyz", "")}
    return {path: (reply.status_code, reply.text) for path, reply in replies.items()}


async def test_a_daemon_at_work_is_live_and_ready() -> None:
    """Both probes answer 200; other paths are not there."""
    found = await answers(ops_server())
    assert ((200, "live\n"), (200, "ready\n"), 404) == (found["livez"], found["readyz"], found[""][0])


async def test_a_stuck_or_joining_daemon_says_why() -> None:
    """A probe that fails answers 503 with the reason in words."""
    found = await answers(ops_server(is_live=False, is_ready=False))
    assert (503, 503) == (found["livez"][0], found["readyz"][0])
    assert "not stepped" in found["livez"][1]
    assert "not joined" in found["readyz"][1]


async def test_metrics_come_as_prometheus_reads_them() -> None:
    """The metrics text is served as it is, with its content type."""
    async with ops_server().serving(HOST, 0) as port, httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(f"http://{HOST}:{port}/metrics")
    assert (b"metric 1\n", METRICS_CONTENT_TYPE) == (reply.content, reply.headers["content-type"])


@pytest.mark.parametrize("host", [HOST, "nowhere.invalid"])
async def test_an_address_that_cannot_be_had_is_the_operators_to_repair(host: str) -> None:
    """A port in use or a host that is not ours is refused with the variables that name it."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"MOMENT_DNB_OPS_HOST='{host}', MOMENT_DNB_OPS_PORT={port}"):
            async with ops_server().serving(host, port):
                pass


async def test_what_fails_inside_the_block_is_not_blamed_on_the_address() -> None:
    """A full disk or a lost connection of the daemon keeps its own name."""
    with pytest.raises(OSError, match="disk full"):
        async with ops_server().serving(HOST, 0):
            raise OSError("disk full")


async def test_the_port_is_free_after_the_block() -> None:
    """A daemon that ends gives its port back."""
    async with ops_server().serving(HOST, 0) as port:
        pass
    async with ops_server().serving(HOST, port) as again:
        assert port == again
