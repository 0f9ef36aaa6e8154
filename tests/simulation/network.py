"""The way between the replicas and DnB: the emulator's books, reached over a network that loses, repeats and delays."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

import msgspec

from daemon.core.actions import Send
from daemon.core.model import Entity
from daemon.core.procedure import Answered, Reply, Unanswered, Unreachable
from daemon.dnb.assertion import client_assertion, token_form
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.exchange import Request, Response
from daemon.sandbox.settings import Client, Settings, Switches
from tests.dnb.world import CLIENT_ID, credentials, pem
from tests.simulation.meeting import EVERYBODY
from tests.simulation.overtaking import led_back
from tests.simulation.schedules import CALL_FAULTS, TOKEN_FAULTS, Schedule, Trouble
from tests.simulation.timeline import START_SECONDS, Timeline

REQUEST_SECONDS = 2.0
LATE_BOUND_SECONDS = 8.0
BASE_URL = "https://dnb.example"

UNAUTHORIZED = 401

TOKEN_STATUS = {
    "token_refused": "400", "token_unauthorized": "401", "token_throttled": "429", "token_unavailable": "503",
}  # fmt: skip

Hear = Callable[[Reply], None]


class Carried(msgspec.Struct, frozen=True):
    """A request on its way, and what it is about if that is one entity alone.

    `late_since` is set if it comes late: how many writes had been applied when it should have left.
    """

    request: Request
    entity: Entity | None
    late_since: int | None = None


class Network:
    """Carries calls to DnB and answers back; the nth call meets the trouble that the schedule has for it."""

    def __init__(self, schedule: Schedule, timeline: Timeline, chance: Random, counts: Counter[str]) -> None:
        """Open the books of every company."""
        self.emulator = Emulator(
            Settings(
                companies=schedule.companies,
                clients=(Client(CLIENT_ID, pem()[1]),),
                base_url=BASE_URL,
                switches=Switches(clock_skew_seconds=60.0, token_lifetime_seconds=schedule.token_seconds),
                opened_at=START_SECONDS,
                seed=schedule.seed,
            )
        )
        self.calls = 0
        self.tokens = 0
        self.late = 0
        self.regressions = 0
        self.when_doubted: Callable[[Entity, Trouble], None] = lambda _entity, _trouble: None
        self.when_served: Callable[[Entity | None], None] = lambda _entity: None
        self.when_met: Callable[[str, str], None] = lambda _kind, _scope: None
        self.denied_until: dict[str, float] = {}
        self.outage_until = 0.0
        self.retry_after_seconds = 0.0
        self._timeline = timeline
        self._chance = chance
        self._counts = counts
        self._keys = {schedule.tenants[name].company: key for name, key in _keys(schedule).items()}
        self._faults: dict[int, deque[Trouble]] = {}
        self._waiting: list[Trouble] = []
        for trouble in schedule.troubles:
            self.plan(trouble)

    def plan(self, trouble: Trouble) -> None:
        """Let a trouble strike the call, or the request for a token, of its number."""
        self._faults.setdefault(int(trouble.at), deque()).append(trouble)

    # -- calls -------------------------------------------------------------------------------------------------

    @property
    def applied(self) -> int:
        """Return how many writes have been applied."""
        return len(self.emulator.history.applied)

    def carry(self, send: Send, token: str, hear: Hear, *, late_since: int | None = None) -> None:
        """Carry a call; its caller hears what became of it, at the latest when its patience is at an end.

        One that its caller has stood still with comes late, and meets no other trouble.
        """
        self.calls += 1
        carried = Carried(self._request(send, token), send.entity, late_since)
        trouble = self._strike_call(send, is_late=late_since is not None)
        if trouble is None:
            self._arrive(carried, hear, self._delay())
            return
        if send.entity is not None and send.call.writes:
            self.when_doubted(send.entity, trouble)
        self._disturb(trouble, carried, hear)

    def _disturb(self, trouble: Trouble, carried: Carried, hear: Hear) -> None:
        possible = _possible(trouble.kind, carried.request)
        self._counts[possible] += 1
        match possible:
            case "request_lost":
                self._fall_silent(hear)
            case "reply_lost":
                self._arrive(carried, lambda _: None, self._delay())
                self._fall_silent(hear)
            case "applied_late":
                late = msgspec.structs.replace(carried, late_since=self.applied)
                self._timeline.after(_late(trouble.seconds), partial(self._apply, late))
                self._fall_silent(hear)
            case "applied_twice":
                self._arrive(carried, hear, self._delay())
                self._arrive(carried, lambda _: None, self._delay())
            case "unreachable":
                self._timeline.after(self._delay(), lambda: hear(Unreachable("ConnectError")))
            case "slow":
                self._arrive(carried, hear, self._delay(), slowly=REQUEST_SECONDS * 0.8 * trouble.seconds)
            case "timed_out":
                self._arrive(carried, lambda _: None, self._delay() + trouble.seconds)
                self._timeline.after(REQUEST_SECONDS, lambda: hear(Unanswered("ReadTimeout")))
            case "500_applied":
                self._arrive(carried, lambda _: hear(Answered(status=500, body=b"{}")), self._delay())
            case kind:
                reply = _said(kind, self._retry_after(trouble))
                self._timeline.after(self._delay(), lambda: hear(reply))

    def _retry_after(self, trouble: Trouble) -> float:
        return self.retry_after_seconds or round(1.0 + 4.0 * trouble.seconds)

    def _fall_silent(self, hear: Hear) -> None:
        """Answer nothing: the connection is cut at once, or the caller's patience ends."""
        is_cut = self._chance.random() < 0.3
        seconds = self._delay() if is_cut else REQUEST_SECONDS
        self._timeline.after(seconds, lambda: hear(Unanswered("ReadError" if is_cut else "ReadTimeout")))

    def _arrive(self, carried: Carried, hear: Hear, seconds: float, *, slowly: float = 0.0) -> None:
        def serve() -> None:
            response = self._serve(carried)
            self._timeline.after(self._delay() + slowly, lambda: hear(_answered(response)))

        self._timeline.after(seconds, serve)

    def _apply(self, carried: Carried) -> None:
        """Serve a request whose answer nobody hears."""
        self._serve_late(carried)

    def _serve_late(self, carried: Carried) -> Response:
        """Apply a request late."""
        self.late += 1
        before = self.applied
        response = self.emulator.arrive_late(carried.request, self._timeline.now)
        is_applied = self.applied > before and carried.late_since is not None
        self.regressions += is_applied and led_back(self.emulator.history.applied, carried.late_since or 0)
        self.when_served(carried.entity)
        return response

    def _serve(self, carried: Carried) -> Response:
        now, request = self._timeline.now, carried.request
        company = request.headers.get("companykey", "")
        if now < self.outage_until:
            self.when_met("outage", EVERYBODY)
            return Response(503)
        if now < self.denied_until.get(company, 0.0):
            self.when_met("company_denied", company)
            return Response(403)
        if carried.late_since is not None:
            return self._serve_late(carried)
        response = self.emulator.handle(request, now)
        if response.status == UNAUTHORIZED:
            self.when_met("token_revoked", EVERYBODY)
        self.when_served(carried.entity)
        return response

    def _request(self, send: Send, token: str) -> Request:
        path, _, query = send.call.target.partition("?")
        headers = {"authorization": f"Bearer {token}", "companykey": self._keys[send.company]}
        if send.call.body is not None:
            headers["content-type"] = "application/json"
        return Request(send.call.method, f"/{path}", query, headers, send.call.body or b"")

    # -- tokens ------------------------------------------------------------------------------------------------

    def ask_for_token(self, now: float, hear: Hear) -> None:
        """Ask the identity server for a token; `now` is the instant on the caller's clock."""
        self.tokens += 1
        number = self.tokens
        assertion = client_assertion(credentials(), audience=f"{BASE_URL}/connect/token", jti=str(number), now=now)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        form = token_form(credentials(), assertion, "AppFramework")
        request = Request("POST", "/connect/token", "", headers, form)

        def serve(told: Hear) -> None:
            response = self.emulator.handle(request, self._timeline.now)
            self._timeline.after(self._delay(), lambda: told(_answered(response)))

        trouble = self._strike(number, TOKEN_FAULTS)
        if trouble is None:
            self._timeline.after(self._delay(), lambda: serve(hear))
            return
        self._counts[trouble.kind] += 1
        match trouble.kind:
            case "token_lost":
                self._fall_silent(hear)
            case "token_timed_out":
                self._timeline.after(self._delay(), lambda: serve(lambda _: None))
                self._timeline.after(REQUEST_SECONDS, lambda: hear(Unanswered("ReadTimeout")))
            case "token_garbled":
                self._timeline.after(self._delay(), lambda: hear(Answered(status=200, body=b"<html>")))
            case kind:
                reply = _said(TOKEN_STATUS[kind], self._retry_after(trouble))
                self._timeline.after(self._delay(), lambda: hear(reply))

    # -- troubles ----------------------------------------------------------------------------------------------

    def _strike_call(self, send: Send, *, is_late: bool) -> Trouble | None:
        """Return the trouble of this call; one that is nothing to such a call waits for another."""
        trouble = self._strike(self.calls, CALL_FAULTS)
        if trouble is not None and (is_late or not _strikes(trouble, send)):
            self._waiting.append(trouble)
            trouble = None
        waiting = [one for one in self._waiting if trouble is None and not is_late and _strikes(one, send)]
        if waiting:
            trouble = waiting[0]
            self._waiting.remove(trouble)
        return trouble

    def _strike(self, number: int, kinds: Sequence[str]) -> Trouble | None:
        """Return the trouble of such a kind that the schedule has for the nth call, or request for a token."""
        for trouble in self._faults.get(number, ()):
            if trouble.kind in kinds:
                self._faults[number].remove(trouble)
                return trouble
        return None

    def _delay(self) -> float:
        return self._chance.uniform(0.001, 0.02)

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()
        self._waiting.clear()
        self.denied_until.clear()
        self.outage_until = 0.0


def _keys(schedule: Schedule) -> dict[str, str]:
    return {name: company.key for name, company in zip(schedule.tenants, schedule.companies, strict=True)}


OF_WRITES = {"applied_late", "applied_twice", "500_applied"}

UPDATES_SHARE = 0.7
"""Of the requests that are applied late are updates: a create that comes late is refused for its guid."""


def _strikes(trouble: Trouble, send: Send) -> bool:
    """Tell whether a trouble is one to this call: a read that is applied late, or twice, is none."""
    if trouble.kind not in OF_WRITES:
        return True
    is_choosy = trouble.kind == "applied_late" and trouble.whom < UPDATES_SHARE
    return send.call.writes and (send.call.method == "PUT" or not is_choosy)


def _possible(kind: str, request: Request) -> str:
    """Return what may become of the request: from a transition that DnB refuses something is learnt, by design.

    A project's is not tried again, and a credit note's asks for amounts of the other sign.
    """
    is_transition = "action=" in request.query
    return "503_bare" if is_transition and kind in {"400", "404", "409", "422"} else kind


def _late(share: float) -> float:
    """Return how long after its sending a request is applied whose caller has stopped waiting."""
    return 0.05 + share * (LATE_BOUND_SECONDS - 0.5)


def _said(kind: str, wait: float) -> Answered:
    status = int(kind.partition("_")[0])
    return Answered(status=status, body=b'{"Message": "no"}', retry_after=wait if kind in {"429", "503"} else None)


def _answered(response: Response) -> Reply:
    if response.lost:
        return Unanswered("ReadError")
    wait = response.headers.get("retry-after")
    return Answered(status=response.status, body=response.body, retry_after=None if wait is None else float(wait))
