"""What the demo's books hold: customers, projects and vouchers, what is owed, and the VAT of each code."""

from decimal import Decimal
from typing import Self

import msgspec

from daemon.cli.demo.staging import Stage
from daemon.sandbox import balances
from daemon.sandbox.books import Books


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The books of all companies together; `vat_bases` and `vat` are by VAT code, income positive."""

    customers: int
    projects: int
    vouchers: int
    receivables: Decimal
    vat_bases: dict[str, Decimal]
    vat: dict[str, Decimal]

    @classmethod
    def of(cls, stage: Stage) -> Self:
        """Return what the books hold now."""
        every = [stage.emulator.books(key) for key in stage.companies.values()]
        bases: dict[str, Decimal] = {}
        vat: dict[str, Decimal] = {}
        for books in every:
            for code, sums in balances.vat_by_code(books).items():
                bases[code] = bases.get(code, Decimal(0)) - sums.base
                vat[code] = vat.get(code, Decimal(0)) - sums.vat
        owed = [each for books in every for each in balances.customer_balances(books).values()]
        return cls(
            customers=_count(every, "Customer"),
            projects=_count(every, "Project"),
            vouchers=_count(every, "JournalEntry"),
            receivables=sum(owed, Decimal(0)),
            vat_bases=dict(sorted(bases.items(), key=_by_code)),
            vat=dict(sorted(vat.items(), key=_by_code)),
        )

    @property
    def in_short(self) -> str:
        """Return the books in one line."""
        return (
            f"{self.customers} customers, {self.projects} projects, {self.vouchers} vouchers, "
            f"{self.receivables:,.2f} kr owed, {sum(self.vat.values()):,.2f} kr VAT"
        )

    @property
    def by_code(self) -> str:
        """Return net and VAT of each VAT code in one line."""
        return "; ".join(f"{code}: {base:,.2f} + {self.vat[code]:,.2f}" for code, base in self.vat_bases.items())


def _count(every: list[Books], entity: str) -> int:
    return sum(sum(1 for _ in books.table(entity).live()) for books in every)


def _by_code(item: tuple[str, Decimal]) -> tuple[int, str]:
    return (len(item[0]), item[0])
