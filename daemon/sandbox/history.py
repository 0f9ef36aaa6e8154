"""What happened, in order: all that a judge of the client needs.

Instants are UTC seconds. A company is named by its key, as in the header `CompanyKey`; the empty string stands for a
request that named none, or an unknown one. Rows are plain JSON values and never change after they were appended.
"""

from collections import Counter

import msgspec

from daemon.sandbox.documents import Json


class Applied(msgspec.Struct, frozen=True):
    """A write that changed the books.

    `route` is the collection (`customers`), `row_id` DnB's ID. `created` and `deleted` say what kind of write it was
    (both false: an update or an action). `late` means that it was applied after its connection had been cut. `row` is
    the whole row after the write; a customer carries `Info` and every live child, expanded.
    """

    at: float
    company: str
    method: str
    route: str
    row_id: int
    created: bool
    deleted: bool
    late: bool
    row: dict[str, Json]


class Violation(msgspec.Struct, frozen=True):
    """A request that a correct client would never send.

    `rule` is a short name, with a detail after a colon where that helps: `unknown_filter_field: CustomerNo`.
    """

    at: float
    company: str
    method: str
    path: str
    rule: str


class QuotaBreach(msgspec.Struct, frozen=True):
    """A call above the quota (`quota_exceeded`), or before a given Retry-After had passed (`retry_after_ignored`)."""

    at: float
    company: str
    rule: str


class History:
    """The record of one emulator's life.

    Lists are in the order of `at`. Counters count calls to `/api/biz`, refused ones too; `calls` has them by company.
    """

    def __init__(self) -> None:
        self.applied: list[Applied] = []
        self.violations: list[Violation] = []
        self.breaches: list[QuotaBreach] = []
        self.calls: Counter[str] = Counter()
        self.calls_total = 0
        self.token_calls_total = 0

    def count_call(self, company: str) -> None:
        """Count one call to `/api/biz` by `company`."""
        self.calls[company] += 1
        self.calls_total += 1

    def count_token_call(self) -> None:
        """Count one call to the token endpoint."""
        self.token_calls_total += 1
