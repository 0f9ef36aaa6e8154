"""What a company books with, by the words that Moment uses: accounts, VAT types, products, and what is locked.

A list that is small is read whole, once for each tenant, instead of one call for each code; whoever waits for it gets
the one reply. What was found is kept. A miss is never kept: the next change that names it asks DnB for it alone, so
that an account added in DnB is seen without a clock or a restart. Refusals say what to add, and heal by themselves. The
company's settings, which say whether may be booked at all, are read again after some minutes.
"""

from collections.abc import Callable, Generator
from datetime import date
from typing import TypeVar

import msgspec

from daemon.core.procedure import Call, Outcome, Refused, Reply, Unavailable
from daemon.dnb import calls, chart_calls
from daemon.dnb.chart_rows import AccountRow, ProductRow, SettingsRow, VatTypeRow
from daemon.dnb.replies import Missing, ask, read_list, read_row, read_rows
from daemon.dnb.rows import Row

T = TypeVar("T")
R = TypeVar("R", bound=Row)
Reading = Generator[Call, Reply, T | Outcome]

MAX_PAGES = 200  # more means that DnB ignores `skip`
SETTINGS_SECONDS = 300.0  # for as long a person's change of what may be booked can go unseen; a call for each company


class RefusedCredit(msgspec.Struct, frozen=True):
    """A credit note that DnB would book with neither sign: the one to go on with, and DnB's last word on it."""

    sign: int
    messages: tuple[str, ...]


class Chart:
    """What is known of one company's accounts, VAT types, products and settings; filled by its procedures.

    `credit_sign` is the sign that a credit note's amounts are sent with (see `crediting`), None while it is not known;
    `refused_credits` are, by their references, the credit notes that DnB would book with neither sign.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._accounts: dict[str, AccountRow] = {}
        self._vat_types: dict[str, VatTypeRow] = {}
        self._products: dict[str, int] = {}
        self._customer_accounts: dict[int, int] = {}
        self._settings: SettingsRow | None = None
        self._settings_at = 0.0
        self._now = 0.0
        self.credit_sign: int | None = None
        self.refused_credits: dict[str, RefusedCredit] = {}

    def account(self, number: str) -> Reading[AccountRow]:
        """Return the account with this number, or a refusal `unknown_account` or `account_locked`."""
        if not number.isascii() or not number.isdigit():
            return _unknown_account(number)
        was_listed = bool(self._accounts)
        if not was_listed:
            accounts = yield from read_table(chart_calls.accounts_page, AccountRow, account_key)
            if not isinstance(accounts, dict):
                return accounts
            if not all(is_listed_account(number) for number in accounts):
                return Unavailable("filter_ignored_list")
            self._accounts = accounts
        row = self._accounts.get(number)
        if row is not None and row.is_open:
            return row
        if was_listed or int(number) >= chart_calls.FIRST_SUB_ACCOUNT:
            return (yield from self._one_account(number))
        return _locked_account(number) if row else _unknown_account(number)

    def _one_account(self, number: str) -> Reading[AccountRow]:
        verdict = yield from ask(chart_calls.account(number))
        rows = read_rows(
            verdict, AccountRow, key="account_number", matches=lambda row: str(row.account_number) == number
        )
        if not isinstance(rows, list):
            return rows
        if not rows:
            self._accounts.pop(number, None)
            return _unknown_account(number)
        self._accounts[number] = rows[0]
        return rows[0] if rows[0].is_open else _locked_account(number)

    def vat_type(self, code: str) -> Reading[VatTypeRow]:
        """Return the VAT type with this code, or a refusal `unknown_vat_code`."""
        if not self._vat_types:
            vat_types = yield from read_table(chart_calls.vat_types_page, VatTypeRow, vat_key)
            if not isinstance(vat_types, dict):
                return vat_types
            self._vat_types = vat_types
        elif code not in self._vat_types:
            verdict = yield from ask(chart_calls.vat_type(code))
            found = read_rows(verdict, VatTypeRow, key="vat_code", matches=lambda row: str(row.vat_code) == code)
            if not isinstance(found, list):
                return found
            if found:
                self._vat_types[code] = found[0]
        return self._vat_types.get(code) or _unknown_vat_code(code)

    def customer_account_id(self, customer_id: int) -> Reading[int]:
        """Return the id of a customer's sub-account, or a refusal `unknown_account`."""
        if customer_id in self._customer_accounts:
            return self._customer_accounts[customer_id]
        verdict = yield from ask(chart_calls.customer_account(customer_id))
        rows = read_rows(verdict, AccountRow, key="customer_id", matches=lambda row: row.customer_id == customer_id)
        if not isinstance(rows, list):
            return rows
        if not rows:
            return _unknown_account("of the customer")
        return self._customer_accounts.setdefault(customer_id, rows[0].id)

    def product_id(self, part_name: str) -> Reading[int | None]:
        """Return the id of the product with this number, None where the company has none."""
        if part_name in self._products:
            return self._products[part_name]
        verdict = yield from ask(chart_calls.product(part_name))
        rows = read_rows(verdict, ProductRow, key="part_name", matches=lambda row: _same(row.part_name, part_name))
        if not isinstance(rows, list):
            return rows
        return self._products.setdefault(part_name, rows[0].id) if rows else None

    def keep_product(self, part_name: str, dnb_id: int) -> None:
        """Keep the id of a product that was just created."""
        self._products[part_name] = dnb_id

    def tell_time(self, now: float) -> None:
        """Forget settings that are too old (`now` in UTC seconds); whoever books tells the time at its start."""
        self._now = now
        if now - self._settings_at >= SETTINGS_SECONDS:
            self.forget_settings()

    def settings(self) -> Reading[SettingsRow]:
        """Return the company's settings, as they were read in the last minutes."""
        if self._settings is None:
            row = read_row((yield from ask(calls.company_settings())), SettingsRow)
            if isinstance(row, Missing):
                return Unavailable("status_404")
            if not isinstance(row, SettingsRow):
                return row
            if row.base_currency_code_id is None:
                return Unavailable("reply_not_understood")
            self._settings, self._settings_at = row, self._now
        return self._settings

    def require_open(self, on: date, field: str) -> Reading[SettingsRow]:
        """Return the settings if a day may be booked on, else a refusal `closed_period`.

        Only settings that allow the day are trusted without reading them again; a refusal keeps nothing, so that the
        next try sees a period that was opened.
        """
        kept = self._settings
        if kept is not None and on <= kept.locked_until:
            self._settings = None
        settings = yield from self.settings()
        if not isinstance(settings, SettingsRow) or on > settings.locked_until:
            return settings
        self._settings = None
        return _closed_period(on, settings.locked_until, field)

    def require_bookable(self, on: date, field: str) -> Reading[SettingsRow]:
        """Return the settings if an invoice may be booked on that day, else `closed_period` or `auto_distribution`.

        Moment has sent the invoice to the customer already, and nothing that an invoice can carry is known to keep a
        company from sending it once more that sends all it books.
        """
        settings = yield from self.require_open(on, field)
        if not isinstance(settings, SettingsRow) or not settings.auto_distribute_invoice:
            return settings
        self._settings = None
        return _auto_distribution()

    def forget_settings(self) -> None:
        """Forget the company's settings alone: a person may have changed them."""
        self._settings = None

    def forget_vat_types(self) -> None:
        """Forget the VAT types alone: sums that are reckoned from their rates are not what they should be."""
        self._vat_types.clear()

    def forget(self) -> None:
        """Forget everything: DnB refused something that was taken from here."""
        self._accounts.clear()
        self.forget_vat_types()
        self._products.clear()
        self._customer_accounts.clear()
        self.forget_settings()
        self.credit_sign = None


def read_table(page: Callable[[int], Call], model: type[R], key: Callable[[R], str]) -> Reading[dict[str, R]]:
    """Return the living rows of a whole list by number or code, the first of each; one that has none is left out.

    A list in which no row has any is none that was asked for.
    """
    rows = yield from read_pages(page, model)
    if not isinstance(rows, list):
        return rows
    table = {key(row): row for row in reversed(rows) if key(row)}
    return table if table or not rows else Unavailable("filter_ignored_list")


def read_pages(page: Callable[[int], Call], model: type[R]) -> Reading[list[R]]:
    """Return all living rows of a list, read page by page until one is short."""
    found: list[R] = []
    for number in range(MAX_PAGES):
        rows = read_list((yield from ask(page(number * calls.PAGE_ROWS))), model)
        if not isinstance(rows, list):
            return rows
        found += [row for row in rows if row.is_alive]
        if len(rows) < calls.PAGE_ROWS:
            return found
    return Unavailable("list_without_end")


def account_key(row: AccountRow) -> str:
    """Return an account's number as text, empty where it has none."""
    return "" if row.account_number is None else str(row.account_number)


def vat_key(row: VatTypeRow) -> str:
    """Return a VAT type's code, empty where it has none."""
    return "" if row.vat_code is None else str(row.vat_code)


def is_listed_account(number: str) -> bool:
    """Tell whether the list of accounts was meant to hold the one with this number."""
    return number.isdigit() and int(number) < chart_calls.FIRST_SUB_ACCOUNT


def _same(found: str | None, wanted: str) -> bool:
    return (found or "").strip().casefold() == wanted.casefold()


def _unknown_account(number: str) -> Refused:
    repair = f"add account {number} in DnB, or correct the account in Moment and export the invoice again"
    return _healing(
        "unknown_account", "accountNumber", number, "must be an account that the company in DnB has", repair
    )


def _locked_account(number: str) -> Refused:
    rule = "must be active in DnB and not locked"
    return _healing("account_locked", "accountNumber", number, rule, f"activate or unlock account {number} in DnB")


def _unknown_vat_code(code: str) -> Refused:
    repair = f"add VAT code {code} in DnB, or correct the account's VAT code in Moment and export the invoice again"
    return _healing("unknown_vat_code", "vatCode", code, "must be a VAT code that the company in DnB has", repair)


def unknown_product(part_name: str) -> Refused:
    """Return the refusal for a product that the tenant's settings name and the company does not have."""
    rule = "must be the number of a product in DnB"
    repair = f"add product {part_name} in DnB, or correct `products` in the tenant's settings"
    return _healing("unknown_product", "productType", part_name, rule, repair)


def _closed_period(on: date, locked_until: date, field: str) -> Refused:
    rule = f"after {locked_until}, the day until which the books in DnB are locked"
    repair = "open the period in DnB, or credit the invoice in Moment and make a new one with a later date"
    return _healing("closed_period", field, str(on), rule, repair)


def _auto_distribution() -> Refused:
    rule = "the company in DnB must not send invoices by itself when they are booked: Moment has sent them already"
    repair = "switch off the automatic distribution of invoices in DnB's company settings"
    return _healing("auto_distribution", "", "", rule, repair)


def _healing(reason: str, field: str, value: str, rule: str, repair: str) -> Refused:
    return Refused(reason=reason, field=field, value=value, rule=rule, repair=repair, heals=True)
