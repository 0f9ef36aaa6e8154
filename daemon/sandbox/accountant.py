"""What the company's own accountant does in DnB: how the books stand when a story begins, and what is put right in it.

Nothing of it goes through the API or leaves a trace in `history`: it is not the client's doing.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from daemon.sandbox.arrangements import (
    ACCOUNT_VAT_CODES,
    HOURS_PRODUCT,
    LOCKED_ACCOUNT,
    MISSING_ACCOUNT,
    MISSING_VAT_CODE,
    locked_at_first,
    locked_for_good,
)
from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row, encoded
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.exchange import Request
from daemon.sandbox.firms import ADDED_CUSTOMERS, STANDING_CUSTOMERS, STANDING_PROJECTS

DeedKind: TypeAlias = Literal["opens_period", "adds_account", "unlocks_account", "adds_vat_code", "adds_customers"]

DEEDS: Final[tuple[DeedKind, ...]] = get_args(DeedKind)

FIRST_DEED_SHARE: Final = 0.4  # of the records are produced when the accountant begins
LAST_DEED_SHARE: Final = 0.85

_WORDS: Final[Mapping[DeedKind, str]] = {
    "opens_period": "a closed period is opened again",
    "adds_account": f"account {MISSING_ACCOUNT} is added",
    "unlocks_account": f"account {LOCKED_ACCOUNT} is unlocked",
    "adds_vat_code": f"VAT code {MISSING_VAT_CODE} is added",
    "adds_customers": "customers that are not transferred are added",
}


class Deed(msgspec.Struct, frozen=True):
    """Something the accountants of all companies do once `after` records are produced; `words` is for a watcher."""

    after: int
    kind: DeedKind
    words: str


def deeds(events: int) -> tuple[Deed, ...]:
    """The deeds of a story of `events` records, in order: everything that is missing at first is put right."""
    between = (LAST_DEED_SHARE - FIRST_DEED_SHARE) / (len(DEEDS) - 1)
    return tuple(
        Deed(int(events * (FIRST_DEED_SHARE + between * at)), kind, _WORDS[kind]) for at, kind in enumerate(DEEDS)
    )


class Accountant:
    """The accountant of one company."""

    def __init__(self, emulator: Emulator, company: str, kinds: AbstractSet[str], now: float) -> None:
        """`kinds` is what the company is sent; the rest the accountant keeps by hand."""
        self._emulator = emulator
        self._company = company
        self._kinds = kinds
        self._today = dt.datetime.fromtimestamp(now, dt.UTC).date()

    @property
    def _books(self) -> Books:
        return self._emulator.books(self._company)

    def begin(self, now: float) -> None:
        """The books as they stand when the story begins: a period closed, and this and that missing."""
        self._lock(locked_at_first(self._today), now)
        self._add_account(LOCKED_ACCOUNT, now, Locked=True)
        for account in ACCOUNT_VAT_CODES:
            self._add_account(account, now)
        self._books.add("Product", {"PartName": HOURS_PRODUCT, "Name": "Timer"}, now)
        types = self._books.table("VatType")
        for row in types.where("VatCode", MISSING_VAT_CODE):
            types.remove(row, now)
        if "customer" not in self._kinds:
            self._add_customers(STANDING_CUSTOMERS, now)
        if "project" not in self._kinds:
            for number in STANDING_PROJECTS:
                self._post("projects", {"ProjectNumber": str(number), "Name": f"Prosjekt {number}"}, now)

    def perform(self, kind: DeedKind, now: float) -> None:
        """Put something right; what is right already stays as it is."""
        match kind:
            case "opens_period":
                self._lock(locked_for_good(self._today), now)
            case "adds_account":
                self._add_account(MISSING_ACCOUNT, now)
            case "unlocks_account":
                accounts = self._books.table("Account")
                accounts.update(accounts.where("AccountNumber", int(LOCKED_ACCOUNT))[0], {"Locked": False}, now)
            case "adds_vat_code":
                self._add_vat_code(now)
            case "adds_customers":
                if "customer" not in self._kinds:
                    self._add_customers(ADDED_CUSTOMERS, now)

    def _lock(self, day: dt.date, now: float) -> None:
        settings = self._books.table("CompanySettings")
        settings.update(next(settings.live()), {"AccountingLockedDate": day.isoformat()}, now)

    def _add_account(self, number: str, now: float, **columns: Json) -> None:
        if self._books.table("Account").where("AccountNumber", int(number)):
            return
        values: Row = {"AccountNumber": int(number), "AccountName": f"Salgsinntekt {number}", **columns}
        self._books.add("Account", values, now)

    def _add_vat_code(self, now: float) -> None:
        if self._books.table("VatType").where("VatCode", MISSING_VAT_CODE):
            return
        values: Row = {"VatCode": MISSING_VAT_CODE, "Name": "Innenlands omvendt avgiftsplikt", "OutputVat": True}
        if "VatPercent" in self._books.table("VatType").entity.fields:
            values["VatPercent"] = 0.0
        row = self._books.add("VatType", values, now)
        rate: Row = {"VatTypeID": id_of(row), "VatPercent": 0.0, "ValidFrom": "2016-01-01"}
        self._books.add("VatTypePercentage", rate, now)

    def _add_customers(self, numbers: Iterable[int], now: float) -> None:
        customers = self._books.table("Customer")
        for number in numbers:
            if customers.where("CustomerNumber", number):
                continue
            self._post("customers", {"CustomerNumber": number, "Info": {"Name": f"Kunde {number} AS"}}, now)

    def _post(self, route: str, body: Row, now: float) -> None:
        headers = {"content-type": "application/json"}
        answer = self._emulator.by_hand(
            self._company, Request("POST", f"/api/biz/{route}", "", headers, encoded(body)), now
        )
        if answer.status >= 300:  # noqa: PLR2004 -- the API's refusals begin there
            message = f"the accountant could not add to {route}: {answer.status}"
            raise ValueError(message)
