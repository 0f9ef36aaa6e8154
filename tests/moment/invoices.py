"""An invoice of Moment for the tests of its rules."""

from typing import Any

LINE: dict[str, Any] = {
    "text": "Prosjektering",
    "quantity": 1,
    "totalExVat": 100,
    "vatCode": "3",
    "productType": "hours",
    "accountNumber": "3000",
}
INVOICE: dict[str, Any] = {
    "invoiceNumber": 10245,
    "invoiceType": "invoice",
    "invoiceState": "finalized",
    "customer": {"id": 1, "customerNumber": "100042"},
    "invoiceDate": "2026-03-14",
    "dueDate": "2026-03-28",
    "currencyCode": "NOK",
    "totalExVat": 100,
    "totalVat": 25,
    "totalIncVat": 125,
    "lines": [LINE],
}
CREDIT_NOTE: dict[str, Any] = {
    **INVOICE,
    "invoiceType": "creditNote",
    "totalExVat": -100,
    "totalVat": -25,
    "totalIncVat": -125,
    "lines": [{**LINE, "totalExVat": -100}],
}
