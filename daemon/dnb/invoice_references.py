"""What an invoice's numbers and codes are in the tenant's company, and what a person should know about them."""

from collections.abc import Generator
from decimal import Decimal

from msgspec.structs import replace

from daemon.core.procedure import Call, Known, MissingDependency, Outcome, Refused, Remark, Reply
from daemon.dnb import invoice_calls
from daemon.dnb.directory import Directory
from daemon.dnb.invoice_bodies import References, VatReference
from daemon.dnb.invoice_content import InvoiceContent
from daemon.dnb.invoice_rows import InvoiceRow
from daemon.dnb.products import Shelf, product_id
from daemon.dnb.relating import Transfers, customer_id, project_id
from daemon.dnb.replies import Missing, ask, read_row, read_rows

ROUNDING_VAT_CODE = "7"  # income without VAT treatment: what a rounding line without a code is

Step = Generator[Call, Reply, Outcome | None]


class Looking:
    """One look-up of all references of one invoice: filled step by step, each step ending it where it must."""

    def __init__(self, content: InvoiceContent, known: Known, transfers: Transfers, directory: Directory) -> None:
        """Take the invoice, what the ledger knows of what it refers to, and the company's directory."""
        self._content = content
        self._known = known
        self._transfers = transfers
        self._directory = directory
        self.remarks: list[Remark] = []
        self._customer_id = 0
        self._project_id: int | None = None
        self._credited_id: int | None = None

    def entities(self) -> Step:
        """Find customer, project and credited invoice; return an outcome where one of them must come first."""
        return (yield from self.parties()) or (yield from self._credited())

    def parties(self) -> Step:
        """Find customer and project alone: a voucher has no link to the invoice that it credits."""
        customer = yield from customer_id(self._content.customer_number, self._known, self._transfers)
        if not isinstance(customer, int):
            return customer
        self._customer_id = customer
        return (yield from self._project())

    def _project(self) -> Step:
        number = self._content.project_number
        if number is None:
            return None
        found = yield from project_id(number, self._known, self._transfers)
        if not (found is None or isinstance(found, int)):
            return found
        self._project_id = found
        if found is None:
            self.remarks.append(Remark(reason="project_not_found", field="projectNumber", value=number))
        return None

    def _credited(self) -> Step:
        """Find the credited invoice, or wait for it a while; then it is told in the text, as it may be older than we.

        An invoice that is posted already never waits: it is only compared.
        """
        number = self._content.credited_number
        if number is None:
            return None
        ended = (yield from self._credited_by_id()) or (yield from self._credited_by_number(number))
        if ended is not None:
            return ended
        is_delivered = "invoice" in self._known.related
        if self._credited_id is None and not (is_delivered or self._known.has_waited or self._known.dnb_id is not None):
            return MissingDependency("invoice")
        if self._credited_id is None:
            self.remarks.append(Remark(reason="credited_invoice_unknown", field="creditedInvoice", value=number))
        return None

    def _credited_by_id(self) -> Step:
        """Take the invoice whose id the ledger has, if it is the one: delivered in the other flow it is a voucher's."""
        known_id = self._known.related.get("invoice")
        if known_id is None:
            return None
        row = read_row((yield from ask(invoice_calls.invoice_head(known_id))), InvoiceRow)
        if not isinstance(row, InvoiceRow):
            return None if isinstance(row, Missing) else row
        content = self._content
        is_it = row.reference == content.credited_reference or row.number == content.credited_number
        if row.id == known_id and is_it and row.customer_id == self._customer_id:
            self._credited_id = row.id
        return None

    def _credited_by_number(self, number: str) -> Step:
        if self._credited_id is not None:
            return None
        verdict = yield from ask(invoice_calls.invoice_ids_by_number(number))
        rows = read_rows(verdict, InvoiceRow, key="invoice_number", matches=lambda row: row.number == number)
        if not isinstance(rows, list):
            return rows
        fitting = [row for row in rows if row.customer_id == self._customer_id and row.invoice_type == 0]
        if len(fitting) == 1 and not fitting[0].is_booked:
            return MissingDependency("invoice")
        self._credited_id = fitting[0].id if len(fitting) == 1 else None
        return None

    def codes(self) -> Generator[Call, Reply, References | Outcome]:
        """Return all references but products, so with accounts, VAT types and currency; the entities must be found."""
        settings = yield from self._directory.chart.settings()
        if isinstance(settings, Outcome):
            return settings
        currency = yield from self._directory.currency_id(self._content.currency_code)
        if not isinstance(currency, int):
            return currency
        is_own = currency == settings.base_currency_code_id
        rate = Decimal(1) if is_own else self._content.currency_rate
        if rate is None or rate <= 0:
            return _rate_missing(self._content)
        references = References(
            customer_id=self._customer_id,
            project_id=self._project_id,
            credited_id=self._credited_id,
            currency_id=currency,
            is_own_currency=is_own,
            rate=rate,
            accounts={},
            vat_types={},
        )
        return (yield from self._lines(references))

    def _lines(self, references: References) -> Generator[Call, Reply, References | Outcome]:
        for line in self._content.lines:
            if line.account not in references.accounts:
                account = yield from self._directory.chart.account(line.account)
                if isinstance(account, Outcome):
                    return account
                references.accounts[line.account] = account.id
            if line.vat_code not in references.vat_types:
                vat = yield from self._vat(line.vat_code)
                if not isinstance(vat, VatReference):
                    return vat
                references.vat_types[line.vat_code] = vat
        return references

    def products(self, references: References, shelf: Shelf) -> Generator[Call, Reply, References | Outcome]:
        """Return the references with the products of all lines, which are created where the company has none."""
        found: dict[str, int] = {}
        for line in self._content.lines:
            if line.product_type not in found:
                product = yield from product_id(shelf, line.product_type, references.accounts[line.account])
                if not isinstance(product, int):
                    return product
                found[line.product_type] = product
        return replace(references, products=found)

    def _vat(self, code: str) -> Generator[Call, Reply, VatReference | Outcome]:
        """Return a VAT code's type and rate; a rounding line without a code has none where the company has none fit."""
        found = yield from self._directory.chart.vat_type(code or ROUNDING_VAT_CODE)
        if isinstance(found, Refused) and not code:
            return VatReference(None, Decimal())
        if isinstance(found, Outcome):
            return found
        return VatReference(found.id, found.percent_on(self._content.invoice_date))


def _rate_missing(content: InvoiceContent) -> Refused:
    return Refused(
        reason="currency_rate_missing",
        field="currencyRate",
        value=f"invoice {content.number}, currency {content.currency_code}",
        rule="an invoice in another currency than the company's has a rate above 0",
        repair="set the currency rate in Moment and export the invoice again",
    )
