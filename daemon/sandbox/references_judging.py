"""What a change refers to, and whether that explains why it is parked."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from daemon.sandbox.documents import Json, Row

MISSING: str = "missing_dependency"
REFUSED: str = "dependency_refused"
UNKNOWN_CUSTOMER: str = "unknown_customer"

_FIELDS: Mapping[str, tuple[str, str]] = {
    "customer": ("customer", "customerNumber"),
    "project": ("project", "projectNumber"),
    "creditedInvoice": ("invoice", "invoiceNumber"),
}


class Reference(msgspec.Struct, frozen=True):
    """What a change refers to, by Moment's id and by its number."""

    tenant: str
    kind: str
    id: int
    number: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything stands at the end.

    `transfers` has what each tenant transfers; `came` what records told of; `in_books` what the books hold of that;
    `refused` what is parked of it. `numbers` has, for kinds that are not transferred, the numbers in the books.
    """

    transfers: Mapping[str, AbstractSet[str]]
    came: AbstractSet[tuple[str, str, int]]
    in_books: AbstractSet[tuple[str, str, int]]
    refused: AbstractSet[tuple[str, str, int]]
    numbers: AbstractSet[tuple[str, str, str]]

    def reasons(self, reference: Reference) -> AbstractSet[str]:
        """The reasons to park what refers to this; none where it holds nothing up."""
        key = (reference.tenant, reference.kind, reference.id)
        if reference.kind not in self.transfers.get(reference.tenant, frozenset()):
            is_known = (reference.tenant, reference.kind, reference.number) in self.numbers
            return frozenset() if reference.kind != "customer" or is_known else {UNKNOWN_CUSTOMER}
        if key in self.in_books:
            return {REFUSED} if key in self.refused else frozenset()
        if key in self.came:
            return {REFUSED}
        return frozenset() if reference.kind == "invoice" else {MISSING}

    def is_in_books(self, reference: Reference) -> bool:
        """Whether the books hold what is referred to, as far as records told of it."""
        return (reference.tenant, reference.kind, reference.id) in self.in_books


def references(tenant: str, data: Row) -> Iterator[Reference]:
    """What the data of a project or an invoice refers to."""
    for field, (kind, number) in _FIELDS.items():
        row = data.get(field)
        if isinstance(row, dict):
            yield Reference(tenant, kind, int(str(row["id"])), _text(row[number]))


def excuse(standing: Standing, tenant: str, data: Row) -> tuple[AbstractSet[str], bool]:
    """The reasons under which a change may be parked, and whether it may be in the books all the same."""
    told = [(reference, standing.reasons(reference)) for reference in references(tenant, data)]
    reasons = {reason for _, each in told for reason in each}
    return reasons, all(standing.is_in_books(reference) for reference, each in told if each)


def _text(value: Json) -> str:
    return str(value).strip()
