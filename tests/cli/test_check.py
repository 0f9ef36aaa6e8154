"""`moment-dnb check`, as a process, against a real Kafka and the emulated DnB."""

from pathlib import Path

import pytest
import yaml

from tests.cli.command import ran
from tests.integration.scene import scene
from tests.kafka_broker import Kafka, create_topic, free_ports, fresh_name


def in_order(tenant: str) -> tuple[str, ...]:
    """Return the lines of a company that has all that is needed."""
    return (
        f"ok    company of {tenant}: answers",
        f"ok    period of {tenant}: nothing is locked",
        f"ok    customer numbers of {tenant}: 100000-199999 lies within DnB's series",
    )


async def test_everything_in_order_is_told_line_by_line(kafka: Kafka, tmp_path: Path) -> None:
    """An operator sees each thing that was checked, with ok, and the exit code is 0."""
    async with scene(kafka, tmp_path) as stage:
        ended = await ran("check", environment=stage.environment)
        assert (0, "") == (ended.code, ended.err)
        expected = [
            f"ok    Kafka: connected to {kafka.bootstrap}",
            f"ok    topic {stage.topic}: 4 partitions",
            f"ok    ledger {stage.topic}.ledger: does not exist yet; `run` creates it",
            f"ok    tenants file: 3 tenants in {stage.folder / 'tenants.yaml'}",
            "ok    token: granted to tests",
            *(line for name in sorted(stage.companies) for line in in_order(name)),
        ]
        assert expected == ended.out.splitlines()


async def test_a_ledger_that_is_there_is_checked(kafka: Kafka, tmp_path: Path) -> None:
    """A ledger with as many partitions as its input, and compacted, is in order."""
    async with scene(kafka, tmp_path) as stage:
        await create_topic(kafka.bootstrap, f"{stage.topic}.ledger", 4, {"cleanup.policy": "compact"})
        ended = await ran("check", environment=stage.environment)
        assert f"ok    ledger {stage.topic}.ledger: 4 partitions, compacted" in ended.out


@pytest.mark.parametrize(
    ("partitions", "configs", "repair"),
    [(3, {"cleanup.policy": "compact"}, "moment-dnb ledger grow"), (4, {}, "set its cleanup.policy to compact")],
)
async def test_a_ledger_that_cannot_be_used_is_told(
    kafka: Kafka, tmp_path: Path, partitions: int, configs: dict[str, str], repair: str
) -> None:
    """A ledger of another size, or one that would forget, is told with its repair before the daemon refuses it."""
    async with scene(kafka, tmp_path) as stage:
        await create_topic(kafka.bootstrap, f"{stage.topic}.ledger", partitions, configs)
        ended = await ran("check", environment=stage.environment)
        assert 1 == ended.code
        [failure] = ended.failures()
        assert repair in failure


async def test_a_topic_that_is_missing_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """Every topic is looked at, and a missing one names the setting to look at."""
    async with scene(kafka, tmp_path) as stage:
        missing = fresh_name("missing")
        environment = stage.environment | {"MOMENT_DNB_TOPICS": f"{missing},{stage.topic}"}
        ended = await ran("check", environment=environment)
        assert 1 == ended.code
        [failure] = ended.failures()
        assert f"FAIL  topic {missing}: does not exist; create it, or name another in MOMENT_DNB_TOPICS" == failure
        assert f"ok    topic {stage.topic}: 4 partitions" in ended.out


async def test_a_kafka_that_is_down_is_told_and_dnb_is_checked_all_the_same(kafka: Kafka, tmp_path: Path) -> None:
    """One run finds what is wrong in both places, in time for an operator who waits."""
    async with scene(kafka, tmp_path) as stage:
        [port] = free_ports(1)
        environment = stage.environment | {"MOMENT_DNB_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"}
        ended = await ran("check", environment=environment)
        assert 1 == ended.code
        [failure] = ended.failures()
        assert failure.startswith("FAIL  Kafka: connecting to Kafka: ")
        assert "MOMENT_DNB_KAFKA_BOOTSTRAP" in failure
        assert "ok    token: granted to tests" in ended.out


async def test_a_client_that_dnb_does_not_know_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """A wrong client id is the token's fault, told with the settings it is made of; no company is blamed."""
    async with scene(kafka, tmp_path) as stage:
        ended = await ran("check", environment=stage.environment | {"MOMENT_DNB_DNB_CLIENT_ID": "somebody-else"})
        assert 1 == ended.code
        [failure] = ended.failures()
        assert failure.startswith("FAIL  token: invalid_client; check MOMENT_DNB_DNB_BASE_URL, _ISSUER, _CLIENT_ID")
        assert "company of" not in ended.out


async def test_a_dnb_that_does_not_answer_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """A wrong address of DnB is told with the settings to look at."""
    async with scene(kafka, tmp_path) as stage:
        [port] = free_ports(1)
        environment = stage.environment | {"MOMENT_DNB_DNB_BASE_URL": f"http://127.0.0.1:{port}"}
        ended = await ran("check", environment=environment)
        assert 1 == ended.code
        [failure] = ended.failures()
        assert failure.startswith("FAIL  token: ConnectError; check MOMENT_DNB_DNB_BASE_URL")


async def test_a_company_that_denies_us_and_a_tenant_that_is_wrong_are_told_beside_the_good_ones(
    kafka: Kafka, tmp_path: Path
) -> None:
    """A company key that DnB does not let us use, and an entry that is none, fail by name; the others are ok."""
    async with scene(kafka, tmp_path) as stage:
        good, denied, _ = sorted(stage.companies)
        unknown = "00000000-0000-4000-8000-000000000000"
        tenants = {
            good: {"company_key": stage.companies[good]},
            denied: {"company_key": unknown},
            "odd": {"company_key": "not-a-guid"},
        }
        (tmp_path / "tenants.yaml").write_text(yaml.safe_dump({"tenants": tenants}), encoding="utf-8")
        ended = await ran("check", environment=stage.environment)
        assert 1 == ended.code
        wrong, refused = ended.failures()
        assert "tenant odd: company_key: not a GUID" in wrong
        assert refused.startswith(f"FAIL  company of {denied}: denied (")
        assert "have the company activate the integration" in refused
        assert f"ok    company of {good}: answers" in ended.out
        assert "not-a-guid" not in ended.out
        assert unknown not in ended.out


async def test_what_a_companys_books_lack_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """A company that would send each invoice once more, and a product that is not there, are told before the first."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [(name, key)] = stage.companies.items()
        table = stage.emulator.books(key).table("CompanySettings")
        [row] = table.live()
        table.update(row, {"AutoDistributeInvoice": True}, 0.0)
        tenants = {name: {"company_key": key, "products": {"hours": "T-1"}}}
        (tmp_path / "tenants.yaml").write_text(yaml.safe_dump({"tenants": tenants}), encoding="utf-8")
        ended = await ran("check", environment=stage.environment)
        assert 1 == ended.code
        distribution, product = ended.failures()
        assert f"FAIL  distribution of {name}: DnB sends invoices by itself" in distribution
        assert f"FAIL  product T-1 for hours of {name}: is not there" in product


async def test_a_tenants_file_that_cannot_be_used_does_not_hide_the_rest(kafka: Kafka, tmp_path: Path) -> None:
    """A file that is no YAML is one finding among the others."""
    async with scene(kafka, tmp_path) as stage:
        (tmp_path / "tenants.yaml").write_text("tenants: {", encoding="utf-8")
        ended = await ran("check", environment=stage.environment)
        assert 1 == ended.code
        assert f"ok    topic {stage.topic}: 4 partitions" in ended.out
        [failure] = ended.failures()
        assert "is not YAML" in failure
        assert "Traceback" not in ended.err


async def test_a_key_that_cannot_be_read_does_not_hide_the_rest(kafka: Kafka, tmp_path: Path) -> None:
    """A private key that is none is one finding among the others, and is not shown."""
    async with scene(kafka, tmp_path) as stage:
        (tmp_path / "private_key.pem").write_text("no key at all", encoding="utf-8")
        ended = await ran("check", environment=stage.environment)
        assert 1 == ended.code
        assert "ok    tenants file: 3 tenants" in ended.out
        [failure] = ended.failures()
        assert "MOMENT_DNB_DNB_PRIVATE_KEY" in failure
        assert "no key at all" not in ended.out + ended.err


async def test_settings_that_are_missing_are_all_told() -> None:
    """Without settings nothing can be checked: exit 78, every missing variable named."""
    ended = await ran("check")
    assert (78, "") == (ended.code, ended.out)
    missing = ("KAFKA_BOOTSTRAP", "TENANTS_FILE", "DNB_BASE_URL", "DNB_CLIENT_ID", "DNB_PRIVATE_KEY")
    assert [True] * len(missing) == [f"MOMENT_DNB_{name} is not set" in ended.err for name in missing]
