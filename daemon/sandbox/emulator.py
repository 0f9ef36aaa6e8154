"""The emulator: one pure function from a request and an instant to a response, over books it keeps itself."""

import heapq
import math
from collections.abc import Mapping
from typing import Final, Unpack
from urllib.parse import urlsplit

import msgspec

from daemon.sandbox.books import Books
from daemon.sandbox.calling import PREFIX, served
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.entities import declarations
from daemon.sandbox.exchange import Request, Response, answer, message
from daemon.sandbox.faults import FaultKind, Faults, Strike, Where
from daemon.sandbox.history import Applied, History, QuotaBreach, Violation
from daemon.sandbox.identity import Identity
from daemon.sandbox.opening import opened
from daemon.sandbox.quota import RETRY_AFTER_SECONDS, Quota
from daemon.sandbox.schema import Schema
from daemon.sandbox.settings import Company, Settings
from daemon.sandbox.visiting import Visit

DENIED: Final = "Authorization has been denied for this request."

_SAID: Final[Mapping[int, str]] = {429: "Too many requests.", 503: "The service is unavailable."}
_REFUSALS: Final[Mapping[FaultKind, Response]] = {
    "too_many_requests_bare": message(429, _SAID[429]),
    "unavailable_bare": message(503, _SAID[503]),
    "server_error": message(500, "An error has occurred."),
    "reset": Response(0, lost=True),
}


class _Office:
    """One company at work: its books, its quota, and until when it denies everybody."""

    def __init__(self, company: Company, books: Books) -> None:
        self.company = company
        self.books = books
        self.quota = Quota(company.quota)
        self.denied_until = -math.inf


class _Late(msgspec.Struct, frozen=True, order=True):
    """A request whose connection was cut and that is applied at `due`; `number` keeps arrivals in order."""

    due: float
    number: int
    company: str
    request: Request


class Emulator:
    """DnB Regnskap with invented companies.

    `handle` is deterministic: the same requests at the same instants give the same answers. Instants must not go back.
    `history` is for a judge, `faults` for whoever wants trouble.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.history = History()
        self.faults = Faults(settings.faults)
        self._late: list[_Late] = []
        self._late_number = 0
        self._schema = Schema(declarations(vat_percent_at_root=settings.switches.vat_percent_at_root))
        self._offices = {
            company.key.lower(): _Office(company, opened(self._schema, company, position, settings))
            for position, company in enumerate(settings.companies)
        }
        self._identity = Identity(settings)
        self._base_url = settings.base_url

    @property
    def base_url(self) -> str:
        """Where clients reach the emulator."""
        return self._base_url

    @property
    def issuer(self) -> str:
        """Where clients ask for tokens."""
        return self._identity.issuer

    def reached_at(self, base_url: str) -> None:
        """Fill in the address once it is known; what the settings fixed stays as it is."""
        self._base_url = self.settings.base_url or base_url
        self._identity.issuer = self.settings.issuer or self._base_url

    def inject(self, kind: FaultKind, **where: Unpack[Where]) -> None:
        """Let a fault strike the next matching calls; see `faults.Faults.inject`."""
        self.faults.inject(kind, **where)

    def books(self, company: str) -> Books:
        """The books of the company with this key."""
        return self._offices[company.lower()].books

    def by_hand(self, company: str, request: Request, now: float) -> Response:
        """What a person in the company's office does: no token, quota or fault, and no trace in history."""
        self.tick(now)
        return served(Visit(self.books(company), self.settings.switches, now), request)

    def arrive_late(self, request: Request, now: float) -> Response:
        """Apply a request that comes long after its time: no quota, no fault, and late in history."""
        self.tick(now)
        office = self._offices.get(request.headers.get("companykey", "").strip().lower())
        return message(401, DENIED) if office is None else self._apply_late(office, request, now)

    def revoke_tokens(self) -> None:
        """End every token given so far."""
        self._identity.revoke_all()

    def handle(self, request: Request, now: float) -> Response:
        """The answer to `request` at `now` (UTC seconds)."""
        self.tick(now)
        if request.path.startswith(PREFIX):
            return self._biz(request, now)
        if request.method == "POST" and request.path == urlsplit(self._identity.token_endpoint).path:
            self.history.count_token_call()
            return self._identity.token(request, now)
        if request.method == "GET":
            return self._front(request, now)
        return message(401, DENIED)

    def tick(self, now: float) -> None:
        """Apply the late requests that are due by `now`, oldest first, each at its own instant."""
        while self._late and self._late[0].due <= now:
            late = heapq.heappop(self._late)
            self._apply_late(self._offices[late.company], late.request, late.due)

    def _apply_late(self, office: _Office, request: Request, now: float) -> Response:
        visit = Visit(office.books, self.settings.switches, now)
        response = served(visit, request)
        self._remember(visit, office, request, late=True)
        return response

    def next_due(self) -> float | None:
        """When the next late request is due, for a simulation that jumps from instant to instant."""
        return self._late[0].due if self._late else None

    def _front(self, request: Request, now: float) -> Response:
        """The few addresses beside `/api/biz`; any other answers 401, as the real ones do outside the API."""
        if request.path == urlsplit(f"{self.issuer}/.well-known/openid-configuration").path:
            return self._identity.discovery()
        if request.path == "/api/endpoints":
            return answer(200, self._endpoints())
        client = self._identity.bearer(request, now)
        if request.path != "/api/init/companies" or client is None:
            return message(401, DENIED)
        return answer(200, self._companies(client))

    def _biz(self, request: Request, now: float) -> Response:
        office = self._offices.get(request.headers.get("companykey", "").strip().lower())
        key = "" if office is None else office.company.key
        self.history.count_call(key)
        if office is not None:
            refused = self._gate(office, now)
            if refused is not None:
                return refused
        for header in _missing_headers(request):
            self.history.violations.append(Violation(now, key, request.method, request.path, header))
        client = self._identity.bearer(request, now)
        if client is None:
            return message(401, DENIED)
        if office is None or not _is_activated(office.company, client):
            return message(self.settings.switches.unknown_company_status, DENIED)
        return self._struck(office, request, now)

    def _gate(self, office: _Office, now: float) -> Response | None:
        admission = office.quota.admit(now)
        for rule in admission.breaches:
            self.history.breaches.append(QuotaBreach(now, office.company.key, rule))
        return None if admission.is_admitted else _hold(office, 429, RETRY_AFTER_SECONDS, now)

    def _struck(self, office: _Office, request: Request, now: float) -> Response:
        """Serve the call, through the fault that hits it if there is one."""
        strike = self.faults.strike(office.company.key, request.method, request.path)
        if strike is not None and strike.kind == "token_expired":
            self.revoke_tokens()
            return message(401, DENIED)
        if strike is not None and strike.kind == "company_denied":
            office.denied_until = now + strike.seconds
        if now < office.denied_until:
            return message(403, "The company does not allow this integration.")
        if strike is None:
            return self._serve(office, request, now)
        return _refusal(office, strike, now) or self._disturbed(office, request, strike, now)

    def _disturbed(self, office: _Office, request: Request, strike: Strike, now: float) -> Response:
        """Serve a call whose answer is late or never comes."""
        if strike.kind == "applied_late":
            return self._postpone(office, request, now + strike.seconds)
        response = self._serve(office, request, now)
        if strike.kind == "reply_lost":
            silence = self.settings.faults.silence_seconds
            return msgspec.structs.replace(response, lost=True, delay_seconds=silence)
        if strike.kind == "slow":
            return msgspec.structs.replace(response, delay_seconds=strike.seconds)
        return response

    def _postpone(self, office: _Office, request: Request, due: float) -> Response:
        if request.method != "GET":
            self._late_number += 1
            heapq.heappush(self._late, _Late(due, self._late_number, office.company.key.lower(), request))
        return Response(0, lost=True, delay_seconds=self.settings.faults.silence_seconds)

    def _serve(self, office: _Office, request: Request, now: float) -> Response:
        visit = Visit(office.books, self.settings.switches, now)
        response = served(visit, request)
        self._remember(visit, office, request, late=False)
        return response

    def _remember(self, visit: Visit, office: _Office, request: Request, *, late: bool) -> None:
        """Write the call into history.

        A late request is not blamed: what made it wrong may have happened since. What it did to the books counts.
        """
        key = office.company.key
        for write in visit.writes:
            self.history.applied.append(
                Applied(visit.now, key, request.method, write.route, write.row_id,
                        write.created, write.deleted, late, write.row)
            )  # fmt: skip
        for rule in (*(() if late else visit.rules), *visit.alarms):
            self.history.violations.append(Violation(visit.now, key, request.method, request.path, rule))

    def _endpoints(self) -> Row:
        base = self.base_url
        names = ("AppFramework", "Files", "Job", "Integration", "License", "Frontend")
        return {**dict.fromkeys(names, base), "Identity": self.issuer, "Signalr": ""}

    def _companies(self, client: str) -> list[Json]:
        prefix = "Company" if self.settings.switches.prefixed_company_fields else ""
        return [
            {"ID": 1207 + position, f"{prefix}Name": office.company.name, f"{prefix}Key": office.company.key,
             "OrganizationNumber": office.company.organization_number, "ClientNumber": None, "IsTest": False,
             "IsTemplate": False, "StatusCode": 1, "Deleted": False}
            for position, office in enumerate(self._offices.values()) if _is_activated(office.company, client)
        ]  # fmt: skip


def _missing_headers(request: Request) -> tuple[str, ...]:
    """The rules broken by a call that leaves out what every call must carry."""
    needed = {"authorization": "missing_bearer", "companykey": "missing_company_key"}
    return tuple(rule for name, rule in needed.items() if not request.headers.get(name))


def _is_activated(company: Company, client: str) -> bool:
    return company.activated_by is None or client in company.activated_by


def _refusal(office: _Office, strike: Strike, now: float) -> Response | None:
    """The answer of a fault that keeps the call from being served; None if it is served."""
    if strike.kind in {"too_many_requests", "unavailable"}:
        return _hold(office, 429 if strike.kind == "too_many_requests" else 503, strike.seconds, now)
    return _REFUSALS.get(strike.kind)


def _hold(office: _Office, status: int, seconds: float, now: float) -> Response:
    """Refuse the call and tell the company when to come back, in whole seconds as the header has it."""
    wait = math.ceil(seconds)
    office.quota.wait(now, wait)
    refused = message(status, _SAID[status])
    return msgspec.structs.replace(refused, headers={**refused.headers, "retry-after": str(wait)})
