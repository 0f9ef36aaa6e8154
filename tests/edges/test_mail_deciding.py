"""Which mail a tenant is due."""

from daemon.edges.mail_deciding import Failing, Letter, due_letter
from daemon.edges.mail_state import MAX_TOLD, MailRecord, Told
from tests.edges.ledger_entries import customer

NOW = 10_000.0
DIGEST = 3_600.0
NOTHING = MailRecord()


def failing(number: int, reason: str = "conflict") -> Failing:
    """Return a customer that a person must repair."""
    return Failing(customer(number), reason)


def due(
    present: list[Failing], record: MailRecord, *, after: float = 0.0, stuck: frozenset[str] = frozenset()
) -> Letter | None:
    """Return the mail that is due after so many seconds."""
    return due_letter(present, stuck, record, NOW + after, DIGEST)


def after(present: list[Failing], record: MailRecord, *, seconds: float = 0.0) -> MailRecord:
    """Return what the tenant was told once the mail that is due was taken."""
    letter = due(present, record, after=seconds)
    assert letter is not None
    return letter.record


def test_the_first_failure_of_a_reason_is_told_at_once() -> None:
    """All that fail for it at that moment are in the one mail."""
    letter = due([failing(1), failing(2)], NOTHING)
    expected = MailRecord({"conflict": Told(NOW, (customer(1).key, customer(2).key))})
    assert Letter((failing(1), failing(2)), (), expected) == letter


def test_what_was_told_is_not_told_again() -> None:
    """Neither at once nor with the next digest, as long as nothing changes."""
    told = after([failing(1)], NOTHING)
    assert None is due([failing(1)], told)
    assert None is due([failing(1)], told, after=DIGEST)


def test_another_reason_is_told_at_once() -> None:
    """A known reason does not delay a new one."""
    letter = due([failing(1), failing(2, "closed_period")], after([failing(1)], NOTHING))
    assert letter is not None
    assert (failing(2, "closed_period"),) == letter.failures


def test_more_failures_of_a_known_reason_wait_for_the_digest() -> None:
    """A thousand bad invoices are two mails and not a thousand."""
    told = after([failing(1)], NOTHING)
    both = [failing(1), failing(2)]
    assert None is due(both, told, after=DIGEST - 1)
    letter = due(both, told, after=DIGEST)
    assert letter is not None
    assert ((failing(2),), ()) == (letter.failures, letter.repaired)
    assert None is due(both, letter.record, after=DIGEST + 1)


def test_the_repair_of_the_last_failure_is_told_at_once() -> None:
    """The reason is over, and when it comes again it is new."""
    letter = due([], after([failing(1)], NOTHING))
    assert Letter((), (customer(1).key,), NOTHING) == letter


def test_the_repair_of_one_of_several_waits_for_the_digest() -> None:
    """What is repaired meanwhile stands in the next mail about the reason."""
    told = after([failing(1), failing(2)], NOTHING)
    assert None is due([failing(2)], told)
    letter = due([failing(2)], told, after=DIGEST)
    assert letter is not None
    assert ((), (customer(1).key,)) == (letter.failures, letter.repaired)
    assert {"conflict": Told(NOW + DIGEST, (customer(2).key,))} == letter.record.told


def test_a_healthy_tenant_gets_no_mail() -> None:
    """Nothing fails and nothing was told."""
    assert None is due([], NOTHING)


def test_what_waits_for_its_turn_is_not_repaired() -> None:
    """A newer version of a refused change that a hold keeps back says nothing yet, neither well nor ill."""
    told = after([failing(1)], NOTHING)
    assert None is due([], told, stuck=frozenset({customer(1).key}))
    letter = due([], told)
    assert letter is not None
    assert (customer(1).key,) == letter.repaired


def test_what_fails_for_another_reason_is_not_repaired() -> None:
    """The new reason is told, and nothing is said of the old one."""
    letter = due([failing(1, "closed_period")], after([failing(1)], NOTHING))
    assert letter is not None
    assert ((failing(1, "closed_period"),), ()) == (letter.failures, letter.repaired)
    assert {"closed_period"} == letter.record.told.keys()


def test_very_many_failures_of_a_reason_are_told_once() -> None:
    """Who was told is remembered up to a bound; beyond it nobody is told again and again."""
    many = [failing(number) for number in range(MAX_TOLD + 100)]
    told = after(many, NOTHING)
    assert MAX_TOLD == len(told.told["conflict"].keys)
    assert None is due(many, told, after=DIGEST)
    letter = due(many[1:-1], told, after=DIGEST)
    assert letter is not None
    assert ((), (customer(MAX_TOLD + 99).key,)) == (letter.failures, letter.repaired)
