"""Every entity of DnB's API that the sandbox has: what its contract lists, as data."""

from daemon.sandbox.entities_accounting import (
    ACCOUNT,
    COMPANY_SETTINGS,
    FINANCIAL_YEAR,
    JOURNAL_ENTRY,
    JOURNAL_ENTRY_LINE,
    JOURNAL_ENTRY_LINE_DRAFT,
    NUMBER_SERIES,
    NUMBER_SERIES_TYPE,
    VAT_TYPE,
    VAT_TYPE_PERCENTAGE,
)
from daemon.sandbox.entities_register import (
    ADDRESS,
    BUSINESS_RELATION,
    COUNTRY,
    CURRENCY_CODE,
    CUSTOMER,
    DIMENSIONS,
    EMAIL,
    PHONE,
    PRODUCT,
    PROJECT,
    TERMS,
)
from daemon.sandbox.entities_sales import CUSTOMER_INVOICE, CUSTOMER_INVOICE_ITEM
from daemon.sandbox.schema import Declaration


def declarations(*, vat_percent_at_root: bool) -> tuple[Declaration, ...]:
    """Every entity; without `vat_percent_at_root` a VAT type knows its rate only through `VatTypePercentages`."""
    return (
        CUSTOMER, BUSINESS_RELATION, EMAIL, PHONE, ADDRESS, PROJECT, PRODUCT, DIMENSIONS, ACCOUNT,
        VAT_TYPE if vat_percent_at_root else _without_root_percent(), VAT_TYPE_PERCENTAGE,
        CURRENCY_CODE, COUNTRY, TERMS, COMPANY_SETTINGS, NUMBER_SERIES, NUMBER_SERIES_TYPE, FINANCIAL_YEAR,
        CUSTOMER_INVOICE, CUSTOMER_INVOICE_ITEM, JOURNAL_ENTRY, JOURNAL_ENTRY_LINE, JOURNAL_ENTRY_LINE_DRAFT,
    )  # fmt: skip


def _without_root_percent() -> Declaration:
    fields = tuple(field for field in VAT_TYPE.fields if field.name != "VatPercent")
    return Declaration(
        name=VAT_TYPE.name,
        route=VAT_TYPE.route,
        first_id=VAT_TYPE.first_id,
        fields=fields,
        relations=VAT_TYPE.relations,
        unmodelled=VAT_TYPE.unmodelled,
    )
