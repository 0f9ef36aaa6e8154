"""Invoicing: a draft becomes an invoice with a number, and its voucher is booked.

Debit the customer's sub-account with the gross; credit each item's account with its net, on its project; credit the
VAT of each VAT type. A credit note is the same the other way round, and is set off against the invoice it credits.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.money import amount_of, number, total
from daemon.sandbox.numbering import INVOICE_SERIES, INVOICE_VOUCHER_SERIES, next_number, standing_series
from daemon.sandbox.opening import ROUNDING_ACCOUNT
from daemon.sandbox.periods import settings_of
from daemon.sandbox.projects import is_blank
from daemon.sandbox.settling import credited, overdrawn
from daemon.sandbox.statuses import ACTIVE, INVOICE_DRAFT, INVOICE_INVOICED, ITEM_INVOICED, LINE_OPEN
from daemon.sandbox.taxing import vat_account, vat_type_of
from daemon.sandbox.visiting import Visit
from daemon.sandbox.vouchers import Objection, Voucher, booked

_VOUCHER_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_LAST_VOUCHER_NUMBER: Final = 2**31 - 1
_LONGEST_DESCRIPTION: Final = 255
_ENTITY: Final = "CustomerInvoice"


def invoiced(visit: Visit, invoice: Row) -> Row | Objection:
    """Book the draft `invoice`; its journal entry, or what speaks against it.

    After an objection the caller must take back what the call has written.
    """
    items = visit.books.table("CustomerInvoiceItem").where("CustomerInvoiceID", id_of(invoice))
    objection = _unready(visit, invoice, items)
    if objection is not None:
        return objection
    _give_numbers(visit, invoice)
    voucher = _voucher(visit, invoice, items)
    entry = voucher if isinstance(voucher, Objection) else booked(visit, voucher)
    if isinstance(entry, Objection):
        return entry
    values: Row = {"StatusCode": INVOICE_INVOICED, "JournalEntryID": entry["ID"]}
    visit.books.table(_ENTITY).update(invoice, values, visit.now)
    for item in items:
        visit.books.table("CustomerInvoiceItem").update(item, {"StatusCode": ITEM_INVOICED}, visit.now)
    if is_credit_note(invoice):
        credited(visit, invoice)
    if settings_of(visit.books)["AutoDistributeInvoice"]:
        visit.alarm(f"distributed: invoice {invoice['ID']} was sent to the customer")
    visit.wrote(visit.books.schema.entity("JournalEntry"), entry, created=True)
    return entry


def is_credit_note(invoice: Row) -> bool:
    """Whether the invoice takes back instead of asking."""
    return invoice["InvoiceType"] == 1


def _unready(visit: Visit, invoice: Row, items: list[Row]) -> Objection | None:
    if invoice["StatusCode"] != INVOICE_DRAFT:
        return Objection("StatusCode", "The transition invoice is not allowed in this status", _ENTITY)
    customer = _customer(visit.books, invoice)
    if customer is None:
        return Objection("CustomerID", "Kunden finnes ikke", _ENTITY)
    if customer["StatusCode"] != ACTIVE and visit.switches.inactive_customer == "refused":
        return Objection("CustomerID", "Kunden er ikke aktiv", _ENTITY)
    if not items:
        return Objection("Items", "Fakturaen har ingen linjer", _ENTITY)
    return _wrong_credit(visit, invoice) if is_credit_note(invoice) else None


def _wrong_credit(visit: Visit, invoice: Row) -> Objection | None:
    gross = amount_of(invoice["TaxInclusiveAmount"])
    if gross and (gross < 0) != (visit.switches.credit_note_amounts == "negative"):
        visit.blame("credit_note_sign")
        return Objection("TaxInclusiveAmount", "Kreditnotaens beløp har feil fortegn", _ENTITY)
    if overdrawn(visit.books, invoice):
        return Objection("TaxInclusiveAmount", "Kreditert beløp er større enn fakturaen", _ENTITY)
    return None


def _customer(books: Books, invoice: Row) -> Row | None:
    key = invoice["CustomerID"]
    return books.table("Customer").get(key) if isinstance(key, int) else None


def _give_numbers(visit: Visit, invoice: Row) -> None:
    """The invoice number and the payment id, where they are blank or the server gives its own."""
    if is_blank(invoice["InvoiceNumber"]) or not _keeps_number(visit):
        invoices = visit.books.table(_ENTITY)
        given = next_number(
            visit,
            standing_series(visit.books, INVOICE_SERIES),
            lambda number: bool(invoices.where("InvoiceNumber", str(number))),
        )
        invoices.update(invoice, {"InvoiceNumber": str(given)}, visit.now)
    shows_kid = settings_of(visit.books)["ShowKIDOnCustomerInvoice"]
    if visit.switches.payment_id == "reassigned" or (shows_kid and is_blank(invoice["PaymentID"])):
        visit.books.table(_ENTITY).update(invoice, {"PaymentID": _payment_id(visit.books, invoice)}, visit.now)


def _keeps_number(visit: Visit) -> bool:
    match visit.switches.invoice_number:
        case "kept":
            return True
        case "reassigned":
            return False
        case "by_setting":
            return bool(settings_of(visit.books)["PresetCustomerInvoiceNumber"])


def _payment_id(books: Books, invoice: Row) -> str:
    """A KID of the customer's and the invoice's number, with its MOD10 digit."""
    customer = _customer(books, invoice)
    digits = "".join(filter(str.isdigit, f"{'' if customer is None else customer['CustomerNumber']}"
                                         f"{str(invoice['InvoiceNumber']).zfill(7)}"))  # fmt: skip
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-sum(value // 10 + value % 10 for value in doubled) % 10}"


def _voucher(visit: Visit, invoice: Row, items: list[Row]) -> Voucher | Objection:
    lines = _lines(visit, invoice, items)
    if isinstance(lines, Objection):
        return lines
    series = standing_series(visit.books, INVOICE_VOUCHER_SERIES)
    wanted = None
    if series["UseNumbersFromNumberSeriesID"] is not None:
        text = str(invoice["InvoiceNumber"])
        wanted = int(text) if _VOUCHER_NUMBER.fullmatch(text) else None
        if wanted is None or wanted > _LAST_VOUCHER_NUMBER:
            return Objection("InvoiceNumber", "Fakturanummeret kan ikke være bilagsnummer", _ENTITY)
    kind = "Kreditnota" if is_credit_note(invoice) else "Faktura"
    columns: Row = {"Description": f"{kind} {invoice['InvoiceNumber']}"[:200]}
    return Voucher(columns=columns, lines=lines, manual=False, number=wanted, series=series)


def _lines(visit: Visit, invoice: Row, items: list[Row]) -> tuple[Row, ...] | Objection:
    """The lines of the voucher: the customer's, the items', the VAT types' and the rounding's."""
    account = next(iter(visit.books.table("Account").where("CustomerID", invoice["CustomerID"])), None)
    if account is None:
        return Objection("CustomerID", "Kunden har ingen reskontro", _ENTITY)
    common = _common(visit, invoice)
    sign = -1 if is_credit_note(invoice) and visit.switches.credit_note_amounts == "positive" else 1
    priced = [item for item in items if amount_of(item["SumTotalExVat"]) or amount_of(item["SumVat"])]
    taxes = _vat_lines(visit.books, common, priced, sign)
    if isinstance(taxes, Objection):
        return taxes
    lines = [_customer_line(common, invoice, account, sign)]
    lines += [_item_line(common, invoice, item, sign) for item in priced]
    rounding = amount_of(invoice["PayableRoundingAmount"]) * sign
    if rounding:
        key = visit.books.table("Account").where("AccountNumber", ROUNDING_ACCOUNT)[0]["ID"]
        lines.append({**common, "AccountID": key, **_amounts(-rounding, -rounding), "Description": "Øreavrunding"})
    return (*lines, *taxes)


def _common(visit: Visit, invoice: Row) -> Row:
    on_delivery = settings_of(visit.books)["BookCustomerInvoiceOnDeliveryDate"]
    day = invoice["DeliveryDate"] if on_delivery and invoice["DeliveryDate"] is not None else invoice["InvoiceDate"]
    return {
        "FinancialDate": day, "VatDate": day, "InvoiceNumber": invoice["InvoiceNumber"], "PaymentID": None,
        "CurrencyCodeID": invoice["CurrencyCodeID"], "CurrencyExchangeRate": invoice["CurrencyExchangeRate"],
        "CustomerInvoiceID": invoice["ID"],
    }  # fmt: skip


def _amounts(amount: Decimal, in_currency: Decimal) -> Row:
    return {"Amount": number(amount), "AmountCurrency": number(in_currency)}


def _customer_line(common: Row, invoice: Row, account: Row, sign: int) -> Row:
    gross, in_currency = (amount_of(invoice[f"TaxInclusiveAmount{suffix}"]) * sign for suffix in ("", "Currency"))
    return {
        **common, **_amounts(gross, in_currency), "AccountID": account["AccountID"], "SubAccountID": account["ID"],
        "DueDate": invoice["PaymentDueDate"], "PaymentID": invoice["PaymentID"], "StatusCode": LINE_OPEN,
        "DimensionsID": invoice["DefaultDimensionsID"], "RestAmount": number(gross),
        "RestAmountCurrency": number(in_currency), "Description": f"Faktura {invoice['InvoiceNumber']}",
    }  # fmt: skip


def _item_line(common: Row, invoice: Row, item: Row, sign: int) -> Row:
    net, in_currency = (-amount_of(item[f"SumTotalExVat{suffix}"]) * sign for suffix in ("", "Currency"))
    own, default = item["DimensionsID"], invoice["DefaultDimensionsID"]
    return {
        **common, **_amounts(net, in_currency), "AccountID": item["AccountID"], "VatTypeID": item["VatTypeID"],
        "VatPercent": item["VatPercent"], "TaxBasisAmount": number(net), "Description": _short(item["ItemText"]),
        "DimensionsID": default if own is None else own,
    }  # fmt: skip


def _short(text: Json) -> Json:
    return text[:_LONGEST_DESCRIPTION] if isinstance(text, str) else text


def _vat_lines(books: Books, common: Row, items: Iterable[Row], sign: int) -> list[Row] | Objection:
    """A line for each VAT type that has VAT."""
    by_type: dict[int, list[Row]] = {}
    for item in items:
        if amount_of(item["SumVat"]):
            by_type.setdefault(int(str(item["VatTypeID"])), []).append(item)
    lines: list[Row] = []
    for key, own in sorted(by_type.items()):
        vat_type = vat_type_of(books, key)
        account = None if vat_type is None else vat_account(vat_type)
        if account is None:
            return Objection("VatTypeID", "Mva-koden har ingen konto", "CustomerInvoiceItem")
        lines.append({**common, "AccountID": account, "VatTypeID": key, **_vat_amounts(own, sign)})
    return lines


def _vat_amounts(items: list[Row], sign: int) -> Row:
    sums = {name: -sign * total(amount_of(item[name]) for item in items)
            for name in ("SumVat", "SumVatCurrency", "SumTotalExVat")}  # fmt: skip
    basis: Row = {"TaxBasisAmount": number(sums["SumTotalExVat"]), "VatPercent": items[0]["VatPercent"]}
    return {**_amounts(sums["SumVat"], sums["SumVatCurrency"]), **basis}
