"""An invoice in DnB's terms: its items, and the body that creates it as a draft.

Decisions. *Sums*: DnB reckons them itself; they are sent too, as the vendor's front end does, and never trusted.
*Text*: what does not fit a line continues on lines without product, which DnB takes for text; what does not fit the
comment stands behind the lines. *Payment id*: a valid KID, else the invoice number; a payment id that banks would
refuse is told as payment information. *Status*: always `draft`, because an invoice that is posted without a status is
booked at once.
"""

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from daemon.dnb.invoice_content import InvoiceContent, Line
from daemon.dnb.pricing import PRICE_PLACES, priced, quantity_note
from daemon.dnb.wrapping import wrapped

DRAFT_STATUS = 10001
INVOICE, CREDIT_NOTE = 0, 1  # InvoiceType

MAX_ITEM_TEXT_CHARACTERS = 255  # DnB's column
MAX_COMMENT_CHARACTERS = 500  # DnB's column
MAX_INFORMATION_CHARACTERS = 255  # DnB's column; Moment's payment ids are far shorter

CENT = Decimal("0.01")
_ENCODER = msgspec.json.Encoder(decimal_format="number")

Body = dict[str, Any]


class VatReference(msgspec.Struct, frozen=True):
    """A VAT code in the company: the id of its type, and its rate in per cent where the company tells one."""

    dnb_id: int | None
    percent: Decimal | None = None


class References(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers and codes of an invoice are in the tenant's company.

    `rate` is the price of one unit of the invoice's currency in the company's, 1 where they are the same. `products`
    is empty until something is to be written: comparing needs none.
    """

    customer_id: int
    project_id: int | None = None
    credited_id: int | None = None
    currency_id: int
    is_own_currency: bool = True
    rate: Decimal = Decimal(1)
    accounts: dict[str, int]
    vat_types: dict[str, VatReference]
    products: dict[str, int] = {}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line as DnB is told; a line of text has no product, no account and no amounts."""

    text: str
    is_money: bool = False
    product_id: int | None = None
    account_id: int | None = None
    vat_type_id: int | None = None
    percent: Decimal | None = None
    quantity: Decimal = Decimal()
    price: Decimal = Decimal()
    net: Decimal = Decimal()

    @property
    def vat(self) -> Decimal:
        """Return the VAT of the line, rounded half away from zero to two places."""
        return rounded(self.net * (self.percent or 0) / 100)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice drawn up for DnB: what it says, in the company's terms, and the sign its amounts are sent with.

    `sign` is 1, but for a credit note that the company wants with positive amounts, where it is -1.
    """

    content: InvoiceContent
    references: References
    reference: str
    sign: int = 1

    @property
    def items(self) -> list[Item]:
        """Return the lines in their order, continuations and closing texts included."""
        return list(self._items())

    def _items(self) -> Iterator[Item]:
        for line in self.content.lines:
            yield from self._line_items(line)
        yield from (Item(text=piece) for piece in self._closing_texts())

    def _line_items(self, line: Line) -> Iterator[Item]:
        told = priced(line.quantity * self.sign, line.net * self.sign)
        text = f"{line.text} {quantity_note(line.quantity)}".strip() if told.is_lump else line.text
        first, *rest = wrapped(text, MAX_ITEM_TEXT_CHARACTERS) or [""]
        vat = self.references.vat_types[line.vat_code]
        yield Item(
            text=first,
            is_money=True,
            product_id=self.references.products.get(line.product_type),
            account_id=self.references.accounts[line.account],
            vat_type_id=vat.dnb_id,
            percent=vat.percent,
            quantity=told.quantity,
            price=told.price,
            net=line.net * self.sign,
        )
        yield from (Item(text=piece) for piece in rest)

    def _closing_texts(self) -> Iterator[str]:
        yield from wrapped(self._comment_pieces[1], MAX_ITEM_TEXT_CHARACTERS)
        if self.content.credited_number is not None and self.references.credited_id is None:
            yield f"Krediterer faktura nr. {self.content.credited_number}"

    @property
    def comment(self) -> str:
        """Return as much of the description as fits the comment."""
        return self._comment_pieces[0]

    @property
    def _comment_pieces(self) -> tuple[str, str]:
        description = self.content.description
        if len(description) <= MAX_COMMENT_CHARACTERS:
            return description, ""
        first, *rest = wrapped(description, MAX_COMMENT_CHARACTERS)
        return first, "\n".join(rest)

    @property
    def root(self) -> Body:
        """Return the fields of the invoice itself that are sent, and compared with a draft that is found."""
        content, references = self.content, self.references
        return {
            "InvoiceType": CREDIT_NOTE if content.is_credit_note else INVOICE,
            "InvoiceNumber": content.number,
            "ExternalReference": self.reference,
            "CustomerID": references.customer_id,
            "InvoiceDate": content.invoice_date.isoformat(),
            "PaymentDueDate": content.due_date.isoformat(),
            "DeliveryDate": content.invoice_date.isoformat(),
            "PaymentID": content.payment.kid,
            "PaymentInformation": content.payment.free_reference[:MAX_INFORMATION_CHARACTERS] or None,
            "InvoiceReferenceID": references.credited_id,
            "CurrencyCodeID": references.currency_id,
            "CurrencyExchangeRate": references.rate,
            "Comment": self.comment or None,
        }


def draft_body(drawn: Drawn, guid: Callable[[str], str]) -> bytes:
    """Return the body that creates the invoice as a draft, with a guid for it and for every row within."""
    body = {name: value for name, value in drawn.root.items() if value is not None}
    items = [item_body(drawn, item, place, guid) for place, item in enumerate(drawn.items, 1)]
    head = {"_createguid": guid("invoice"), "StatusCode": DRAFT_STATUS}
    project = _dimensions("DefaultDimensions", "invoice-dimension", drawn.references.project_id, guid)
    return _ENCODER.encode({**head, **body, **project, "Items": items})


def item_body(drawn: Drawn, item: Item, place: int, guid: Callable[[str], str]) -> Body:
    """Return one line of the body; `place` is its place on the invoice, from 1."""
    head = {"ID": 0, "_createguid": guid(f"line-{place}"), "SortIndex": place, "ItemText": item.text}
    if not item.is_money:
        return {**head, "DiscountPercent": 0}
    rate = drawn.references.rate
    amounts = {
        "NumberOfItems": item.quantity,
        "PriceExVat": round(item.price * rate, PRICE_PLACES),
        "PriceExVatCurrency": item.price,
        "DiscountPercent": 0,
        "PriceSetByUser": True,
        "SumTotalExVat": rounded(item.net * rate),
        "SumVat": rounded(item.vat * rate),
        "SumTotalIncVat": rounded(item.net * rate) + rounded(item.vat * rate),
        "SumTotalExVatCurrency": item.net,
        "SumVatCurrency": item.vat,
        "SumTotalIncVatCurrency": item.net + item.vat,
    }
    keys = {"ProductID": item.product_id, "AccountID": item.account_id, "VatTypeID": item.vat_type_id}
    told = {name: value for name, value in {**keys, "VatPercent": item.percent}.items() if value is not None}
    project = _dimensions("Dimensions", f"line-{place}-dimension", drawn.references.project_id, guid)
    return {**head, **told, **amounts, **project}


def rounded(amount: Decimal) -> Decimal:
    """Return an amount rounded half away from zero to two places."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _dimensions(name: str, part: str, project_id: int | None, guid: Callable[[str], str]) -> Body:
    if project_id is None:
        return {}
    return {name: {"ID": 0, "_createguid": guid(part), "ProjectID": project_id}}
