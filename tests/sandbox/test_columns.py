"""Whether a value fits a column."""

import pytest

from daemon.sandbox.columns import fault_of
from daemon.sandbox.documents import Json
from daemon.sandbox.schema import Field, Kind


@pytest.mark.parametrize(("kind", "value"), [
    (Kind.INTEGER, 5), (Kind.INTEGER, -(2**31)), (Kind.DECIMAL, 5), (Kind.DECIMAL, 5.5), (Kind.BOOLEAN, False),
    (Kind.STRING, ""), (Kind.DATE, "2026-02-03"), (Kind.DATE, "2026-02-03T00:00:00Z"),
    (Kind.INSTANT, "2026-02-03T09:15:22.41Z"), (Kind.GUID, "0b8d6a52-5f0a-4b3e-9f8a-0b6c2f3a1d01"),
    (Kind.CODE, 150101), (Kind.CODE, "150101"), (Kind.OBJECT, {}), *((kind, None) for kind in Kind),
])  # fmt: skip
def test_fits(kind: Kind, value: Json) -> None:
    """A value of the right type fits; null fits everywhere."""
    assert fault_of(Field("F", kind), value) is None


@pytest.mark.parametrize(("kind", "value"), [
    (Kind.INTEGER, "5"), (Kind.INTEGER, True), (Kind.INTEGER, 2**31), (Kind.INTEGER, 5.0), (Kind.DECIMAL, "5"),
    (Kind.DECIMAL, True), (Kind.BOOLEAN, "true"), (Kind.BOOLEAN, 0), (Kind.STRING, 5), (Kind.DATE, "3. februar"),
    (Kind.DATE, 20260203), (Kind.INSTANT, "now"), (Kind.GUID, "x"), (Kind.GUID, 5), (Kind.CODE, 1.5), (Kind.OBJECT, []),
])  # fmt: skip
def test_wrong_type(kind: Kind, value: Json) -> None:
    """A value of another type does not fit, not even one that could be converted."""
    fault = fault_of(Field("F", kind), value)
    assert "wrong_type" == (None if fault is None else fault.rule)


def test_too_long() -> None:
    """Text may be as long as its column and no longer."""
    field = Field("F", max_length=3)
    fault = fault_of(field, "abcd")
    assert (None, "too_long") == (fault_of(field, "abc"), None if fault is None else fault.rule)
