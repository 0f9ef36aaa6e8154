"""Ten thousand strange inputs on every run; `make fuzz` takes a million."""

from tests.fuzz.__main__ import LEAST_INPUTS, fuzz
from tests.fuzz.targets import targets


def test_no_decoder_raises_what_is_not_in_its_contract() -> None:
    """Bad bytes get a value that says so: an exception would stop everybody for one record's sake."""
    report = fuzz(10_000, seed=1)
    assert [] == [(failure.target, failure.value, failure.error) for failure in report.failures]
    assert {target.name for target in targets()} == set(report.by_target)
    assert min(report.by_target.values()) >= LEAST_INPUTS


def test_the_inputs_to_begin_with_are_valid() -> None:
    """What is mutated is what others really write: else only the first check would be tried."""
    for target in targets():
        assert target.seeds, target.name
        for seed in target.seeds:
            target.take(seed)
