"""Columns by the dozen."""

from daemon.sandbox.declaring import booleans, dates, decimals, foreign_key, integers, texts
from daemon.sandbox.schema import Field, Kind


def test_columns() -> None:
    """Each builder gives columns of its kind, in order."""
    assert (Field("A", Kind.INTEGER), Field("B", Kind.INTEGER)) == integers("A", "B")
    assert (Field("A", Kind.DECIMAL, writable=False),) == decimals("A", writable=False)
    assert (Field("A", Kind.BOOLEAN, default=False),) == booleans("A")
    assert (Field("A", Kind.DATE),) == dates("A")
    assert (Field("A", max_length=10), Field("B", max_length=10)) == texts(10, "A", "B")
    assert Field("A", Kind.INTEGER, references="Customer", indexed=True) == foreign_key("A", "Customer", indexed=True)
