"""What replies mean: one judgement for all calls, and rows that are checked against what was asked for.

The statuses follow the vendor's status pages and its front end's error handling, where they speak; where nothing is
documented (408, 429, 503) the common meaning in HTTP is taken. The text of a refusal may hold personal data, so it is
handed on in `Refused.value` only, which nobody but the tenant's own people sees.
"""

import re
from collections.abc import Callable, Generator, Iterator
from types import GenericAlias
from typing import TypeVar, assert_never, cast

import msgspec

from daemon.core.procedure import (
    Answered,
    Call,
    Denied,
    Outcome,
    Refused,
    Reply,
    Throttled,
    Unanswered,
    Unavailable,
    Unknown,
    Unreachable,
)
from daemon.dnb.rows import Row

R = TypeVar("R", bound=Row)

MAX_MESSAGES = 10  # a page of messages helps nobody
MAX_MESSAGE_LENGTH_CHARACTERS = 500  # the ledger and the mail hold them
MAX_DEPTH = 12  # of an echoed entity; the deepest documented one has four levels

_FOREIGN_KEY = re.compile(r"foreign\s*key", re.IGNORECASE)
_GUID_USED = re.compile(r"guid|already|duplicate|unique|in use|allerede|i bruk|finnes(?!\s+ikke)", re.IGNORECASE)

_DECODING_ERRORS = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)


class Accepted(msgspec.Struct, frozen=True):
    """DnB did what was asked; a write's body must not be relied on."""

    body: bytes


class Rejected(msgspec.Struct, frozen=True):
    """DnB refuses the call for what it says; `messages` may hold personal data."""

    status: int
    messages: tuple[str, ...]
    field: str = ""

    @property
    def may_be_used_guid(self) -> bool:
        """Tell whether the refusal may be about a guid used before; the server's wording is not documented."""
        return any(_GUID_USED.search(message) for message in (*self.messages, self.field))

    @property
    def names_guid(self) -> bool:
        """Tell whether the refusal speaks of a guid, so that there is no doubt."""
        return any("guid" in message.lower() for message in (*self.messages, self.field))

    @property
    def is_foreign_key(self) -> bool:
        """Tell whether a reference in the body points to a row that DnB does not have."""
        return any(_FOREIGN_KEY.search(message) for message in self.messages)


class Missing(msgspec.Struct, frozen=True):
    """DnB has no such row, or no longer."""


Verdict = Accepted | Rejected | Missing | Throttled | Unavailable | Denied | Unknown


def ask(call: Call) -> Generator[Call, Reply, Verdict]:
    """Yield one call and return what its reply means."""
    return judge((yield call), call)


def judge(reply: Reply, call: Call) -> Verdict:
    """Return what a reply to this call means; never raises, whatever the server sent."""
    match reply:
        case Unreachable(reason):
            return Unavailable(reason)
        case Unanswered(reason):
            return Unknown(reason) if call.writes else Unavailable(reason)
        case Answered():
            return judge_answer(reply, call)
        case _:
            assert_never(reply)


def judge_answer(answer: Answered, call: Call) -> Verdict:
    """Return what an answer means by the hundreds of its status; what is no success or error is a proxy's doing."""
    match answer.status // 100:
        case 2:
            return Accepted(answer.body)
        case 4:
            return judge_error(answer)
        case 5:
            return judge_fault(answer, call)
        case _:
            return Unavailable(f"status_{answer.status}")


def judge_error(answer: Answered) -> Verdict:
    """Return what a 4xx means: the call was not applied, and the status tells who must do something about it."""
    match answer.status:
        case 401 | 403:
            return Denied(f"status_{answer.status}")
        case 404:
            return Missing()
        case 408 | 429:
            return Throttled(retry_after=answer.retry_after)
        case _:
            return rejection(answer)


def judge_fault(answer: Answered, call: Call) -> Verdict:
    """Return what a 5xx means: nothing for a read, an open effect for a write, with two exceptions.

    A 503 with Retry-After is a pause that was asked for. A 500 about a foreign key is a refusal: the database rolled
    the write back.
    """
    match answer.status:
        case 503 if answer.pause is not None:
            return Throttled(retry_after=answer.pause)
        case 500 if (rejected := rejection(answer)).is_foreign_key:
            return rejected
        case status:
            return Unknown(f"status_{status}") if call.writes else Unavailable(f"status_{status}")


def rejection(answer: Answered) -> Rejected:
    """Return a refusal with its messages, each cut to a bounded length, and the field of the first that names one."""
    try:
        document = msgspec.json.decode(answer.body)
    except _DECODING_ERRORS:
        document = answer.body.decode(errors="replace").strip()
    found = list(messages_in(document))[:MAX_MESSAGES]
    texts = tuple(dict.fromkeys(text[:MAX_MESSAGE_LENGTH_CHARACTERS] for _, text in found if text))
    field = next((field for field, _ in found if field), "")
    return Rejected(answer.status, texts or (f"status {answer.status}",), field)


def messages_in(document: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (field, text) of each message: a plain string, Message, Messages[], and _validationResults at any depth."""
    if isinstance(document, str):
        yield "", document
    if isinstance(document, list) and depth <= MAX_DEPTH:
        for item in cast("list[object]", document):
            yield from messages_in(item, depth + 1)
    if not isinstance(document, dict) or depth > MAX_DEPTH:
        return
    entity = cast("dict[str, object]", document)
    yield from _own_messages(entity)
    for child in _children(entity):
        yield from (found for found in messages_in(child, depth + 1) if isinstance(child, dict))


def read_row(verdict: Verdict, model: type[R]) -> R | Missing | Outcome:
    """Return the one row that a read answered with.

    A body that is no such row is an outage of the API, not a bug, and so is a reading that is turned down: nothing was
    said of the change, which may stand in DnB or be needed there as before.
    """
    match verdict:
        case Accepted(body):
            return _decoded(body, model) or Unavailable("reply_not_understood")
        case Rejected(status):
            return Unavailable(f"status_{status}")
        case _:
            return verdict


def read_rows(verdict: Verdict, model: type[R], *, key: str, matches: Callable[[R], bool]) -> list[R] | Outcome:
    """Return the living rows of a filtered list, each checked again against the filter's `key`.

    DnB ignores a filter it does not understand and answers with everything. A row that was not asked for therefore
    means that nothing in the answer can be trusted: `Unavailable`, naming the field.
    """
    rows = read_list(verdict, model)
    if not isinstance(rows, list):
        return rows
    if not all(matches(row) for row in rows):
        return Unavailable(f"filter_ignored_{key}")
    return [row for row in rows if row.is_alive]


def read_list(verdict: Verdict, model: type[R]) -> list[R] | Outcome:
    """Return all rows that a list answered with, deleted ones too: what pages are counted by; else as `read_row`."""
    match verdict:
        case Accepted(body):
            rows = _decoded_list(body, model)
            return Unavailable("reply_not_understood") if rows is None else rows
        case Missing():
            return Unavailable("status_404")
        case Rejected(status):
            return Unavailable(f"status_{status}")
        case _:
            return verdict


def refusal(rejected: Rejected) -> Refused:
    """Return the outcome of a refusal by DnB: its own words stand in `value`, since they may hold personal data."""
    return Refused(
        reason="unknown_reference" if rejected.is_foreign_key else "rejected_by_dnb",
        field=rejected.field,
        value="; ".join(rejected.messages),
        rule=f"DnB answered with status {rejected.status}",
        repair="correct in Moment, or in DnB, what the answer names",
    )


def _own_messages(entity: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name in ("Message", "message"):
        if isinstance(text := entity.get(name), str):
            yield _text(entity.get("PropertyName")), text
    for item in _items(entity.get("Messages")):
        yield from messages_in(item, MAX_DEPTH)
    results = entity.get("_validationResults")
    if isinstance(results, dict):
        for name, items in cast("dict[str, object]", results).items():
            for item in _items(items):
                yield from ((field or name, text) for field, text in messages_in(item, MAX_DEPTH))


def _children(entity: dict[str, object]) -> Iterator[object]:
    own = {"Message", "message", "Messages", "_validationResults"}
    for name, value in entity.items():
        if name not in own:
            yield from _items(value)


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _decoded(body: bytes, model: type[R]) -> R | None:
    try:
        body.decode()
        return msgspec.json.decode(body, type=model)
    except _DECODING_ERRORS:
        return None


def _decoded_list(body: bytes, model: type[R]) -> list[R] | None:
    try:
        body.decode()
        return msgspec.json.decode(body, type=cast("type[list[R]]", GenericAlias(list, (model,))))
    except _DECODING_ERRORS:
        return None
