"""The pages in `docs` say what the code says: every reason word, and the calls of every procedure."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeGuard, get_args, get_type_hints

import msgspec
import pytest
import yaml

from daemon.core.model import Ignored
from daemon.dnb import invoice, project, voucher
from daemon.dnb.products import OURS
from daemon.dnb.project_states import TRANSITIONS, wanted_status
from daemon.dnb.remarks import REMARKS
from daemon.moment.envelope import REASONS
from daemon.tenants import TenantSettings
from tests.dnb import customers, invoices
from tests.dnb.world import World, calls_of, known

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MODULES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "daemon").rglob("*.py"))
    if not {"sandbox", "cli", "telemetry"} & set(path.parts)
}

PLACES: dict[str, tuple[int | None, str]] = {
    "Refused": (None, "reason"),
    "Remark": (None, "reason"),
    "Cause": (None, "reason"),
    "Unavailable": (0, "reason"),
    "Unknown": (0, "reason"),
    "Unreachable": (0, "reason"),
    "Unanswered": (0, "reason"),
    "Ignored": (0, "reason"),
    "replace": (None, "reason"),
    "Undecodable": (0, "reason"),
    "settle_change": (4, "reason"),
    "_parked_cause": (1, "reason"),
}
"""Where a reason stands in a call: its place among the arguments, and its name."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Module = ast.Module


class Words:
    """All reasons that the code can produce, found in its syntax; what varies within one is told as `*`."""

    def __init__(self) -> None:
        """Note every function and every call in the code."""
        self._functions: dict[str, list[Function]] = {}
        self._calls: dict[str, list[tuple[Module, Function | None, ast.Call]]] = {}
        for module in MODULES.values():
            self._note(module, module, None)

    def _note(self, module: Module, node: ast.AST, function: Function | None) -> None:
        for child in ast.iter_child_nodes(node):
            inner = function
            if isinstance(child, Function):
                self._functions.setdefault(child.name, []).append(child)
                inner = child
            elif isinstance(child, ast.Call):
                self._calls.setdefault(_name(child.func), []).append((module, function, child))
            self._note(module, child, inner)

    def all(self) -> set[str]:
        """Return the words."""
        found: set[str] = set()
        for name, (place, keyword) in PLACES.items():
            for module, function, call in self._calls.get(name, []):
                found |= set(self._argument(module, function, call, place, keyword))
        return found - {""}

    def _argument(
        self, module: Module, function: Function | None, call: ast.Call, place: int | None, keyword: str
    ) -> Iterator[str]:
        given = [one.value for one in call.keywords if one.arg == keyword]
        if not given and place is not None and place < len(call.args):
            given = [call.args[place]]
        for expression in given:
            yield from self._texts(module, function, expression)

    def _texts(self, module: Module, function: Function | None, expression: ast.expr) -> Iterator[str]:
        """Yield what an expression may say: of names, what they are given; of other code's values, nothing."""
        match expression:
            case ast.Constant(value=str(text)):
                yield text
            case ast.IfExp(body=body, orelse=orelse):
                yield from self._texts(module, function, body)
                yield from self._texts(module, function, orelse)
            case ast.JoinedStr(values=values):
                yield from self._joined(module, function, values)
            case ast.Name(id=name):
                yield from self._named(module, function, name)
            case _:
                pass

    def _joined(self, module: Module, function: Function | None, values: list[ast.expr]) -> Iterator[str]:
        texts = [""]
        for value in values:
            inner = value.value if isinstance(value, ast.FormattedValue) else value
            parts = list(self._texts(module, function, inner)) or ["*"]
            texts = [text + part for text in texts for part in parts]
        yield from texts

    def _named(self, module: Module, function: Function | None, name: str) -> Iterator[str]:
        for scope in (function, module):
            assigned = [one.value for one in ast.walk(scope) if _assigns(one, name)] if scope else []
            if assigned:
                for expression in assigned:
                    yield from self._texts(module, function, expression)
                return
            if isinstance(scope, Function) and name in _parameters(scope):
                yield from self._passed(scope, name)
                return
        for other in MODULES.values():
            for one in (one for one in other.body if _assigns(one, name)):
                yield from self._texts(other, None, one.value)

    def _passed(self, function: Function, name: str) -> Iterator[str]:
        """Yield what a function's parameter is given, wherever the function is called."""
        parameters = _parameters(function)
        for module, caller, call in self._calls.get(function.name, []):
            if caller is not function:
                yield from self._argument(module, caller, call, parameters.index(name), name)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _parameters(function: Function) -> list[str]:
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return [*[one for one in names if one != "self"], *[one.arg for one in function.args.kwonlyargs]]


def _assigns(node: ast.AST, name: str) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)


def first_column(page: str) -> list[str]:
    """Return the words in the first column of a page's tables, in their order."""
    return re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)


def is_on(word: str, told: str) -> bool:
    """Tell whether a word of the page tells of a word of the code; one that ends in an ellipsis tells of many."""
    return word.startswith(told.removesuffix("…")) if told.endswith("…") else word == told


def test_the_page_of_reasons_has_exactly_those_of_the_code() -> None:
    """Whoever reads a reason in a metric, a mail or `explain` finds it on the page, and no other."""
    told, words = first_column((DOCS / "reasons.md").read_text(encoding="utf-8")), Words().all()
    assert [] == sorted(word for word in words if not any(is_on(word, one) for one in told))
    assert [] == sorted(one for one in told if not any(is_on(word, one) for word in words))
    assert [] == sorted(one for one, count in Counter(told).items() if count > 1)


def test_each_kind_of_reason_has_its_section() -> None:
    """What stops nothing, what is ignored and what is a dead letter are told apart."""
    page = (DOCS / "reasons.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: first_column(part) for part in page.split("\n## ")}
    ignored = get_args(get_type_hints(Ignored)["reason"])
    assert set(REMARKS) == set(sections["Delivered, and worth knowing"])
    assert {*ignored, "version_conflict"} == set(sections["Not ours"])
    assert set(REASONS) == set(sections["Dead letters"])


def test_the_search_for_reasons_finds_what_is_known() -> None:
    """The words that other lists hold are among those that are found, whichever way they are written in the code."""
    words = Words().all()
    assert set() == {*REASONS, *REMARKS, "waiting", "gave_up", "conflict", "booking_refused", "status_*"} - words


@pytest.mark.parametrize("module", [project, invoice, voucher], ids=["project", "invoice", "voucher"])
def test_the_page_of_calls_says_what_the_procedures_say(module: ModuleType) -> None:
    """An operator who plans a quota reads the same numbers as a developer."""
    table = "\n".join(line for line in (module.__doc__ or "").splitlines() if line.startswith("|"))
    assert "| new" in table
    assert table in (DOCS / "calls.md").read_text(encoding="utf-8")


def test_the_calls_on_the_page_are_those_that_are_made() -> None:
    """Counted at the emulated DnB, for what happens every day."""
    world, scene = World(), invoices.Scene()
    new = calls_of(world, customers.prepared(customers.MINIMAL).start(known()))
    [row] = world.rows("Customer")
    renamed = customers.prepared({**customers.MINIMAL, "name": "Ny AS"})
    cold = calls_of(world, renamed.start(known(2, row["ID"])))
    rows = {"info": row["BusinessRelationID"]}
    warm = calls_of(world, renamed.start(msgspec.structs.replace(known(2, row["ID"]), number="100042", parts=rows)))
    equal = calls_of(world, renamed.start(known(3, row["ID"])))
    again = {**invoices.FULL, "invoiceNumber": 10299}
    first, second = (
        calls_of(scene.world, invoices.prepared(data, directories=scene.directories, entity_id=number).start(known_of))
        for number, data, known_of in ((1, invoices.FULL, scene.known()), (2, again, scene.known()))
    )
    page = (DOCS / "calls.md").read_text(encoding="utf-8")
    customer, _, _ = page.partition("## Customer")[2].partition("##")
    told = [int(count) for count in re.findall(r"^\| [^|]+ \| (\d+): ", customer, re.MULTILINE)]
    renumbered = calls_of(
        world, customers.prepared({**customers.MINIMAL, "customerNumber": 100777}).start(known(4, row["ID"]))
    )
    assert [len(new), len(warm), len(cold), len(equal), len(renumbered)] == told
    assert f"| new | {len(second)}: look up by number, create the draft" in page
    assert len(first) - len(second) == sum((1, 1, 1, 1, 2 * 2)), "settings, currency, accounts, VAT codes, two products"


def test_the_page_of_fields_names_our_products_and_understands_its_states() -> None:
    """An accountant finds our products on the page, and every word of a state leads to the status beside it."""
    page = (DOCS / "mapping.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \| (\d{5}) ", page, re.MULTILINE)
    told = {word: int(status) for words, status in rows for word in re.findall(r"`([^`]+)`", words)}
    assert told == {word: wanted_status(word) for word in told}
    assert set(TRANSITIONS) == set(told.values())
    assert [] == [number for number, name, _ in OURS.values() if f"`{number}` (*{name}*)" not in page]


def test_the_readme_names_every_key_of_a_tenant() -> None:
    """The example of the tenants file has all keys, and is one that the daemon takes."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = yaml.safe_load(textwrap.dedent(readme.partition("```yaml\n")[2].partition("```")[0]))["tenants"][
        "fjellvik"
    ]
    assert set(TenantSettings.__struct_fields__) == set(example)
    assert isinstance(msgspec.convert(example, TenantSettings), TenantSettings)


def test_the_readme_names_every_command() -> None:
    """Nobody has to find a command by `--help`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {path.stem for path in (ROOT / "daemon" / "cli").iterdir() if "\nHELP" in source_of(path)}
    assert commands == set(re.findall(r"^\| `moment-dnb (\w+)", readme, re.MULTILINE))


def source_of(path: Path) -> str:
    """Return a module's source, of a package that of its first file."""
    file = path / "__init__.py" if path.is_dir() else path
    return file.read_text(encoding="utf-8") if file.is_file() else ""
