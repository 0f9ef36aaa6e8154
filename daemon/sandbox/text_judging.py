"""Whether every text of an invoice arrived whole: on its line and those that continue it, in the comment and behind."""

import re
from collections.abc import Iterator
from decimal import Decimal

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.postings import lines_of, objects


def cut_texts(data: Row, invoice: Row) -> Iterator[str]:
    """What of Moment's texts and quantities is not in DnB's invoice; blanks and line breaks do not count.

    A line's text begins on the line that has its amount and may go on in lines without one. A quantity whose price
    would not come out even may stand in the text. What does not fit the comment stands behind the last line.
    """
    groups = _groups(invoice)
    lines = lines_of(data)
    if len(groups) != len(lines):
        yield f"{len(lines)} lines became {len(groups)}"
        return
    for place, (line, group) in enumerate(zip(lines, groups, strict=True)):
        text = _plain("".join(_text(item["ItemText"]) for item in group))
        if not text.startswith(_plain(_text(line["text"]))):
            yield f"the text of line {place} is not whole"
        if not _tells_quantity(Decimal(_text(line["quantity"])), group[0], text):
            yield f"the quantity of line {place} is lost"
    tail = _plain("".join(_text(item["ItemText"]) for item in groups[-1][1:])) if groups else ""
    wanted, comment = _plain(_text(data.get("description"))), _plain(_text(invoice["Comment"]))
    if not wanted.startswith(comment) or wanted.removeprefix(comment) not in tail:
        yield "the description is not whole"
    payment_id = _text(data.get("paymentId"))
    told = _text(invoice["PaymentID"]), _text(invoice["PaymentInformation"])
    if payment_id and not any(payment_id in each for each in told):
        yield "the payment id is told nowhere"


def _groups(invoice: Row) -> list[list[Row]]:
    """The items with an amount, each with the lines of text behind it."""
    groups: list[list[Row]] = []
    for item in sorted(objects(invoice["Items"]), key=lambda each: Decimal(_text(each["SortIndex"]) or 0)):
        if item["ProductID"] is not None:
            groups.append([item])
        elif groups:
            groups[-1].append(item)
    return groups


def _tells_quantity(quantity: Decimal, item: Row, text: str) -> bool:
    """Whether the item has the quantity, or is one piece with the quantity in its text."""
    number = abs(Decimal(_text(item["NumberOfItems"])))
    if number == abs(quantity):
        return True
    written = f"{abs(quantity).normalize():f}"
    return number == 1 and (written in text or written.replace(".", ",") in text)


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _text(value: Json) -> str:
    return "" if value is None else str(value)
