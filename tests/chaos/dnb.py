"""The emulated DnB as a process of its own: `python -m tests.chaos.dnb` serves, obeys its input, judges at the end.

It ends when its input does, so that it never outlives whoever started it.
"""

import argparse
import asyncio
import datetime as dt
import signal
import sys
import time
from pathlib import Path

import msgspec
import yaml

from daemon.sandbox.accountant import Accountant
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES, HOURS_PRODUCT
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.faults import FaultPlan, Faults, spread
from daemon.sandbox.generating import Planted, planted, transferred
from daemon.sandbox.judging import Evidence, judge_all
from daemon.sandbox.server import serving
from daemon.sandbox.settings import Client, Settings
from tests.chaos.messages import Calm, Done, Dossier, Judge, Judged, Opened, Order, Perform, Script

CLIENT_ID = "moment-dnb-chaos"
PRIVATE_KEY = "private_key.pem"
TENANTS = "tenants.yaml"

LATE_SECONDS = (0.5, 4.0)
"""When a request whose connection was cut is applied all the same."""

SHORT_SECONDS = 1.0
"""A slow answer, a denial, and a Retry-After: the header's least, or one that takes over breaks it unknowing."""


def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the daemons' key and tenants file are put")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--companies", type=int, required=True)
    parser.add_argument("--quota", type=float, required=True, help="calls a second that each company allows")
    parser.add_argument("--faults", type=float, required=True, help="share of calls that go wrong")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; whoever started us ends us
    asyncio.run(_serve(parser.parse_args()))


def script_records(script: Script) -> tuple[Planted, ...]:
    """Return the changes that a script makes."""
    return planted(
        seed=script.seed,
        events=script.events,
        tenants=script.tenants,
        started_at=script.started_at,
        kinds=transferred(script.tenants),
    )


async def _serve(asked: argparse.Namespace) -> None:
    now = dt.datetime.now(dt.UTC)
    credentials = issued(CLIENT_ID, now)
    emulator = Emulator(
        Settings(
            companies=invented(asked.companies, asked.seed, asked.quota),
            clients=(Client(CLIENT_ID, credentials.certificate),),
            faults=_faults(asked.faults, asked.seed),
            opened_at=now.timestamp(),
            seed=asked.seed,
        )
    )
    (asked.folder / PRIVATE_KEY).write_bytes(credentials.bundle)
    office = _Office(emulator)
    (asked.folder / TENANTS).write_text(office.tenants_file(), encoding="utf-8")
    async with serving(emulator) as server:
        _answer(Opened(server.base_url, office.companies))
        await _obey(office)


async def _obey(office: "_Office") -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        _answer(office.obey(msgspec.json.decode(line, type=Order)))


def _answer(answer: Opened | Done | Judged) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


def _faults(share: float, seed: int) -> FaultPlan:
    return msgspec.structs.replace(
        spread(share, seed),
        retry_after_seconds=SHORT_SECONDS,
        slow_seconds=SHORT_SECONDS,
        denied_seconds=SHORT_SECONDS,
        late_seconds=LATE_SECONDS,
    )


class _Office:
    """The emulator with its companies, their accountants, and the judge."""

    def __init__(self, emulator: Emulator) -> None:
        now = emulator.settings.opened_at
        self.companies = {tenant_name(company.name): company.key for company in emulator.settings.companies}
        self._emulator = emulator
        self._kinds = transferred(tuple(self.companies))
        self._accountants = [
            Accountant(emulator, key, self._kinds[tenant], now) for tenant, key in self.companies.items()
        ]
        for accountant in self._accountants:
            accountant.begin(now)
        self._struck = emulator.faults.counts

    def tenants_file(self) -> str:
        """Return the tenants as the daemons read them: the second posts vouchers, the third has its own product."""
        own: dict[int, dict[str, object]] = {1: {"flow": "voucher"}, 2: {"products": {"hours": HOURS_PRODUCT}}}
        tenants = {
            tenant: {
                "company_key": key,
                "kinds": sorted(self._kinds[tenant]),
                "vat_codes": dict(ACCOUNT_VAT_CODES),
                **own.get(position, {}),
            }
            for position, (tenant, key) in enumerate(self.companies.items())
        }
        return yaml.safe_dump({"tenants": tenants})

    def obey(self, order: Order) -> Done | Judged:
        """Do what was asked, and return what is to be told of it."""
        match order:
            case Perform(deed):
                for accountant in self._accountants:
                    accountant.perform(deed, time.time())
                return Done("performed")
            case Calm():
                self._emulator.faults = Faults(FaultPlan())
                return Done("calmed")
            case Judge(evidence):
                return self._judge(msgspec.json.decode(Path(evidence).read_bytes(), type=Dossier))

    def _judge(self, dossier: Dossier) -> Judged:
        history = self._emulator.history
        evidence = Evidence(
            companies=self.companies,
            history=history,
            parked=dossier.parked,
            dead_letters=dossier.dead_letters,
            books={tenant: self._emulator.books(key) for tenant, key in self.companies.items()},
            kinds=self._kinds,
        )
        verdict = judge_all(script_records(dossier.script)[: dossier.published], evidence)
        return Judged(
            judge=verdict.counts,
            findings=verdict.findings,
            calls=history.calls_total,
            faults=dict(self._struck),
            late_writes=sum(write.late for write in history.applied),
        )


if __name__ == "__main__":
    main()
