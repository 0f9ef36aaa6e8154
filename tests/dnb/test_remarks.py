"""The closed list of remarks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import daemon.dnb
from daemon.dnb.remarks import REMARKS


def reasons() -> set[str]:
    """Return every reason that the package's own code gives a remark."""
    files = Path(daemon.dnb.__path__[0]).glob("*.py")
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    return {reason for node in nodes if isinstance(node, ast.Call) for reason in reasons_of(node)}


def reasons_of(call: ast.Call) -> Iterator[str]:
    """Yield the literal reason of a call that makes a remark."""
    if isinstance(call.func, ast.Name) and call.func.id in {"Remark", "_remark"}:
        for value in (*call.args[:1], *(one.value for one in call.keywords if one.arg == "reason")):
            if isinstance(value, ast.Constant):
                yield str(value.value)


def test_every_remark_is_told_in_words() -> None:
    """A reason is a metric's label, so the list is closed, and a person reads a sentence."""
    assert reasons() | {"project_state_refused", "project_state_unreachable"} == set(REMARKS)
    assert all(text.endswith(".") for text in REMARKS.values())
