"""Drawing up invoices in Moment: for whom, on which project, with which number, dates and payment id."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from daemon.sandbox import billing, payment_ids, wording
from daemon.sandbox.billing import Bill, Line
from daemon.sandbox.documents import Row
from daemon.sandbox.firms import Firm, World
from daemon.sandbox.planning import reference
from daemon.sandbox.planting import Item, Planted

_PROJECT_SHARE: Final = 0.65  # of invoices; the others are for no project
_CREDIT_DAYS: Final = (10, 14, 14, 14, 20, 30, 0)
_OLDEST_DAYS: Final = 30  # of everyday invoices: well within the open period
_MISSING_SHARE: Final = 0.04  # of payment ids
_RATES: Final = (("EUR", "11.4325"), ("SEK", "1.0312"), ("USD", "10.2"), ("GBP", "13.77115"))
_DOMESTIC_SHARE: Final = 0.3  # of invoices in another currency: with VAT, the others are exports
_KEPT: Final = 40  # last invoices of a firm that somebody may pay or credit


class Sale(Item):
    """An invoice as it is in Moment now, and the bill that its good versions say."""

    def __init__(self, tenant: str, item_id: int, bill: Bill) -> None:
        super().__init__(tenant, "invoice", item_id, {})
        self.bill = bill


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a sale: its customer as a reference, its project, its day. A draft takes no number."""

    customer: Row | None = None
    project: Item | None = None
    day: dt.date | None = None
    is_draft: bool = False


class Sales:
    """Draws up sales, and keeps the everyday ones that later episodes may go on with."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._everyday: dict[str, list[Sale]] = {firm.tenant: [] for firm in world.firms}
        self._sums: set[tuple[str, int, Decimal]] = set()

    def drawn_up(self, firm: Firm, lines: Sequence[Line] = (), wish: Wish | None = None) -> Sale:
        """A sale that no record has told of yet; what is not wished for is drawn."""
        wish = wish or Wish()
        chosen = wish.project or self._project(firm)
        whom = wish.customer or self._customer(firm, chosen)
        on = wish.day or self._world.today - dt.timedelta(days=self._chance.randrange(_OLDEST_DAYS))
        bill = Bill(
            number=None if wish.is_draft else firm.invoice_number(),
            customer=whom,
            project=None if chosen is None else project_reference(chosen),
            day=on,
            due=on + dt.timedelta(days=self._chance.choice(_CREDIT_DAYS)),
            lines=self._lines(firm, whom, lines),
            description=wording.description(self._chance),
        )
        sale = Sale(firm.tenant, firm.next_id("invoice"), bill)
        sale.bill = msgspec.structs.replace(bill, payment_id=self._payment_id(firm, bill))
        return sale

    def credit_note(self, firm: Firm, sale: Sale, lines: Sequence[Line], credited: Row | None) -> Sale:
        """A credit note to the customer of `sale`, drawn up today and not told of yet."""
        bill = msgspec.structs.replace(
            sale.bill,
            number=firm.invoice_number(),
            is_credit_note=True,
            day=self._world.today,
            due=self._world.today,
            lines=tuple(map(billing.taken_back, lines)),
            credited=credited,
        )
        bill = msgspec.structs.replace(bill, payment_id=self._payment_id(firm, bill))
        return Sale(firm.tenant, firm.next_id("invoice"), bill)

    def with_broken_payment_id(self, firm: Firm) -> Sale:
        """A sale whose payment id no bank takes."""
        sale = self.drawn_up(firm)
        wrong = payment_ids.broken(payment_ids.payment_id(firm.payment_format, _payable(sale.bill)))
        sale.bill = msgspec.structs.replace(sale.bill, payment_id=wrong)
        return sale

    def in_currency(self, sale: Sale) -> Sale:
        """The sale in another currency: most of them exports without VAT."""
        currency, rate = self._chance.choice(_RATES)
        lines = sale.bill.lines
        if self._chance.random() > _DOMESTIC_SHARE:
            lines = tuple(msgspec.structs.replace(each, code="52", account="3100") for each in lines)
        sale.bill = msgspec.structs.replace(sale.bill, lines=lines, currency=currency, rate=Decimal(rate))
        return sale

    def finished(self, sale: Sale, trouble: str = "") -> Planted:
        """The record of the finished invoice."""
        return self._world.pen.changed(sale, sale.bill.written(self._chance), trouble)

    def made_out(self, sale: Sale, trouble: str = "") -> Planted:
        """The record of the finished invoice, which later episodes may go on with."""
        everyday = self._everyday[sale.tenant]
        everyday.append(sale)
        del everyday[:-_KEPT]
        return self.finished(sale, trouble)

    def some(self, firm: Firm) -> Sale:
        """An everyday sale of the firm, a new one where it has none."""
        everyday = self._everyday[firm.tenant]
        if not everyday:
            everyday.append(self.drawn_up(firm))
        return self._chance.choice(everyday)

    def taken(self, firm: Firm) -> Sale | None:
        """An everyday sale that was told of and that nobody goes on with any more."""
        everyday = self._everyday[firm.tenant]
        told = [sale for sale in everyday if sale.version]
        if not told:
            return None
        sale = self._chance.choice(told)
        everyday.remove(sale)
        return sale

    def other_customer(self, firm: Firm, customer: Row) -> Row:
        """Another customer of the firm, the same one where it has no other."""
        others = [each for each in firm.customers if each.id != customer["id"]]
        return reference(self._chance.choice(others)) if others else customer

    def _project(self, firm: Firm) -> Item | None:
        if not firm.projects or self._chance.random() > _PROJECT_SHARE:
            return None
        return self._chance.choice(firm.projects)

    def _customer(self, firm: Firm, project: Item | None) -> Row:
        """The project's customer, or anybody."""
        known = None if project is None else project.good.get("customer")
        return known if isinstance(known, dict) else reference(self._chance.choice(firm.customers))

    def _lines(self, firm: Firm, customer: Row, given: Sequence[Line]) -> tuple[Line, ...]:
        """The lines, drawn until the customer has no other invoice of the same sum.

        A payment id may be the same for all invoices of a customer: only the sum tells them apart then.
        """
        while True:
            lines = tuple(given) or billing.work(self._chance)
            total = sum((each.net + each.vat for each in lines), Decimal(0))
            key = (firm.tenant, int(str(customer["id"])), total)
            if given or key not in self._sums:
                self._sums.add(key)
                return lines

    def _payment_id(self, firm: Firm, bill: Bill) -> str | int | None:
        if bill.number is None or self._chance.random() < _MISSING_SHARE:
            return None
        return payment_ids.as_written(self._chance, payment_ids.payment_id(firm.payment_format, _payable(bill)))


def project_reference(project: Item) -> Row:
    """How an invoice names its project; one with a bad number is named by what it has."""
    number = project.good.get("projectNumber")
    return {"id": project.id, "projectNumber": number if isinstance(number, int) else str(number or "?")}


def _payable(bill: Bill) -> payment_ids.Payable:
    digits = "".join(filter(str.isdecimal, str(bill.customer["customerNumber"])))[-6:]
    return payment_ids.Payable(bill.number or 0, digits, bill.is_credit_note, bill.day)
