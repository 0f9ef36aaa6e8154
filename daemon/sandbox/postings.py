"""What an invoice of Moment must be in the journal, and what a voucher of the books is: both in one form.

Receivables are debited with the gross, income is credited with the net of each line on its account and project, VAT is
credited by its code; a credit note, which is negative in Moment, is the same the other way round. VAT is reckoned for
each line and rounded half away from zero; an invoice in another currency is reckoned in it and then converted.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeAlias, TypeVar

import msgspec

from daemon.sandbox import payment_ids
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.portraying_projects import name_of, names_of

T = TypeVar("T", str, tuple[str, str, str])

HOME_CURRENCY: Final = "NOK"
RECEIVABLES: Final = 1500
ROUNDING_ACCOUNT: Final = "7740"
VAT_ACCOUNTS: Final[Mapping[str, int]] = {"3": 2700, "31": 2701, "33": 2702, "32": 2703}
"""Where the VAT of each code is booked in the standard chart of accounts."""
_PERCENTAGES: Final[Mapping[str, str]] = {"3": "25", "31": "15", "33": "12", "32": "11.11"}  # others have no VAT
_AMOUNTS: Final = ("receivable", "income", "vat")
_CENT: Final = Decimal("0.01")
_NOTHING: Final = Decimal(0)

Income: TypeAlias = tuple[tuple[tuple[str, str, str], Decimal], ...]
"""What is credited by account, VAT code and project, in the order of these."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher of an invoice; `customers` are the ways to name the customer, of which the books show one.

    `tolerance` is by how much each amount may be off: an øre of the invoice's currency for each line, as either system
    rounds the VAT of a line on its own, and nothing in the company's own currency.
    """

    number: str
    customers: tuple[str, ...]
    day: str
    due: str
    payment_id: str
    receivable: Decimal
    income: Income
    vat: tuple[tuple[str, Decimal], ...]
    tolerance: Decimal = _NOTHING


def wanted_posting(data: Row, projects: tuple[str, ...]) -> Posting:
    """The voucher that `data` must become; `projects` are the ways to name its project, of which the first is used."""
    income: dict[tuple[str, str, str], Decimal] = {}
    vat: dict[str, Decimal] = {}
    rate = rate_of(data)
    for line in lines_of(data):
        account = _text(line["accountNumber"])
        code = _text(line.get("vatCode")) or ACCOUNT_VAT_CODES.get(account, "")
        key = (account, "" if account == ROUNDING_ACCOUNT else code, projects[0] if projects else "")
        net = Decimal(_text(line["totalExVat"]))
        income[key] = income.get(key, _NOTHING) + rounded(net * rate)
        vat[code] = vat.get(code, _NOTHING) + rounded(vat_of(net, code) * rate)
    number = _text(data["invoiceNumber"])
    payment_id = _text(data.get("paymentId"))
    return Posting(
        number=number,
        customers=names_of(data["customer"], "customerNumber"),
        day=_text(data["invoiceDate"]),
        due=_text(data["dueDate"]),
        payment_id=payment_id if payment_ids.is_valid(payment_id) else number,
        receivable=sum(income.values(), _NOTHING) + sum(vat.values(), _NOTHING),
        income=_sorted(income),
        vat=_sorted(vat),
        tolerance=_NOTHING if data["currencyCode"] == HOME_CURRENCY else _CENT * rate * len(lines_of(data)),
    )


def shown_posting(entry: Row, customers: Mapping[int, str], projects: Mapping[int, str]) -> Posting:
    """What a whole voucher of the books says; the mappings have the ids in Moment of rows."""
    income: dict[tuple[str, str, str], Decimal] = {}
    vat: dict[str, Decimal] = {}
    claims: list[Row] = []
    for line in objects(entry.get("Lines")):
        vat_type = line["VatType"] if isinstance(line.get("VatType"), dict) else {}
        assert isinstance(vat_type, dict)  # noqa: S101 -- tells the type checker
        code, amount = _text(vat_type.get("VatCode")), Decimal(_text(line["Amount"]))
        if line.get("SubAccountID") is not None:
            claims.append(line)
        elif line["AccountID"] in (vat_type.get("OutgoingAccountID"), vat_type.get("IncomingAccountID")):
            vat[code] = vat.get(code, _NOTHING) - amount
        else:
            account = _text(_object(line.get("Account")).get("AccountNumber"))
            dimensions = _object(line.get("Dimensions"))
            project = name_of(dimensions.get("Project"), dimensions.get("ProjectID"), "ProjectNumber", projects)
            key = (account, "" if account == ROUNDING_ACCOUNT else code, project)
            income[key] = income.get(key, _NOTHING) - amount
    first: Row = claims[0] if claims else {}
    sub_account = _object(first.get("SubAccount"))
    number = {"CustomerNumber": sub_account.get("AccountNumber")}
    return Posting(
        number=_text(first.get("InvoiceNumber")),
        customers=(name_of({**number}, sub_account.get("CustomerID"), "CustomerNumber", customers),),
        day=",".join(sorted({_text(line.get("FinancialDate"))[:10] for line in objects(entry.get("Lines"))})),
        due=_text(first.get("DueDate"))[:10],
        payment_id=_text(first.get("PaymentID")),
        receivable=sum((Decimal(_text(claim["Amount"])) for claim in claims), _NOTHING),
        income=_sorted(income),
        vat=_sorted(vat),
    )


def differences(want: Posting, show: Posting) -> list[str]:
    """The parts in which a voucher is not what it must be; amounts may differ by the posting's tolerance."""
    fields = [field for field in want.__struct_fields__ if field not in {"customers", "tolerance", *_AMOUNTS}]
    wrong = [field for field in fields if getattr(want, field) != getattr(show, field)]
    if not any(name in want.customers for name in show.customers):
        wrong.append("customer")
    if abs(want.receivable - show.receivable) > want.tolerance:
        wrong.append("receivable")
    wrong += [] if _alike(dict(want.income), dict(show.income), want.tolerance) else ["income"]
    return wrong + ([] if _alike(dict(want.vat), dict(show.vat), want.tolerance) else ["vat"])


def _alike(want: Mapping[T, Decimal], show: Mapping[T, Decimal], tolerance: Decimal) -> bool:
    keys = set(want) | set(show)
    return all(abs(want.get(key, _NOTHING) - show.get(key, _NOTHING)) <= tolerance for key in keys)


def vat_of(net: Decimal, code: str) -> Decimal:
    """The VAT of an amount under a code of sales."""
    return rounded(net * Decimal(_PERCENTAGES.get(code, "0")) / 100)


def rate_of(data: Row) -> Decimal:
    """What one unit of the invoice's currency is worth."""
    return Decimal(1) if data["currencyCode"] == HOME_CURRENCY else Decimal(_text(data["currencyRate"]))


def lines_of(data: Row) -> list[Row]:
    """The lines of an invoice of Moment."""
    return objects(data.get("lines"))


def objects(value: Json) -> list[Row]:
    """The objects of an array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def rounded(amount: Decimal) -> Decimal:
    """An amount to the øre, a half away from zero."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _sorted(sums: Mapping[T, Decimal]) -> tuple[tuple[T, Decimal], ...]:
    """The sums that are not nothing, in the order of their keys."""
    return tuple(sorted((item for item in sums.items() if item[1]), key=lambda item: repr(item[0])))


def _object(value: Json) -> Row:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return "" if value is None else str(value).strip()
