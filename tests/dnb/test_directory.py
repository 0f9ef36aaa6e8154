"""The directory: looked up once, shared, and asked again for what was not found."""

import pytest

from daemon.core.procedure import Refused, Reply, Unavailable
from daemon.dnb.bodies import Content, Postal, References
from daemon.dnb.directory import Directories, Directory
from tests.dnb.world import ok

CONTENT = Content(number=100042, name="A", currency_code="NOK", invoice_address=Postal(country_code="NO"))
NOK, NORWAY = ok([{"ID": 1, "Code": "nok"}]), ok([{"ID": 21, "Name": "Norge", "CountryCode": "NO"}])


def look_up(directory: Directory, content: Content, replies: list[Reply]) -> tuple[int, object]:
    """Return how many calls a look-up made, and what it found."""
    process = directory.references(content)
    try:
        next(process)
        for number, reply in enumerate(replies, 1):
            try:
                process.send(reply)
            except StopIteration as ended:
                return number, ended.value
    except StopIteration as ended:
        return 0, ended.value
    pytest.fail("the look-up wants more replies")


def test_codes_are_looked_up_once() -> None:
    """A thousand customers in kroner cost one look-up."""
    directory = Directory()
    expected = References(currency_id=1, country_names={"NO": "Norge"})
    assert (2, expected) == look_up(directory, CONTENT, [NOK, NORWAY])
    assert (0, expected) == look_up(directory, CONTENT, [])


def test_no_codes_cost_no_call() -> None:
    """A customer without currency and country needs no directory."""
    assert (0, References()) == look_up(Directory(), Content(number=1, name="A"), [])


def test_what_was_not_found_is_asked_again() -> None:
    """A currency that is added in DnB is seen by the next change."""
    directory = Directory()
    _, refused = look_up(directory, CONTENT, [ok([])])
    assert isinstance(refused, Refused)
    assert ("unknown_currency", "currencyCode", "NOK") == (refused.reason, refused.field, refused.value)
    assert look_up(directory, CONTENT, [NOK, NORWAY])[0] == 2


def test_an_ignored_filter_is_never_adopted() -> None:
    """A list of all currencies is no answer to one code."""
    everything = ok([{"ID": 1, "Code": "NOK"}, {"ID": 2, "Code": "EUR"}])
    assert (1, Unavailable("filter_ignored_currency_code")) == look_up(Directory(), CONTENT, [everything])


def test_forgetting_leads_to_a_new_look_up() -> None:
    """A reference that DnB refuses is not used again."""
    directory = Directory()
    look_up(directory, CONTENT, [NOK, NORWAY])
    directory.forget()
    assert look_up(directory, CONTENT, [NOK, NORWAY])[0] == 2


def test_each_company_has_its_own_directory() -> None:
    """Ids differ between companies."""
    directories = Directories({})
    assert directories.of("a") is directories.of("a")
    assert directories.of("a") is not directories.of("b")
