"""Credit notes in Moment, as the records that tell of them: of the whole, of a part, of nothing known."""

from collections.abc import Iterator, Mapping
from typing import Final

from daemon.sandbox import billing, spoiling
from daemon.sandbox.documents import Row
from daemon.sandbox.firms import Episode, Firm, World
from daemon.sandbox.planting import Planted
from daemon.sandbox.selling_in_moment import Sale, Sales, Wish

SOON: Final = (1, 15)  # records until the credited invoice follows its credit note
_OLDER_NUMBERS: Final = (8_000, 9_999)  # of invoices from before the transfer began


class CreditNotes:
    """The episodes of credit notes."""

    def __init__(self, world: World, sales: Sales) -> None:
        self._world = world
        self._chance = world.chance
        self._sales = sales

    def cards(self) -> Mapping[Episode, int]:
        """How often each episode happens in about six hundred records."""
        return {
            self._full: 5, self._partial: 4, self._independent: 2, self._ahead: 2, self._of_unknown: 2,
            self._of_refused: 1,
        }  # fmt: skip

    def _full(self, firm: Firm) -> Iterator[Planted]:
        sale = self._sales.taken(firm)
        if sale is not None:
            note = self._sales.credit_note(firm, sale, sale.bill.lines, credited(sale))
            yield self._sales.finished(note, "credited_in_full")

    def _partial(self, firm: Firm) -> Iterator[Planted]:
        """A credit note of one line."""
        sale = self._sales.taken(firm)
        if sale is not None:
            note = self._sales.credit_note(firm, sale, sale.bill.lines[:1], credited(sale))
            yield self._sales.finished(note, "credited_in_part")

    def _independent(self, firm: Firm) -> Iterator[Planted]:
        """A credit note that refers to no invoice."""
        sale = self._sales.drawn_up(firm, wish=Wish(is_draft=True))
        note = self._sales.credit_note(firm, sale, (billing.line(self._chance, "3"),), None)
        yield self._sales.finished(note, "credited_independently")

    def _ahead(self, firm: Firm) -> Iterator[Planted]:
        """A credit note that comes before its invoice."""
        sale = self._sales.drawn_up(firm)
        note = self._sales.credit_note(firm, sale, sale.bill.lines, credited(sale))
        yield self._sales.finished(note, "credited_ahead")
        self._world.later(SOON, firm, lambda _: iter((self._sales.finished(sale, "credited_before"),)))

    def _of_unknown(self, firm: Firm) -> Iterator[Planted]:
        """A credit note of an invoice from before the transfer began."""
        sale = self._sales.drawn_up(firm, wish=Wish(is_draft=True))
        older: Row = {"id": firm.next_id("invoice"), "invoiceNumber": self._chance.randint(*_OLDER_NUMBERS)}
        note = self._sales.credit_note(firm, sale, sale.bill.lines, older)
        yield self._sales.finished(note, "credited_unknown")

    def _of_refused(self, firm: Firm) -> Iterator[Planted]:
        """A credit note of an invoice that is refused."""
        sale = self._sales.drawn_up(firm)
        wrong = spoiling.WRONG_INVOICES[0]
        yield self._world.pen.written(sale, wrong.spoil(sale.bill.written(self._chance)), "wrong_invoice", wrong.reason)
        note = self._sales.credit_note(firm, sale, sale.bill.lines, credited(sale))
        yield self._sales.finished(note, "credited_refused")


def credited(sale: Sale) -> Row:
    """How a credit note names the invoice that it credits."""
    return {"id": sale.id, "invoiceNumber": sale.bill.number}
