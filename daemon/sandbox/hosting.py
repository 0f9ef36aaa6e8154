"""A sandbox for a daemon of its own process: the server, and the files that tell the daemon of it."""

import asyncio
import datetime as dt
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import yaml

from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.credentials import Credentials, issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.faults import FaultPlan, spread
from daemon.sandbox.server import serving
from daemon.sandbox.settings import Client, Company, Settings

CLIENT_ID: Final = "moment-dnb-sandbox"
OWNER_ONLY: Final = 0o600  # a private key and company keys are read by nobody else


class Hosting(msgspec.Struct, frozen=True, kw_only=True):
    """What to host: `companies` invented ones on `port` (0: a free one), described by files in `directory`.

    `quota` is calls a second for each company (None: no limit), `faults` the share of calls that go wrong, `seed` what
    company keys and faults are drawn from.
    """

    port: int
    directory: Path
    companies: int = 1
    quota: float | None = None
    faults: float = 0.0
    seed: int = 0


async def host(hosting: Hosting, stopped: asyncio.Event, tell: Callable[[str], None]) -> None:
    """Serve until `stopped` is set; `tell` gets the address once everything is ready.

    The files are written whole, and only when the port answers; `sandbox.json` comes last. Raises OSError if the port
    or the directory cannot be had.
    """
    now = dt.datetime.now(dt.UTC)
    credentials = issued(CLIENT_ID, now)
    emulator = Emulator(_settings(hosting, credentials, now))
    async with serving(emulator, port=hosting.port) as server:
        for name, content in _files(emulator, credentials, hosting.directory).items():
            _replace(hosting.directory / name, content)
        tell(server.base_url)
        await stopped.wait()


def _settings(hosting: Hosting, credentials: Credentials, now: dt.datetime) -> Settings:
    return Settings(
        companies=invented(hosting.companies, hosting.seed, hosting.quota),
        clients=(Client(CLIENT_ID, credentials.certificate),),
        faults=spread(hosting.faults, hosting.seed) if hosting.faults else FaultPlan(),
        opened_at=now.timestamp(),
        seed=hosting.seed,
    )


def _files(emulator: Emulator, credentials: Credentials, directory: Path) -> Mapping[str, bytes]:
    """The files by name, in the order in which they are written."""
    companies = emulator.settings.companies
    described = {
        "base_url": emulator.base_url,
        "issuer": emulator.issuer,
        "client_id": CLIENT_ID,
        "private_key": str((directory / "private_key.pem").resolve()),
        "companies": [{"name": company.name, "key": company.key} for company in companies],
    }
    return {
        "private_key.pem": credentials.bundle,
        "tenants.yaml": _tenants(companies),
        "sandbox.json": msgspec.json.format(msgspec.json.encode(described)) + b"\n",
    }


def _tenants(companies: tuple[Company, ...]) -> bytes:
    tenants: dict[str, dict[str, object]] = {
        tenant_name(company.name): {"company_key": company.key, "notify": []} for company in companies
    }
    return yaml.safe_dump({"tenants": tenants}, sort_keys=False).encode()


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` as a whole: a reader sees the old file or the new one, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)
