"""The operator's address: `/metrics`, `/livez` and `/readyz` over HTTP."""

import contextlib
from collections.abc import AsyncGenerator, Callable

from aiohttp import web

from daemon.errors import ConfigurationError

METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class OpsServer:
    """What is served: the metrics text, and the two verdicts."""

    def __init__(
        self, metrics: Callable[[], bytes], *, is_live: Callable[[], bool], is_ready: Callable[[], bool]
    ) -> None:
        """Take how to render the metrics and how to find out whether the daemon lives and is ready."""
        self._metrics = metrics
        self._is_live = is_live
        self._is_ready = is_ready

    @contextlib.asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncGenerator[int]:
        """Serve for the length of the block, and yield the port; raises `ConfigurationError` if it cannot be had."""
        application = web.Application()
        application.router.add_get("/metrics", self._serve_metrics)
        application.router.add_get("/livez", self._serve_livez)
        application.router.add_get("/readyz", self._serve_readyz)
        server = web.AppRunner(application, access_log=None)
        await server.setup()
        try:
            await _start(web.TCPSite(server, host, port), host, port)
            yield server.addresses[0][1]
        finally:
            await server.cleanup()

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": METRICS_CONTENT_TYPE})

    async def _serve_livez(self, _: web.Request) -> web.Response:
        return _verdict("live", "the runner has not stepped for too long", is_true=self._is_live())

    async def _serve_readyz(self, _: web.Request) -> web.Response:
        return _verdict("ready", "not joined to the group, or partitions are being restored", is_true=self._is_ready())


async def _start(site: web.TCPSite, host: str, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        text = f"MOMENT_DNB_OPS_HOST={host!r}, MOMENT_DNB_OPS_PORT={port}: cannot be served on ({error.strerror})"
        raise ConfigurationError(text) from None


def _verdict(word: str, reason: str, *, is_true: bool) -> web.Response:
    return web.Response(text=f"{word}\n" if is_true else f"not {word}: {reason}\n", status=200 if is_true else 503)
