"""The rows in DnB that a change refers to: known to the ledger, else found by their business numbers.

A number in DnB says which row is meant, as Moment is master of the numbers; an event holds nothing else of what it
refers to that could be compared.
"""

from collections.abc import Generator

import msgspec

from daemon.core.model import Kind, Tenant
from daemon.core.procedure import Call, Known, MissingDependency, Outcome, Refused, Reply
from daemon.dnb import calls
from daemon.dnb.replies import ask, read_rows
from daemon.dnb.rows import CustomerRow, ProjectRow


class Transfers(msgspec.Struct, frozen=True):
    """Which kinds the tenant transfers: what is missing of these will come, of others a person must add it."""

    kinds: frozenset[Kind]

    @classmethod
    def of(cls, tenant: Tenant) -> "Transfers":
        """Return what a tenant transfers."""
        return cls(tenant.kinds)


def customer_id(number: str, known: Known, transfers: Transfers) -> Generator[Call, Reply, int | Outcome]:
    """Return the id of the customer that a change refers to, or what must happen before there is one."""
    if "customer" in known.related:
        return known.related["customer"]
    rows: list[CustomerRow] | Outcome = []
    if is_number(number):
        verdict = yield from ask(calls.customer_ids_by_number(number))
        rows = read_rows(
            verdict, CustomerRow, key="customer_number", matches=lambda row: str(row.customer_number) == number
        )
    if not isinstance(rows, list):
        return rows
    if len(rows) == 1:
        return rows[0].id
    if rows:
        return ambiguous("customerNumber", number, "several customers in DnB have this number")
    return MissingDependency("customer") if "customer" in transfers.kinds else _unknown_customer(number)


def project_id(number: str, known: Known, transfers: Transfers) -> Generator[Call, Reply, int | Outcome | None]:
    """Return the id of the project that an invoice is for, None where DnB has none and none is transferred."""
    if "project" in known.related:
        return known.related["project"]
    verdict = yield from ask(calls.project_ids_by_number(number))
    rows = read_rows(verdict, ProjectRow, key="project_number", matches=lambda row: row.number == number)
    if not isinstance(rows, list):
        return rows
    if len(rows) == 1:
        return rows[0].id
    if rows:
        return ambiguous("projectNumber", number, "several projects in DnB have this number")
    return MissingDependency("project") if "project" in transfers.kinds else None


def is_number(text: str) -> bool:
    """Tell whether a business number can be asked for as an integer."""
    return text.isascii() and text.isdigit() and int(text) < 2**31


def ambiguous(field: str, number: str, rule: str) -> Refused:
    """Return the refusal that asks a person which row is meant."""
    repair = "give all but one of them another number in DnB, then replay"
    return Refused(reason="conflict", field=field, value=number, rule=rule, repair=repair, heals=True)


def _unknown_customer(number: str) -> Refused:
    return Refused(
        reason="unknown_customer",
        field="customerNumber",
        value=number,
        rule="must be a customer that the company in DnB has, as customers are not transferred",
        repair=f"add customer {number} in DnB, or transfer customers too",
        heals=True,
    )
