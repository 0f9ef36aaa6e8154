"""Business codes to what they are in a tenant's company: a currency's id, a country's name.

Foreign keys in DnB are internal ids that differ between companies. What was found is kept; what was not found is asked
for again by the next change that names it, so that a currency added in DnB is seen without a clock or a restart. The
calls are shared: a hundred customers that wait for the same currency cost one call.
"""

from collections.abc import Generator

import msgspec

from daemon.core.procedure import Call, Outcome, Refused, Reply
from daemon.dnb import calls
from daemon.dnb.bodies import Content, References
from daemon.dnb.chart import Chart
from daemon.dnb.replies import ask, read_rows
from daemon.dnb.rows import CountryRow, CurrencyRow


class Directory:
    """What is known of one company's codes; filled by the look-ups of its procedures.

    `chart` is what it books with: accounts, VAT types, products, and what is locked.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._currency_ids: dict[str, int] = {}
        self._country_names: dict[str, str] = {}
        self.chart = Chart()

    def references(self, content: Content) -> Generator[Call, Reply, References | Outcome]:
        """Return what the codes of a customer are in this company, looking up only what is not known yet."""
        currency_id = (yield from self.currency_id(content.currency_code)) if content.currency_code else None
        if not (currency_id is None or isinstance(currency_id, int)):
            return currency_id
        names: dict[str, str] = {}
        for code in sorted({content.invoice_address.country_code, content.delivery_address.country_code} - {""}):
            name = yield from self.country_name(code)
            if not isinstance(name, str):
                return name
            names[code] = name
        return References(currency_id=currency_id, country_names=names)

    def currency_id(self, code: str) -> Generator[Call, Reply, int | Outcome]:
        """Return the id of a currency, or a refusal `unknown_currency`."""
        if code in self._currency_ids:
            return self._currency_ids[code]
        verdict = yield from ask(calls.currency(code))
        rows = read_rows(verdict, CurrencyRow, key="currency_code", matches=lambda row: _same(row.code, code))
        if not isinstance(rows, list):
            return rows
        if not rows:
            return _unknown("currency", code)
        return self._currency_ids.setdefault(code, rows[0].id)

    def country_name(self, code: str) -> Generator[Call, Reply, str | Outcome]:
        """Return the name that the company's addresses use for a country, or a refusal `unknown_country`."""
        if code in self._country_names:
            return self._country_names[code]
        verdict = yield from ask(calls.country(code))
        rows = read_rows(verdict, CountryRow, key="country_code", matches=lambda row: _same(row.country_code, code))
        if not isinstance(rows, list):
            return rows
        if not rows:
            return _unknown("country", code)
        return self._country_names.setdefault(code, rows[0].name or code)

    def forget(self) -> None:
        """Forget everything: DnB refused a reference that was taken from here."""
        self._currency_ids.clear()
        self._country_names.clear()
        self.chart.forget()


class Directories(msgspec.Struct, frozen=True):
    """The directory of each company, by the hash of its key."""

    known: dict[str, Directory] = {}

    def of(self, company: str) -> Directory:
        """Return the company's directory, an empty one where nothing is known yet."""
        return self.known.setdefault(company, Directory())


def _same(found: str | None, wanted: str) -> bool:
    return (found or "").strip().upper() == wanted


def _unknown(what: str, code: str) -> Refused:
    return Refused(
        reason=f"unknown_{what}",
        field=f"{what}Code",
        value=code,
        rule=f"must be a {what} that the company in DnB has",
        repair=f"correct the {what} code in Moment, or add the {what} in DnB",
        heals=True,
    )
