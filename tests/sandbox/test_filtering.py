"""The filter language as text."""

import pytest

from daemon.sandbox.filtering import All, Comparison, Either, Not, NotAFilter, Value, parsed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("F eq 'x'", "x"),
        ("F eq 'O''Hara'", "O'Hara"),
        ("F eq ''", ""),
        ("F eq 12", 12),
        ("F eq -12.5", -12.5),
        ("F eq true", True),
        ("F eq false", False),
        ("F eq null", None),
        ("F eq '2026-01-31'", "2026-01-31"),
        ("F eq 'a and b (c)'", "a and b (c)"),
        ("  F   eq\t'x'  ", "x"),
    ],
)
def test_values(text: str, value: Value) -> None:
    """Strings stand in quotes with two for one; numbers, truth values and null are bare."""
    assert Comparison(("F",), "eq", value) == parsed(text)


@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "lt", "ge", "le", "like", "notlike"])
def test_operators(operator: str) -> None:
    """Every documented operator is read."""
    assert Comparison(("F",), operator, 1) == parsed(f"F {operator} 1")


@pytest.mark.parametrize("function", ["contains", "startswith", "endswith"])
def test_functions(function: str) -> None:
    """The three functions take a path and a value."""
    assert Comparison(("Info", "Name"), function, "x") == parsed(f"{function}(Info.Name, 'x')")


def test_precedence() -> None:
    """`not` binds before `and`, `and` before `or`, parentheses before all."""
    a, b, c = (Comparison((name,), "eq", 1) for name in "abc")
    assert Either((a, All((b, Not(c))))) == parsed("a eq 1 or b eq 1 and not c eq 1")
    assert All((Either((a, b)), c)) == parsed("(a eq 1 or b eq 1) and c eq 1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "F",
        "F eq",
        "F == 1",
        "F equals 1",
        "F EQ 1",
        "F eq x",
        "F eq 'x",
        "F eq 1 and",
        "F eq 1 F eq 2",
        "(F eq 1",
        "F eq 1)",
        "F in (1,2)",
        "contains(F)",
        "contains(F,'x'",
        "1 eq F",
        "F eq 1x",
        "and eq",
        "(" * 60 + "F eq 1" + ")" * 60,
        "F eq 1; drop",
    ],
)
def test_not_a_filter(text: str) -> None:
    """Text outside the language is told apart, so that it can be ignored as DnB ignores it."""
    assert isinstance(parsed(text), NotAFilter)


def test_long_chains() -> None:
    """A chain of hundreds of alternatives is read without exhausting the stack."""
    expression = parsed(" or ".join(f"F eq {number}" for number in range(5000)))
    assert isinstance(expression, Either)
    assert len(expression.terms) == 5000
