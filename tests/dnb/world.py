"""A world of one company for the procedures: the emulator as DnB, calls carried without a network, faults on demand."""

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Literal

import msgspec

from daemon.core.procedure import Answered, Call, Known, Outcome, Procedure, Reply, Unanswered
from daemon.dnb.assertion import Credentials, client_assertion, token_form
from daemon.dnb.tokens import Token, token_reply
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.exchange import Request, Response
from daemon.sandbox.settings import Client, Company, Settings, Switches

COMPANY_KEY = "6f1c2a0e-91f4-4b0c-8b2c-2d6a0f4a7e11"
CLIENT_ID = "moment"
NOW = 1_775_000_000.0
BASE_URL = "https://dnb.example"

Behaviour = Literal["replied", "reply_lost", "late", "last", "not_applied", "twice"]
"""What becomes of the call at which a procedure is killed.

`late` is applied when the next run has read and wants to write, `last` when the next run has ended.
"""
BEHAVIOURS: tuple[Behaviour, ...] = ("replied", "reply_lost", "late", "last", "not_applied", "twice")


@cache
def pem() -> tuple[bytes, bytes]:
    """Return a client's PEM bundle and its certificate, made once for all tests."""
    made = issued(CLIENT_ID, dt.datetime.fromtimestamp(NOW - 1, dt.UTC))
    return made.bundle, made.certificate


@cache
def credentials() -> Credentials:
    """Return the client's credentials; reading a private key is slow, as it is checked."""
    return Credentials.from_pem(pem()[0], CLIENT_ID)


class World:
    """One company in the emulator, and the calls still under way to it."""

    def __init__(self, switches: Switches | None = None) -> None:
        """Open fresh books and get a token."""
        settings = Settings(
            companies=(Company("Fjellvik AS", COMPANY_KEY),),
            clients=(Client(CLIENT_ID, pem()[1]),),
            base_url=BASE_URL,
            switches=switches or Switches(),
        )
        self.emulator = Emulator(settings)
        self.late: list[Call] = []
        self.token = self._token()

    def send(self, call: Call) -> Answered:
        """Carry one call to DnB and its answer back."""
        path, _, query = call.target.partition("?")
        headers = {"authorization": f"Bearer {self.token}", "companykey": COMPANY_KEY}
        if call.body is not None:
            headers["content-type"] = "application/json"
        response = self.emulator.handle(Request(call.method, f"/{path}", query, headers, call.body or b""), NOW)
        return answered(response)

    def strike(self, call: Call, behaviour: Behaviour) -> Reply:
        """Let one call meet a fault; return what the procedure would hear of it."""
        if behaviour == "replied":
            return self.send(call)
        if behaviour == "twice":
            self.send(call)
        if behaviour in {"reply_lost", "twice"}:
            self.send(call)
        if behaviour in {"late", "last"} and call.writes:
            self.late.append(call)
        return Unanswered("timeout")

    def arrive(self) -> None:
        """Apply the calls still under way."""
        for call in self.late:
            self.send(call)
        self.late.clear()

    def customers(self) -> list[dict[str, Any]]:
        """Return what an accountant sees of each living customer, straight from the books."""
        books = self.emulator.books(COMPANY_KEY)
        return [seen(books, row) for row in books.table("Customer").live()]

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """Return the living rows of one entity, straight from the books."""
        return [dict(row) for row in self.emulator.books(COMPANY_KEY).table(entity).live()]

    def _token(self) -> str:
        endpoint = f"{BASE_URL}/connect/token"
        assertion = client_assertion(credentials(), audience=endpoint, jti="1", now=NOW)
        body = token_form(credentials(), assertion, "AppFramework")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        reply = answered(self.emulator.handle(Request("POST", "/connect/token", "", headers, body), NOW))
        token = token_reply(reply, NOW)
        assert isinstance(token, Token), reply
        return token.access_token


def answered(response: Response) -> Answered:
    """Return a response of the emulator as the transport would hand it on."""
    wait = response.headers.get("retry-after")
    return Answered(status=response.status, body=response.body, retry_after=None if wait is None else float(wait))


def run(world: World, procedure: Procedure, *, writing: Callable[[], None] = lambda: None) -> Outcome:
    """Run a procedure to its end in a world that works; `writing` happens before its first write, or at its end."""
    pending: list[Callable[[], None]] = [writing]
    try:
        call = next(procedure)
        while True:
            if call.writes and pending:
                pending.pop()()
            call = procedure.send(world.send(call))
    except StopIteration as ended:
        for act in pending:
            act()
        outcome: Outcome = ended.value
        return outcome


def calls_of(world: World, procedure: Procedure) -> list[Call]:
    """Run a procedure to its end and return the calls it made."""
    made: list[Call] = []
    try:
        call = next(procedure)
        while True:
            made.append(call)
            call = procedure.send(world.send(call))
    except StopIteration:
        return made


def kill_at(world: World, procedure: Procedure, number: int, behaviour: Behaviour) -> bool:
    """Run a procedure and kill it when its call `number` (from 0) met the fault; False if it ended before."""
    try:
        call = next(procedure)
        for _ in range(number):
            call = procedure.send(world.send(call))
    except StopIteration:
        return False
    world.strike(call, behaviour)
    procedure.close()
    return True


def play(procedure: Procedure, replies: Iterable[Reply]) -> tuple[list[Call], Outcome]:
    """Feed a procedure scripted replies; return its calls and its outcome."""
    made: list[Call] = []
    script = iter(replies)
    try:
        made.append(next(procedure))
        while True:
            made.append(procedure.send(next(script)))
    except StopIteration as ended:
        return made, ended.value


def ok(document: object, status: int = 200) -> Answered:
    """Return an answer with a JSON body."""
    return Answered(status=status, body=msgspec.json.encode(document))


def known(version: int = 1, dnb_id: int | None = None, *, dirty: bool = False) -> Known:
    """Return what the ledger would tell a procedure."""
    return Known(version=version, dnb_id=dnb_id, dirty=dirty, was_attempted=dirty)


def seen(books: Any, row: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - the emulator's own books
    """Return one customer's fields as plain texts, empty where DnB has nothing."""
    info = books.table("BusinessRelation").get(row["BusinessRelationID"])
    phones = [phone for phone in books.table("Phone").live() if phone["BusinessRelationID"] == info["ID"]]
    return {
        "number": row["CustomerNumber"],
        "organisation_number": row["OrgNumber"] or "",
        "website": row["WebUrl"] or "",
        "currency": _field(books, "CurrencyCode", row["CurrencyCodeID"], "Code"),
        "credit_days": row["CreditDays"],
        "name": info["Name"],
        "email": _field(books, "Email", info["DefaultEmailID"], "EmailAddress"),
        "phone": _field(books, "Phone", info["DefaultPhoneID"], "Number"),
        "faxes": [phone["Number"] for phone in phones if str(phone["Type"]) == "150103"],
        "invoice_address": _address(books, info["InvoiceAddressID"]),
        "delivery_address": _address(books, info["ShippingAddressID"]),
    }


def _field(books: Any, table: str, row_id: int | None, name: str) -> str:  # noqa: ANN401 - the emulator's own books
    row = None if row_id is None else books.table(table).get(row_id)
    return "" if row is None else row[name] or ""


def _address(books: Any, row_id: int | None) -> tuple[str, ...]:  # noqa: ANN401 - the emulator's own books
    names = ("AddressLine1", "AddressLine2", "PostalCode", "City", "CountryCode", "Country")
    found = tuple(_field(books, "Address", row_id, name) for name in names)
    return found if any(found) else ()
