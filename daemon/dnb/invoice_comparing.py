"""Whether an invoice in DnB says what Moment's says: the sums before booking, and the content at any time.

Sums are DnB's own and must be Moment's: the net of each line exactly, its VAT within a hundredth (each system rounds
each line's VAT on its own), the totals likewise, and no rounding to whole kroner that is not a line of Moment's.
A credit note's amounts may carry either sign in DnB, all of them the same.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from daemon.dnb.bodies import text
from daemon.dnb.invoice_bodies import CENT, CREDIT_NOTE, Drawn, Item
from daemon.dnb.invoice_rows import InvoiceRow, ItemRow

HALF_STEP = Decimal("0.00005")  # DnB keeps four places: what is nearer is the same amount
RATE_PLACES = 4


class Difference(msgspec.Struct, frozen=True):
    """The first field in which DnB's invoice differs from Moment's, and both values."""

    field: str
    found: str
    wanted: str


class Amounts(msgspec.Struct, frozen=True):
    """The sums of a row in the invoice's own currency; None where DnB told none."""

    net: Decimal | None
    vat: Decimal | None
    gross: Decimal | None

    @property
    def are_known(self) -> bool:
        """Tell whether DnB told all three."""
        return None not in (self.net, self.vat, self.gross)


def amounts_of(drawn: Drawn, row: InvoiceRow) -> Amounts:
    """Return the totals of a row in the invoice's own currency."""
    if drawn.references.is_own_currency:
        return Amounts(row.net, row.vat, row.gross)
    return Amounts(row.net_currency, row.vat_currency, row.gross_currency)


def line_amounts(drawn: Drawn, row: ItemRow) -> tuple[Decimal | None, Decimal | None]:
    """Return net and VAT of a line in the invoice's own currency."""
    return (row.net, row.vat) if drawn.references.is_own_currency else (row.net_currency, row.vat_currency)


def sums_are_known(drawn: Drawn, row: InvoiceRow) -> bool:
    """Tell whether a row shows every sum that is compared."""
    money = [item for item in row.living_items if item.product_id is not None]
    nets = [line_amounts(drawn, item)[0] for item in money]
    return amounts_of(drawn, row).are_known and bool(nets) and None not in nets


def rate_difference(drawn: Drawn) -> Difference | None:
    """Return the difference of Moment's VAT from what DnB's rates make of the lines, None where there is none."""
    items = money_of(drawn)
    vat = sum((item.vat for item in items), Decimal()) * drawn.sign
    if any(item.percent is None for item in items) or abs(vat - drawn.content.vat) <= CENT * len(items):
        return None
    return Difference("totalVat", f"{vat:f} by the rates", f"{drawn.content.vat:f}")


def sum_difference(drawn: Drawn, row: InvoiceRow) -> Difference | None:
    """Return the first sum in which DnB differs from Moment, None where all are right."""
    return next(_sum_differences(drawn, row), None)


def rounds_otherwise(drawn: Drawn, row: InvoiceRow) -> bool:
    """Tell whether the totals are equal within the tolerance only."""
    gross = amounts_of(drawn, row).gross
    return gross is not None and not same(abs(gross), abs(drawn.content.gross))


def content_difference(drawn: Drawn, row: InvoiceRow) -> Difference | None:
    """Return the first difference in what the books say of the invoice, None where they say the same.

    Texts, payment id and number are left out: DnB may give others of its own, which is remarked elsewhere. A project or
    a credited invoice that only one side names is no difference: it may have become known later.
    """
    return next(_content_differences(drawn, row), None)


def draft_difference(drawn: Drawn, row: InvoiceRow) -> Difference | None:
    """Return the first difference between a draft and what would be posted now, texts included."""
    return next(_draft_differences(drawn, row), None)


def _draft_differences(drawn: Drawn, row: InvoiceRow) -> Iterator[Difference]:
    yield from _content_differences(drawn, row)
    wanted, found = drawn.root, row
    pairs = {
        "payment_id": (text(found.payment_id), text(wanted["PaymentID"])),
        "payment_information": (text(found.payment_information), text(wanted["PaymentInformation"])),
        "comment": (text(found.comment), text(wanted["Comment"])),
        "project": (str(found.project_id), str(drawn.references.project_id)),
        "credited_invoice": (str(found.invoice_reference_id), str(drawn.references.credited_id)),
    }
    yield from (Difference(name, *pair) for name, pair in pairs.items() if pair[0] != pair[1])
    texts = [text(item.text) for item in row.living_items]
    if texts != [item.text for item in drawn.items]:
        yield Difference("lines", f"{len(texts)} texts", f"{len(drawn.items)} texts")


def _content_differences(drawn: Drawn, row: InvoiceRow) -> Iterator[Difference]:
    content, references = drawn.content, drawn.references
    pairs: dict[str, tuple[object, object]] = {
        "type": (row.invoice_type == CREDIT_NOTE, content.is_credit_note),
        "customer": (row.customer_id, references.customer_id),
        "invoiceDate": (row.dates[0], content.invoice_date),
        "dueDate": (row.dates[1], content.due_date),
        "currency": (row.currency_code_id or references.currency_id, references.currency_id),
        "project": _either(row.project_id, references.project_id),
        "creditedInvoice": _either(row.invoice_reference_id, references.credited_id),
    }
    yield from (Difference(name, str(pair[0]), str(pair[1])) for name, pair in pairs.items() if pair[0] != pair[1])
    rate = None if references.is_own_currency else row.currency_rate
    if rate and not is_rate(rate, references.rate):
        yield Difference("currencyRate", f"{rate:f}", f"{references.rate:f}")
    yield from _sum_differences(drawn, row)
    yield from _journal_differences(drawn, row)
    yield from _line_differences(drawn, row)


def _either(found: int | None, wanted: int | None) -> tuple[int | None, int | None]:
    """Return the two ids to be compared, equal where only one side has one."""
    return (found, wanted) if found and wanted else (None, None)


def _line_differences(drawn: Drawn, row: InvoiceRow) -> Iterator[Difference]:
    """Yield where the lines have other accounts or VAT codes, or the same with other amounts on them."""
    lines = [item for item in row.living_items if item.product_id is not None]
    found = sorted((one.account_id or 0, one.vat_type_id or 0, net) for one, net in _nets(drawn, row, lines))
    wanted = sorted((one.account_id or 0, one.vat_type_id or 0, one.net * drawn.sign) for one in money_of(drawn))
    if [key for *key, _ in found] != [key for *key, _ in wanted]:
        yield Difference("lines", "other accounts or VAT codes", f"{len(wanted)} lines")
    elif not _equal([net for *_, net in found], [net for *_, net in wanted]):
        yield Difference("lines.totalExVat", "the amounts on other accounts or VAT codes", f"{len(wanted)} lines")


def _nets(drawn: Drawn, row: InvoiceRow, lines: list[ItemRow]) -> Iterator[tuple[ItemRow, Decimal]]:
    """Yield the lines with their nets, as Moment has the sign."""
    sign = _sign_of(drawn, row)
    return ((item, (line_amounts(drawn, item)[0] or Decimal()) * sign) for item in lines)


def money_of(drawn: Drawn) -> list[Item]:
    """Return the lines that carry an amount."""
    return [item for item in drawn.items if item.is_money]


def _sum_differences(drawn: Drawn, row: InvoiceRow) -> Iterator[Difference]:
    content, totals, sign = drawn.content, amounts_of(drawn, row), _sign_of(drawn, row)
    lines = [item for item in row.living_items if item.product_id is not None]
    nets = [net for _, net in _nets(drawn, row, lines)]
    wanted = [line.net for line in content.lines]
    if not _equal(sorted(nets), sorted(wanted)):
        yield Difference("lines.totalExVat", _listed(nets), _listed(wanted))
    yield from _line_vat_differences(drawn, lines, sign)
    tolerance = CENT * len(wanted)
    for name, total, told, allowed in (
        ("totalExVat", totals.net, content.net, HALF_STEP),
        ("totalVat", totals.vat, content.vat, tolerance),
        ("totalIncVat", totals.gross, content.gross, tolerance),
    ):
        if total is None or abs(total * sign - told) > allowed:
            yield Difference(name, "none" if total is None else f"{total * sign:f}", f"{told:f}")
    if None not in (totals.net, totals.vat, totals.gross) and not _adds_up(totals):
        yield Difference("rounding", "the total is rounded to whole kroner", "no rounding but by a line of its own")


def _journal_differences(drawn: Drawn, row: InvoiceRow) -> Iterator[Difference]:
    """Yield what is wrong on the customer's account: a credit note that asks for money instead of taking back."""
    lines = row.journal_entry.lines if row.journal_entry else None
    posts = [line.amount for line in lines or [] if line.sub_account_id is not None and line.amount is not None]
    booked, wanted = sum(posts, Decimal()), drawn.content.gross
    is_off = drawn.references.is_own_currency and abs(booked - wanted) > CENT * len(drawn.content.lines)
    if posts and (booked * wanted < 0 or is_off):
        yield Difference("receivable", f"{booked:f}", f"{wanted:f}")


def _line_vat_differences(drawn: Drawn, lines: list[ItemRow], sign: int) -> Iterator[Difference]:
    wanted = money_of(drawn)
    if len(lines) != len(wanted):
        return
    for row, item in zip(lines, wanted, strict=True):
        vat = line_amounts(drawn, row)[1]
        told = item.vat * drawn.sign
        if vat is not None and item.percent is not None and abs(vat * sign - told) > CENT:
            yield Difference("lines.vat", f"{vat * sign:f}", f"{told:f}")


def _sign_of(drawn: Drawn, row: InvoiceRow) -> int:
    """Return -1 where a credit note's amounts have the other sign in DnB than in Moment."""
    net = amounts_of(drawn, row).net or Decimal()
    return -1 if drawn.content.is_credit_note and net * drawn.content.net < 0 else 1


def _adds_up(totals: Amounts) -> bool:
    net, vat, gross = totals.net or Decimal(), totals.vat or Decimal(), totals.gross or Decimal()
    return same(net + vat, gross)


def _equal(found: list[Decimal], wanted: list[Decimal]) -> bool:
    return len(found) == len(wanted) and all(same(*pair) for pair in zip(found, wanted, strict=True))


def same(first: Decimal, second: Decimal) -> bool:
    """Tell whether two amounts are one in four places."""
    return abs(first - second) < HALF_STEP


def is_rate(found: Decimal, wanted: Decimal) -> bool:
    """Tell whether a rate in DnB is Moment's, but for places that DnB does not keep: it keeps four at least."""
    exponent = found.as_tuple().exponent
    places = max(RATE_PLACES, -exponent if isinstance(exponent, int) else 0)
    return abs(found - wanted) <= Decimal(5).scaleb(-places - 1)


def _listed(amounts: list[Decimal]) -> str:
    return ", ".join(f"{amount:f}" for amount in amounts)
