"""Which mail a tenant is due: the first failure of a reason at once, more in digests, repairs when they come."""

from collections.abc import Mapping, Sequence

import msgspec

from daemon.core.ledger import Parked
from daemon.core.model import Entity
from daemon.edges.mail_state import MAX_TOLD, MailRecord, Told


class Failing(msgspec.Struct, frozen=True, gc=False):
    """A parked change that a person must repair: its entity, and the reason under which it is parked."""

    entity: Entity
    reason: str


class Letter(msgspec.Struct, frozen=True):
    """What one mail tells: failures that the tenant does not know of, and repairs of those it does (ledger keys).

    `record` is what it will have been told once the mail is taken. `changes` are the parked changes of those failures
    that are told one by one, once they were looked up.
    """

    failures: tuple[Failing, ...]
    repaired: tuple[str, ...]
    record: MailRecord
    changes: Mapping[Entity, Parked] = {}


def due_letter(
    failing: Sequence[Failing], stuck: frozenset[str], record: MailRecord, now: float, digest_seconds: float
) -> Letter | None:
    """Return the mail that is due now, None if none is.

    `stuck` are the keys of what was told and is parked for a cause that needs no person, as waiting for its turn: it
    is neither failing nor repaired. A reason that the tenant was not told of is due at once, and so is the repair of
    the last failure of a reason; what else has failed or was repaired goes into the next digest, `digest_seconds` after
    the last mail about the reason.
    """
    by_reason: dict[str, list[Failing]] = {}
    for one in failing:
        by_reason.setdefault(one.reason, []).append(one)
    unresolved = stuck | {one.entity.key for one in failing}
    failures: list[Failing] = []
    repaired: list[str] = []
    told: dict[str, Told] = {}
    for reason in sorted(by_reason.keys() | record.told.keys()):
        present, before = by_reason.get(reason, []), record.told.get(reason)
        if before is not None and present and now < before.at + digest_seconds:
            told[reason] = before
            continue
        known = frozenset(before.keys if before else ())
        still = {one.entity.key for one in present}
        is_all_told = len(known) >= MAX_TOLD  # who else fails for this reason cannot be told from who was told
        new = [] if is_all_told else [one for one in present if one.entity.key not in known]
        failures += new
        repaired += sorted(known - unresolved)
        keys = sorted(known & (still | stuck)) + [one.entity.key for one in new]
        if keys:
            is_told = new or known - unresolved or before is None
            told[reason] = Told(now if is_told or before is None else before.at, tuple(keys[-MAX_TOLD:]))
    if not failures and not repaired:
        return None
    return Letter(tuple(failures), tuple(repaired), MailRecord(told))
