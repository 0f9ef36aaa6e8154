"""Judging sums: the trial balance, what customers owe, and VAT by code, all as the events add up."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from daemon.sandbox import balances
from daemon.sandbox.books import Books
from daemon.sandbox.postings import RECEIVABLES, VAT_ACCOUNTS, Posting

T = TypeVar("T", str, int)

_ROUNDING_CODE: Final = "7"
"""Income without VAT treatment: what a rounding line without a code may be booked as."""


def wrong_sums(tenant: str, books: Books, postings: Iterable[Posting]) -> Iterator[str]:
    """The sums of one company that are not those of `postings`, which are all that it should have."""
    every = list(postings)
    yield from _compared(f"{tenant}: account", accounts(every), balances.trial_balance(books))
    yield from _compared(f"{tenant}: VAT code", vat(every), {
        code: sums.vat for code, sums in balances.vat_by_code(books).items()
    })  # fmt: skip
    bases = {code: sums.base for code, sums in balances.vat_by_code(books).items()}
    yield from _compared(f"{tenant}: base of VAT code", _with_rounding(every, bases), bases)
    owed = sum(balances.customer_balances(books).values(), Decimal(0))
    if owed != sum((posting.receivable for posting in every), Decimal(0)):
        yield f"{tenant}: customers owe another sum"


def accounts(postings: Iterable[Posting]) -> Mapping[int, Decimal]:
    """The trial balance: debit is positive."""
    sums: dict[int, Decimal] = {}
    for posting in postings:
        _add(sums, RECEIVABLES, posting.receivable)
        for (account, _, _), amount in posting.income:
            _add(sums, int(account), -amount)
        for code, amount in posting.vat:
            _add(sums, VAT_ACCOUNTS[code], -amount)
    return sums


def vat(postings: Iterable[Posting]) -> Mapping[str, Decimal]:
    """The VAT of each code; what is owed is negative."""
    sums: dict[str, Decimal] = {}
    for posting in postings:
        for code, amount in posting.vat:
            _add(sums, code, -amount)
    return sums


def _with_rounding(postings: Iterable[Posting], shown: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """The net of each code; that of rounding lines, which have none, is under the code where the books have it."""
    sums: dict[str, Decimal] = {}
    for posting in postings:
        for (_, code, _), amount in posting.income:
            _add(sums, code, -amount)
    loose = sums.pop("", Decimal(0))
    if shown.get(_ROUNDING_CODE, Decimal(0)) != sums.get(_ROUNDING_CODE, Decimal(0)):
        _add(sums, _ROUNDING_CODE, loose)
    return sums


def _add(sums: dict[T, Decimal], key: T, amount: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + amount


def _compared(what: str, want: Mapping[T, Decimal], show: Mapping[T, Decimal]) -> Iterator[str]:
    for key in sorted(set(want) | set(show), key=str):
        if want.get(key, Decimal(0)) != show.get(key, Decimal(0)):
            yield f"{what} {key} has {show.get(key, Decimal(0))} and should have {want.get(key, Decimal(0))}"
