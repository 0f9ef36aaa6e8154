"""Running recipes and procedures under guard: an exception out of them is our bug in one change, and a value here."""

from daemon.core.model import Change, Tenant
from daemon.core.procedure import Call, InternalError, Known, Outcome, Prepared, Procedure, Recipe, Refused, Reply


def prepare(recipe: Recipe, tenant: Tenant, change: Change) -> Prepared | Refused | InternalError:
    """Return the change decoded and mapped, why a person must repair it, or that our code failed on it."""
    try:
        return recipe.prepare(tenant, change)
    except Exception as error:  # noqa: BLE001 - one change's bug must not stop the others
        return InternalError(type(error).__name__)


def is_draft(recipe: Recipe, change: Change) -> bool:
    """Tell whether the change is a draft; what our code fails on is none, so that it is parked and seen."""
    try:
        return recipe.is_draft(change)
    except Exception:  # noqa: BLE001 - one change's bug must not stop the others
        return False


def begin(prepared: Prepared, known: Known) -> Procedure:
    """Return the procedure of a prepared change; nothing of it runs before the first step."""
    return (yield from prepared.start(known))


def already(outcome: Outcome) -> Procedure:
    """Return a procedure that is over before its first call."""
    yield from ()
    return outcome


def step(procedure: Procedure, reply: Reply | None) -> Call | Outcome:
    """Give the procedure its reply (None at the start), and return its next call or its outcome."""
    try:
        return next(procedure) if reply is None else procedure.send(reply)
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome
    except Exception as error:  # noqa: BLE001 - one change's bug must not stop the others
        return InternalError(type(error).__name__)
