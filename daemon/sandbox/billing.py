"""An invoice of Moment as `data` holds it: lines, totals that add up, and how all of it is written.

VAT is reckoned for each line and rounded half away from zero, as Norwegian invoices are.
"""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from daemon.sandbox import wording
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES
from daemon.sandbox.documents import Json, Row

PERCENTAGES: Final[Mapping[str, str]] = {
    "3": "25", "31": "15", "33": "12", "32": "11.11", "5": "0", "51": "0", "52": "0", "6": "0", "7": "0", "": "0",
}  # fmt: skip
"""What each VAT code of sales adds; a line without a code adds nothing."""

ACCOUNTS: Final[Mapping[str, Sequence[str]]] = {
    "3": ("3000", "3010"), "31": ("3020",), "33": ("3030",), "32": ("3020",), "5": ("3100", "3110"),
    "52": ("3100",), "6": ("3200",), "51": ("3900",), "7": ("3900",), "": ("7740",),
}  # fmt: skip
"""The accounts on which lines of each VAT code are booked."""

_CODES: Final = ("3", "3", "3", "3", "3", "3", "33", "31", "5", "6", "7", "32")
_TYPES: Final = ("hours", "hours", "hours", "expenses", "products")
_CENT: Final = Decimal("0.01")
_EVEN_SHARE: Final = 0.7  # of lines: the price times the quantity comes out even
_LONG_SHARE: Final = 0.06  # of texts
_TEXT_SHARE: Final = 0.5  # of decimals: written as text, the others as numbers
_NULL_SHARE: Final = 0.5  # of fields without value; the others are left out


class Line(msgspec.Struct, frozen=True):
    """One line; its VAT code is empty where it has none."""

    text: str
    quantity: Decimal
    net: Decimal
    code: str
    product_type: str
    account: str

    @property
    def vat(self) -> Decimal:
        """The VAT of the line."""
        return rounded(self.net * Decimal(PERCENTAGES[self.code]) / 100)


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or a credit note, which is negative. `customer` and the like are references as the contract has them.

    `number` is None while it is a draft.
    """

    number: int | None
    customer: Row
    day: dt.date
    due: dt.date
    lines: tuple[Line, ...]
    project: Row | None = None
    credited: Row | None = None
    is_credit_note: bool = False
    payment_id: Json = None
    description: str | None = None
    currency: str = "NOK"
    rate: Decimal | None = None

    @property
    def totals(self) -> tuple[Decimal, Decimal, Decimal]:
        """Net, VAT and gross."""
        net = sum((line.net for line in self.lines), Decimal(0))
        vat = sum((line.vat for line in self.lines), Decimal(0))
        return net, vat, net + vat

    def written(self, chance: random.Random) -> Row:
        """The data of the invoice; each time numbers may be spelled another way."""
        net, vat, gross = self.totals
        data: Row = {
            "invoiceNumber": self.number if chance.random() < 0.8 or self.number is None else str(self.number),  # noqa: PLR2004 -- a share
            "invoiceType": "creditNote" if self.is_credit_note else "invoice",
            "invoiceState": "draft" if self.number is None else "finalized",
            "description": self.description,
            "customer": self.customer,
            "project": self.project,
            "invoiceDate": self.day.isoformat(),
            "dueDate": self.due.isoformat(),
            "paymentId": self.payment_id,
            "creditedInvoice": self.credited,
            "currencyCode": self.currency,
            "currencyRate": None if self.rate is None else spelled(chance, self.rate),
            "totalExVat": spelled(chance, net),
            "totalVat": spelled(chance, vat),
            "totalIncVat": spelled(chance, gross),
            "lines": [_line(chance, line) for line in self.lines],
        }
        return {field: value for field, value in data.items() if value is not None or chance.random() < _NULL_SHARE}


def rounded(amount: Decimal) -> Decimal:
    """An amount to the øre, a half away from zero."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def spelled(chance: random.Random, number: Decimal) -> Json:
    """A decimal as JSON: as text, with or without trailing zeros, or as a number."""
    if chance.random() < _TEXT_SHARE:
        return f"{number:f}" if chance.random() < _TEXT_SHARE else f"{number.normalize():f}"
    return int(number) if number == number.to_integral_value() else float(number)


def work(chance: random.Random) -> tuple[Line, ...]:
    """The lines of an everyday invoice: one to six, several of a type with different VAT codes among them."""
    return tuple(line(chance, chance.choice(_CODES)) for _ in range(chance.choice((1, 1, 2, 2, 3, 4, 6))))


def line(chance: random.Random, code: str, account: str = "") -> Line:
    """One line with this VAT code; half of them have a price whose product with the quantity is rounded."""
    quantity = Decimal(chance.choice(("1", "3", "7", "7.5", "12", "37.5", "0.3333", "1.333333", "0.25", "11")))
    price = Decimal(chance.randrange(5_000, 250_000)) / 100
    net = rounded(quantity * price)
    if chance.random() < _EVEN_SHARE:
        quantity = quantity.to_integral_value(ROUND_HALF_UP) or Decimal(1)
        net = quantity * price
    text = wording.long_text(chance) if chance.random() < _LONG_SHARE else wording.line_text(chance)
    return Line(text, quantity, net, code, chance.choice(_TYPES), account or chance.choice(ACCOUNTS[code]))


def rounding(lines: Sequence[Line]) -> Line | None:
    """The line that rounds an invoice to whole kroner, without VAT code; None where it is whole already."""
    gross = sum((each.net + each.vat for each in lines), Decimal(0))
    off = gross.quantize(Decimal(1), ROUND_HALF_UP) - gross
    return Line("Øreavrunding", Decimal(1), off, "", "products", "7740") if off else None


def split(chance: random.Random, share: int) -> tuple[Line, ...]:
    """The lines of one half of a split invoice: the whole, and a deduction of what the other customer pays."""
    whole = Decimal(chance.randrange(20_000, 200_000))
    deduction = rounded(-whole * (100 - share) / 100)
    return (
        Line("Honorar", Decimal(1), whole, "3", "hours", "3000"),
        Line(f"Fradrag, {100 - share} % annen kunde", Decimal(1), deduction, "3", "hours", "3000"),
    )


def taken_back(line_: Line) -> Line:
    """A line of a credit note: the quantity and the amount are negative."""
    return msgspec.structs.replace(line_, quantity=-line_.quantity, net=-line_.net)


def _line(chance: random.Random, each: Line) -> Row:
    written: Row = {
        "text": each.text,
        "quantity": spelled(chance, each.quantity),
        "totalExVat": spelled(chance, each.net),
        "vatCode": None if each.account in ACCOUNT_VAT_CODES else each.code or None,
        "productType": each.product_type,
        "accountNumber": int(each.account) if chance.random() < 0.1 else each.account,  # noqa: PLR2004 -- a share
    }
    return {field: value for field, value in written.items() if value is not None or chance.random() < _NULL_SHARE}
