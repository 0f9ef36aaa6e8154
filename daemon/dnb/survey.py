"""What a company in DnB has of all that its invoices will need: looked at before the first one, for the preflight.

Reads only. Every finding says what was found; one that a person must repair says how.
"""

from collections.abc import Generator, Iterator

import msgspec

from daemon.core.model import Tenant
from daemon.core.procedure import Call, Outcome, Refused, Reply
from daemon.dnb import chart_calls
from daemon.dnb.chart import Chart
from daemon.dnb.chart_rows import SeriesRow, SettingsRow, day
from daemon.dnb.replies import ask, read_list

VAT_REGISTERED = "3"  # TaxMandatoryType
CUSTOMER_SERIES = "Customer"  # EntityType of the series that customer numbers are taken from


class Surveyed(msgspec.Struct, frozen=True):
    """One thing that was looked at: what, what was found, and how to repair it if it is not right."""

    what: str
    found: str
    repair: str = ""


Survey = Generator[Call, Reply, tuple[Surveyed, ...] | Outcome]


def survey_company(tenant: Tenant) -> Survey:
    """Return the findings on a tenant's company, or why DnB could not be asked."""
    chart = Chart()
    settings = yield from chart.settings()
    if not isinstance(settings, SettingsRow):
        return settings
    series = read_list((yield from ask(chart_calls.number_series())), SeriesRow)
    if not isinstance(series, list):
        return series
    named = yield from _named_by_settings(tenant, chart)
    if not isinstance(named, tuple):
        return named
    return (*_on_settings(settings), *_on_series(tenant, series), *named)


def _on_settings(settings: SettingsRow) -> Iterator[Surveyed]:
    locked = max(filter(None, (day(settings.accounting_locked_date), day(settings.vat_locked_date))), default=None)
    yield Surveyed("period", "nothing is locked" if locked is None else f"open after {locked}")
    if settings.auto_distribute_invoice:
        repair = (
            "switch it off in DnB: until then no invoice is booked, as Moment has sent each to the customer already"
        )
        yield Surveyed("distribution", "DnB sends invoices by itself when they are booked", repair)
    if settings.tax_mandatory_type is not None and str(settings.tax_mandatory_type) != VAT_REGISTERED:
        repair = "set it in DnB's company settings, or lines with VAT codes 3, 31, 32 and 33 will be refused"
        yield Surveyed("VAT", "the company is not registered for VAT", repair)


def _on_series(tenant: Tenant, series: list[SeriesRow]) -> Iterator[Surveyed]:
    ranges = [(one.from_number, one.to_number) for one in series if one.is_alive and one.entity == CUSTOMER_SERIES]
    told = [(first, last) for first, last in ranges if first is not None and last is not None]
    wanted = f"{tenant.first_number}-{tenant.last_number}"
    if not told:
        yield Surveyed("customer numbers", f"{wanted} by the tenant's settings; DnB tells no series")
    elif any(first <= tenant.first_number and tenant.last_number <= last for first, last in told):
        yield Surveyed("customer numbers", f"{wanted} lies within DnB's series")
    else:
        shown = ", ".join(f"{first}-{last}" for first, last in told)
        repair = "make `number_range` in the tenant's settings and the series in DnB agree"
        yield Surveyed("customer numbers", f"{wanted} is not within DnB's series ({shown})", repair)


def _named_by_settings(tenant: Tenant, chart: Chart) -> Survey:
    """Look up the accounts, VAT codes and products that the tenant's settings name."""
    findings: list[Surveyed] = []
    for account, code in tenant.booking.vat_codes.items():
        for what, looking in (
            (f"account {account}", chart.account(account)),
            (f"VAT code {code}", chart.vat_type(code)),
        ):
            found = yield from looking
            if isinstance(found, Outcome) and not isinstance(found, Refused):
                return found
            findings.append(_judged(what, found if isinstance(found, Refused) else None))
    for product_type, number in tenant.booking.products.items():
        product = yield from chart.product_id(number)
        if not (product is None or isinstance(product, int)):
            return product
        repair = f"add it in DnB, or correct `products: {product_type}` in the tenant's settings"
        what = f"product {number} for {product_type}"
        findings.append(Surveyed(what, "is not there", repair) if product is None else Surveyed(what, "is there"))
    return tuple(findings)


def _judged(what: str, refused: Refused | None) -> Surveyed:
    if refused is None:
        return Surveyed(what, "is there")
    return Surveyed(what, refused.reason.replace("_", " "), refused.repair)
