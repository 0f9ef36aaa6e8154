"""Texts that arrived whole, in whatever parts, and those that did not."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.text_judging import cut_texts

LINE: Row = {"text": "Møte med\nbyggherren", "quantity": "7.5", "totalExVat": "100.00"}
DATA: Row = {"lines": [LINE], "description": "Honorar for mars", "paymentId": "0102459"}


def item(text: str, *, place: int = 1, product: int | None = 31, count: float = 7.5) -> Row:
    """A line in DnB; without a product it is text alone."""
    return {"ItemText": text, "SortIndex": place, "ProductID": product, "NumberOfItems": count}


def invoice(*items: Row, comment: str | None = "Honorar for mars", information: str | None = None) -> Row:
    """An invoice in DnB."""
    lines: list[Json] = list(items)
    return {"Items": lines, "Comment": comment, "PaymentID": "0102459", "PaymentInformation": information}


@pytest.mark.parametrize(
    "whole",
    [
        invoice(item("Møte med byggherren")),
        invoice(item("byggherren", place=2, product=None), item("Møte med")),
        invoice(item("Møte med byggherren (antall: 7,5)", count=1)),
        invoice(item("Møte med byggherren (7.5 timer)", count=1)),
        invoice(item("Møte med byggherren"), item("mars", place=2, product=None), comment="Honorar for"),
        invoice(item("Møte med byggherren", count=-7.5)),
    ],
)
def test_whole(whole: Row) -> None:
    """A text may go on in the next lines, a quantity may stand in it, and a description may stand behind it all."""
    assert [] == list(cut_texts(DATA, whole))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (invoice(item("Møte med")), "the text of line 0 is not whole"),
        (invoice(item("Møte med byggherren", count=1)), "the quantity of line 0 is lost"),
        (invoice(item("Møte med byggherren", count=8)), "the quantity of line 0 is lost"),
        (invoice(item("Møte med byggherren"), comment="Honorar"), "the description is not whole"),
        (invoice(item("Møte med byggherren"), comment=None), "the description is not whole"),
        (invoice(item("Møte med byggherren"), comment="Noe annet"), "the description is not whole"),
        (invoice(item("Møte med byggherren"), item("Møte", place=2)), "1 lines became 2"),
        (invoice(), "1 lines became 0"),
        (invoice(item("Møte med byggherren")) | {"PaymentID": "1"}, "the payment id is told nowhere"),
    ],
)
def test_cut(broken: Row, told: str) -> None:
    """What is not there, or stands elsewhere, is told by its place."""
    assert [told] == list(cut_texts(DATA, broken))


def test_payment_information() -> None:
    """A payment id that banks refuse may be told as information."""
    told = invoice(item("Møte med byggherren"), information="0102459") | {"PaymentID": "10245"}
    assert [] == list(cut_texts(DATA, told))


def test_line_without_text() -> None:
    """An empty text is whole."""
    assert [] == list(cut_texts({**DATA, "lines": [{**LINE, "text": ""}]}, invoice(item(""))))
