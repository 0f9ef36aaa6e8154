"""What happens to invoices in Moment, as the records that tell of it: everyday ones and troubled ones."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from daemon.sandbox import billing, spoiling
from daemon.sandbox.arrangements import (
    ACCOUNT_VAT_CODES,
    LOCKED_ACCOUNT,
    LOCKED_AT_FIRST_DAYS,
    LOCKED_FOR_GOOD_DAYS,
    MISSING_ACCOUNT,
    MISSING_VAT_CODE,
)
from daemon.sandbox.changing_customers import Customers
from daemon.sandbox.changing_projects import Projects
from daemon.sandbox.firms import Deck, Episode, Firm, World
from daemon.sandbox.planning import reference, stranger
from daemon.sandbox.planting import Planted
from daemon.sandbox.selling_in_moment import Sale, Sales, Wish

SOON: Final = (3, 40)  # records until what is referred to, or the finished invoice, follows
MUCH_LATER: Final = (60, 160)  # records until somebody changes what was booked long ago
REPAIRED_AFTER: Final = (30, 120)  # records


class Invoices:
    """The episodes of invoices; they need those of customers and projects for what comes late or is refused."""

    def __init__(self, world: World, sales: Sales, customers: Customers, projects: Projects) -> None:
        self._world = world
        self._chance = world.chance
        self._sales = sales
        self._customers = customers
        self._projects = projects
        self._wrong_deck = Deck(world.chance, len(spoiling.WRONG_INVOICES))
        self._spoiled = 0

    def cards(self) -> Mapping[Episode, int]:
        """How often each episode happens in about six hundred records."""
        return {
            self.new: 56, self._from_draft: 12, self._draft_alone: 3, self._draft_after: 3, self._deleted_after: 3,
            self._paid: 14, self._amended: 3, self._reordered: 3, self._split: 3, self._rounded: 5, self._foreign: 6,
            self._wrong: 9, self._payment_id_broken: 3, self._payment_id_missing: 4, self._customer_later: 3,
            self._project_later: 3, self._customer_never: 1, self._project_never: 1, self._customer_refused: 2,
            self._project_refused: 2, self._closed: 3, self._account_added: 2, self._account_unlocked: 2,
            self._vat_code_added: 2, self._vat_code_of_account: 2,
        }  # fmt: skip

    def new(self, firm: Firm) -> Iterator[Planted]:
        """An everyday invoice."""
        yield self._sales.made_out(self._sales.drawn_up(firm))

    def _from_draft(self, firm: Firm) -> Iterator[Planted]:
        """A draft, changed once or not, and the finished invoice some time after."""
        sale = self._sales.drawn_up(firm)
        for _ in range(self._chance.choice((1, 1, 2))):
            yield self._draft(sale, "draft")
        self._world.later(SOON, firm, lambda _: iter((self._sales.made_out(sale, "finalized"),)))

    def _draft_alone(self, firm: Firm) -> Iterator[Planted]:
        """A draft that is deleted, or forgotten."""
        sale = self._sales.drawn_up(firm, wish=Wish(is_draft=True))
        yield self._draft(sale, "draft")
        if self._chance.random() < 0.5:  # noqa: PLR2004 -- a share
            yield self._deletion(sale, "draft_deleted")

    def _draft_after(self, firm: Firm) -> Iterator[Planted]:
        """An invoice that is called a draft again, which it cannot be."""
        yield self._draft(self._sales.some(firm), "draft_after")

    def _deleted_after(self, firm: Firm) -> Iterator[Planted]:
        yield self._deletion(self._sales.some(firm), "invoice_deleted")

    def _paid(self, firm: Firm) -> Iterator[Planted]:
        """A payment, a reminder, an export: a newer version of an invoice that says nothing new to the books."""
        yield self._unseen(self._sales.some(firm), "paid")

    def _reordered(self, firm: Firm) -> Iterator[Planted]:
        sale = self._sales.some(firm)
        older = self._unseen(sale, "invoice_reordered")
        yield self._unseen(sale, "paid")
        yield older

    def _amended(self, firm: Firm) -> Iterator[Planted]:
        """Somebody changes an invoice long after it was finished, which only a credit note should."""
        sale = self._sales.drawn_up(firm)
        yield self._sales.finished(sale)
        bill = self._changed(firm, sale.bill)
        self._world.later(MUCH_LATER, firm, lambda _: iter((self._amendment(sale, bill),)))

    def _amendment(self, sale: Sale, bill: billing.Bill) -> Planted:
        data = bill.written(self._chance)
        return self._world.pen.written(sale, data, "changed_after_booking", fate="amend")

    def _changed(self, firm: Firm, bill: billing.Bill) -> billing.Bill:
        first, *rest = bill.lines
        dearer = msgspec.structs.replace(first, quantity=first.quantity + 1, net=first.net + 100)
        return self._chance.choice((
            msgspec.structs.replace(bill, due=bill.due + dt.timedelta(days=14)),
            msgspec.structs.replace(bill, lines=(dearer, *rest)),
            msgspec.structs.replace(bill, customer=self._sales.other_customer(firm, bill.customer)),
        ))  # fmt: skip

    def _split(self, firm: Firm) -> Iterator[Planted]:
        """Two invoices of one work for two customers, each with the whole and a deduction."""
        share = self._chance.choice((60, 50, 70))
        first = self._sales.drawn_up(firm, billing.split(self._chance, share))
        other = self._sales.other_customer(firm, first.bill.customer)
        second = self._sales.drawn_up(firm, billing.split(self._chance, 100 - share), Wish(customer=other))
        yield self._sales.finished(first, "split")
        yield self._sales.finished(second, "split")

    def _rounded(self, firm: Firm) -> Iterator[Planted]:
        """An invoice rounded to whole kroner by a line without VAT code."""
        lines = billing.work(self._chance)
        rounding = billing.rounding(lines)
        sale = self._sales.drawn_up(firm, lines if rounding is None else (*lines, rounding))
        yield self._sales.finished(sale, "rounded")

    def _foreign(self, firm: Firm) -> Iterator[Planted]:
        yield self._sales.made_out(self._sales.in_currency(self._sales.drawn_up(firm)), "foreign")

    def _payment_id_broken(self, firm: Firm) -> Iterator[Planted]:
        yield self._sales.made_out(self._sales.with_broken_payment_id(firm), "payment_id_broken")

    def _payment_id_missing(self, firm: Firm) -> Iterator[Planted]:
        sale = self._sales.drawn_up(firm)
        sale.bill = msgspec.structs.replace(sale.bill, payment_id=None)
        yield self._sales.made_out(sale, "payment_id_missing")

    # -- what is referred to comes later, or never, or is refused -------------------------------------------------

    def _customer_later(self, firm: Firm) -> Iterator[Planted]:
        [record] = self._customers.new(firm)
        self._world.later(SOON, firm, lambda _: iter((record,)))
        sale = self._sales.drawn_up(firm, wish=Wish(customer=reference(firm.customers[-1])))
        yield self._sales.finished(sale, "customer_later")

    def _project_later(self, firm: Firm) -> Iterator[Planted]:
        [record] = self._projects.new(firm)
        self._world.later(SOON, firm, lambda _: iter((record,)))
        yield self._sales.finished(self._sales.drawn_up(firm, wish=Wish(project=firm.projects[-1])), "project_later")

    def _customer_never(self, firm: Firm) -> Iterator[Planted]:
        sale = self._sales.drawn_up(firm, wish=Wish(customer=reference(stranger(firm))))
        yield self._sales.finished(sale, "customer_never")

    def _project_never(self, firm: Firm) -> Iterator[Planted]:
        project = self._projects.newcomer(firm, self._chance.choice(firm.customers))
        yield self._sales.finished(self._sales.drawn_up(firm, wish=Wish(project=project)), "project_never")

    def _customer_refused(self, firm: Firm) -> Iterator[Planted]:
        customer, record = self._customers.refused(firm)
        yield record
        sale = self._sales.drawn_up(firm, wish=Wish(customer=reference(customer)))
        yield self._sales.finished(sale, "customer_refused")

    def _project_refused(self, firm: Firm) -> Iterator[Planted]:
        project, record = self._projects.refused(firm)
        yield record
        yield self._sales.finished(self._sales.drawn_up(firm, wish=Wish(project=project)), "project_refused")

    # -- what is wrong with the invoice, or with the company -------------------------------------------------------

    def _wrong(self, firm: Firm) -> Iterator[Planted]:
        """An invoice that must be refused; every other is repaired later."""
        wrong = spoiling.WRONG_INVOICES[self._wrong_deck.deal()]
        sale = self._sales.drawn_up(firm)
        self._spoiled += 1
        if self._spoiled % 2:
            repaired = "invoice_repaired"
            self._world.later(REPAIRED_AFTER, firm, lambda _: iter((self._sales.made_out(sale, repaired),)))
        data = wrong.spoil(sale.bill.written(self._chance))
        yield self._world.pen.written(sale, data, "wrong_invoice", wrong.reason)

    def _closed(self, firm: Firm) -> Iterator[Planted]:
        """An invoice in a period that is closed until the accountant opens it."""
        age = self._chance.randint(LOCKED_AT_FIRST_DAYS, LOCKED_FOR_GOOD_DAYS - 1)
        sale = self._sales.drawn_up(firm, wish=Wish(day=self._world.today - dt.timedelta(days=age)))
        yield self._sales.finished(sale, "closed_period")

    def _account_added(self, firm: Firm) -> Iterator[Planted]:
        yield self._with_line(firm, "3", MISSING_ACCOUNT, "account_missing")

    def _account_unlocked(self, firm: Firm) -> Iterator[Planted]:
        yield self._with_line(firm, "3", LOCKED_ACCOUNT, "account_locked")

    def _vat_code_added(self, firm: Firm) -> Iterator[Planted]:
        yield self._with_line(firm, MISSING_VAT_CODE, "", "vat_code_added_later")

    def _vat_code_of_account(self, firm: Firm) -> Iterator[Planted]:
        """A line without VAT code on an account that has one."""
        account, code = next(iter(ACCOUNT_VAT_CODES.items()))
        yield self._with_line(firm, code, account, "vat_code_of_account")

    def _with_line(self, firm: Firm, code: str, account: str, trouble: str) -> Planted:
        lines = (*billing.work(self._chance), billing.line(self._chance, code, account))
        return self._sales.finished(self._sales.drawn_up(firm, lines), trouble)

    # -- versions that say nothing to the books --------------------------------------------------------------------

    def _draft(self, sale: Sale, trouble: str) -> Planted:
        data = msgspec.structs.replace(sale.bill, number=None, payment_id=None).written(self._chance)
        return self._world.pen.written(sale, data, trouble, fate="ignore")

    def _unseen(self, sale: Sale, trouble: str) -> Planted:
        state = self._chance.choice(("sent", "reminded", "partlyPaid", "paid"))
        data = {**sale.bill.written(self._chance), "paymentState": state, "exportStatus": "hasBeenTransferred"}
        return self._world.pen.written(sale, data, trouble)

    def _deletion(self, sale: Sale, trouble: str) -> Planted:
        version, tenant = sale.version + 1, sale.tenant
        value = self._world.pen.encoded(spoiling.deleted(self._world.pen.record(sale, version, {})))
        return Planted(tenant.encode(), value, tenant, sale.id, version, trouble, "", "ignore", "invoice")
