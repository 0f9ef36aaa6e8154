"""Foreign code under guard."""

from daemon.core.procedure import Call, Delivered, InternalError, Known, Prepared, Procedure, Unchanged
from daemon.core.stepping import already, begin, prepare, step
from tests.core.playbook import TENANT, Scripted, change, said


def failing(known: Known) -> Procedure:
    """Fail before there is a procedure at all."""
    raise LookupError(known.version)


def test_a_recipe_that_fails_is_our_bug_in_one_change() -> None:
    """An exception out of a recipe becomes a value that names its type and nothing else."""
    assert InternalError("ValueError") == prepare(Scripted(), TENANT, change(1, "raise"))


def test_a_procedure_goes_from_call_to_outcome() -> None:
    """A procedure is stepped by replies until it returns its outcome."""
    prepared = prepare(Scripted(), TENANT, change(1, "write"))
    assert isinstance(prepared, Prepared)
    procedure = begin(prepared, Known(version=1))
    assert isinstance(step(procedure, None), Call)
    assert Delivered(9, "100001") == step(procedure, said("done"))


def test_a_procedure_that_fails_is_our_bug_in_one_change() -> None:
    """An exception in the middle of a procedure becomes a value."""
    prepared = prepare(Scripted(), TENANT, change(1, "stumble"))
    assert isinstance(prepared, Prepared)
    procedure = begin(prepared, Known(version=1))
    step(procedure, None)
    assert InternalError("KeyError") == step(procedure, said("done"))


def test_a_procedure_that_cannot_even_start_is_our_bug_too() -> None:
    """An exception at the start of a procedure is caught at its first step."""
    assert InternalError("LookupError") == step(begin(Prepared("t1:x", failing), Known(version=1)), None)


def test_what_is_known_already_needs_no_call() -> None:
    """A procedure that is over before its first call returns its outcome at the first step."""
    assert Unchanged(9, "1") == step(already(Unchanged(9, "1")), None)
