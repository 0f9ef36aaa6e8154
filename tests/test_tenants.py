"""The tenant registry."""

from pathlib import Path

import pytest

from daemon.core.model import Booking
from daemon.errors import ConfigurationError
from daemon.tenants import Reading, Registry, TenantSettings

KEY = "6f1c2a0e-91f4-4b0c-8b2c-2d6a0f4a7e11"
OTHER_KEY = "7f1c2a0e-91f4-4b0c-8b2c-2d6a0f4a7e12"


def read(path: Path, text: str, **environment: str) -> Registry:
    """Return the registry that a file with this text gives."""
    path.write_text(text, encoding="utf-8")
    return Reading(path, default_quota=20.0, environment=environment).read()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of a tenants file."""
    return tmp_path / "tenants.yaml"


def test_a_tenant_has_its_terms_and_defaults(file: Path) -> None:
    """What the file says holds, and what it leaves out has the documented default."""
    registry = read(file, f"tenants: {{fjellvik: {{company_key: {KEY}, kinds: [customer], quota: 5, weight: 2}}}}")
    tenant = registry.tenants["fjellvik"]
    assert (frozenset({"customer"}), 5.0, 2.0, 100_000, 199_999, None) == (
        tenant.kinds,
        tenant.quota,
        tenant.weight,
        tenant.first_number,
        tenant.last_number,
        tenant.held,
    )
    assert ({"fjellvik": KEY}, ()) == (registry.keys, registry.problems)
    plain = read(file, f"tenants: {{fjellvik: {{company_key: {KEY}}}}}").tenants["fjellvik"]
    assert (3, 20.0, tenant.company) == (len(plain.kinds), plain.quota, plain.company)


def test_a_tenant_says_how_its_invoices_are_booked(file: Path) -> None:
    """Products by type and VAT codes by account come from the file; without them there are none."""
    terms = f"company_key: {KEY}, flow: voucher, products: {{hours: T-1}}, vat_codes: {{'3000': '3'}}"
    expected = Booking(flow="voucher", products={"hours": "T-1"}, vat_codes={"3000": "3"})
    assert expected == read(file, f"tenants: {{fjellvik: {{{terms}}}}}").tenants["fjellvik"].booking
    assert Booking() == read(file, f"tenants: {{fjellvik: {{company_key: {KEY}}}}}").tenants["fjellvik"].booking


def test_company_keys_may_be_in_files_and_variables(file: Path) -> None:
    """A company key is read from where the file says, whatever its spelling."""
    (file.parent / "key").write_text(KEY.upper() + "\n", encoding="utf-8")
    text = f"tenants: {{a: {{company_key: {{file: {file.parent / 'key'}}}}}, b: {{company_key: {{env: B_KEY}}}}}}"
    assert {"a": KEY, "b": OTHER_KEY} == read(file, text, B_KEY=OTHER_KEY).keys


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ("{company_key: not-a-guid-4711}", "not a GUID"),
        ("{company_key: 12}", "must be a GUID"),
        ("{company_key: {fil: x}}", "must be a GUID"),
        ("{company_key: {env: NOWHERE}}", "variable NOWHERE is not set"),
        ("{company_key: {file: /nowhere}}", "/nowhere cannot be read"),
        ("{}", "company_key"),
        ("[]", "Expected"),
        (f"{{company_key: {KEY}, kinds: [offer]}}", "kinds"),
        (f"{{company_key: {KEY}, kinds: []}}", "kinds"),
        (f"{{company_key: {KEY}, quota: 0}}", "quota"),
        (f"{{company_key: {KEY}, weight: 0}}", "weight"),
        (f"{{company_key: {KEY}, weight: .nan}}", "weight"),
        (f"{{company_key: {KEY}, quota: .inf}}", "quota"),
        (f"{{company_key: {KEY}, number_range: [1]}}", "number_range"),
        (f"{{company_key: {KEY}, mode: asleep}}", "mode"),
        (f"{{company_key: {KEY}, notify: [nobody]}}", "notify"),
        (f"{{company_key: {KEY}, number_range: [5, 1]}}", "[5, 1]"),
        (f"{{company_key: {KEY}, colour: red}}", "colour"),
        (f"{{company_key: {KEY}, flow: letter}}", "flow"),
        (f"{{company_key: {KEY}, products: {{rent: '1'}}}}", "products"),
        (f"{{company_key: {KEY}, products: {{hours: ' '}}}}", "products"),
        (f"{{company_key: {KEY}, products: {{hours: 100}}}}", "products"),
        (f"{{company_key: {KEY}, vat_codes: {{'3000': x}}}}", "vat_codes"),
        (f"{{company_key: {KEY}, vat_codes: {{'K1': '3'}}}}", "vat_codes"),
        (f"{{company_key: {KEY}, vat_codes: {{'3000': '1'}}}}", "code of purchases"),
    ],
)
def test_a_tenant_with_a_finding_is_held_and_the_others_served(file: Path, terms: str, told: str) -> None:
    """An error in one tenant is told with tenant and field, and stops nobody else; no key is shown."""
    registry = read(file, f"tenants:\n  bad: {terms}\n  good: {{company_key: {OTHER_KEY}}}")
    assert ("its configuration is invalid", None) == (registry.tenants["bad"].held, registry.tenants["good"].held)
    assert ["good"] == list(registry.keys)
    assert [True] == [line.startswith("tenant bad: ") and told in line for line in registry.problems]
    assert "4711" not in "\n".join(registry.problems)


def test_all_findings_are_told_at_once(file: Path) -> None:
    """Every tenant's error is there in one reading."""
    registry = read(file, "tenants: {a: {}, 'B B': {company_key: x}, c: {company_key: y}}")
    assert 4 == len(registry.problems)
    assert "a name is [a-z0-9]" in "\n".join(registry.problems)


def test_two_tenants_of_one_company_are_both_held(file: Path) -> None:
    """Two tenants with one company key would mix their books: neither is served."""
    registry = read(file, f"tenants: {{a: {{company_key: {KEY}}}, b: {{company_key: {KEY.upper()}}}}}")
    assert ({}, 2) == (registry.keys, len(registry.problems))
    assert "the same as that of b" in registry.problems[0]


def test_a_tenant_may_be_held_on_purpose(file: Path) -> None:
    """A held tenant is no finding, and its key is not used."""
    registry = read(file, f"tenants: {{a: {{company_key: {KEY}, mode: held}}}}")
    assert ("the tenants file says so", {}, ()) == (registry.tenants["a"].held, registry.keys, registry.problems)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tenants: {a: {", "is not YAML: "),
        ("tenants:\n  a: {}\n  a: {}\n", "a key stands twice at line 3, column 3"),
        ("tenants: [a]", "must be a mapping"),
        ("[]", "must be a mapping"),
        ("renters: {}", "must be a mapping"),
        ("\x07", "is not YAML"),
        ("", "must be a mapping"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_as_a_whole(file: Path, text: str, told: str) -> None:
    """A file that is no YAML, or no mapping of tenants, is told with its place."""
    with pytest.raises(ConfigurationError, match="tenants file") as caught:
        read(file, text)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    """A wrong path is told with the path."""
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Reading(file, default_quota=1.0).read()


def test_a_folder_has_one_file_for_each_tenant(tmp_path: Path) -> None:
    """A mounted secret gives one file a tenant, named after it; a file with several is taken too."""
    (tmp_path / "a.yaml").write_text(f"company_key: {KEY}", encoding="utf-8")
    (tmp_path / "more.yml").write_text(f"tenants: {{b: {{company_key: {OTHER_KEY}}}}}", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    assert {"a": KEY, "b": OTHER_KEY} == Reading(tmp_path, default_quota=1.0).read().keys


def test_a_bad_file_of_a_folder_holds_its_tenant_alone(tmp_path: Path) -> None:
    """In a folder a file that is no YAML is told with its place, its tenant is held, and the others are served."""
    (tmp_path / "a.yaml").write_text("company_key: [", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(f"company_key: {OTHER_KEY}", encoding="utf-8")
    registry = Reading(tmp_path, default_quota=1.0).read()
    assert ({"b": OTHER_KEY}, "its configuration is invalid") == (registry.keys, registry.tenants["a"].held)
    [finding] = registry.problems
    assert finding.startswith("tenant a: the tenants file ")
    assert "a.yaml is not YAML: " in finding
    assert "at line 1, column 15" in finding


def test_a_tenant_in_two_files_is_held(tmp_path: Path) -> None:
    """A tenant that two files of a folder describe is served by neither: nobody knows which one was meant."""
    (tmp_path / "a.yaml").write_text(f"company_key: {KEY}", encoding="utf-8")
    (tmp_path / "more.yaml").write_text(f"tenants: {{a: {{company_key: {OTHER_KEY}}}}}", encoding="utf-8")
    registry = Reading(tmp_path, default_quota=1.0).read()
    assert ({}, "its configuration is invalid") == (registry.keys, registry.tenants["a"].held)
    assert [True] == ["stands in several files" in problem for problem in registry.problems]


def test_a_file_that_vanishes_is_told_once_and_read_when_it_is_back(file: Path) -> None:
    """A file that cannot be read is told once, not at every look; the same content afterwards is no change."""
    read(file, f"tenants: {{a: {{company_key: {KEY}}}}}")
    reading = Reading(file, default_quota=1.0)
    reading.read()
    text = file.read_text(encoding="utf-8")
    for _ in range(2):
        file.unlink()
        with pytest.raises(ConfigurationError, match="cannot be read"):
            reading.reread()
        assert None is reading.reread()
        file.write_text(text, encoding="utf-8")
        assert None is reading.reread()


def test_a_changed_file_is_read_again_and_a_bad_one_is_told_once(file: Path) -> None:
    """Nothing happens while the file is the same; a bad content is refused once, and the next good one is read."""
    file.write_text(f"tenants: {{a: {{company_key: {KEY}}}}}", encoding="utf-8")
    reading = Reading(file, default_quota=1.0)
    reading.read()
    assert None is reading.reread()
    file.write_text("tenants: {", encoding="utf-8")
    with pytest.raises(ConfigurationError):
        reading.reread()
    assert None is reading.reread()
    file.write_text(f"tenants: {{b: {{company_key: {KEY}}}}}", encoding="utf-8")
    registry = reading.reread()
    assert registry is not None
    assert {"b": KEY} == registry.keys


def test_no_key_is_ever_shown(file: Path) -> None:
    """A registry, or a tenant's settings, that end up in a log show no company key."""
    assert KEY not in repr(read(file, f"tenants: {{a: {{company_key: {KEY}}}}}"))
    assert KEY not in repr(TenantSettings(company_key=KEY))
