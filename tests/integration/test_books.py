"""A thousand random invoices on a real Kafka: the books' sums must be those that the events say."""

from decimal import Decimal
from pathlib import Path

from daemon.sandbox import balances
from daemon.sandbox.judging import Verdict
from tests.integration.scene import scene
from tests.kafka_broker import Kafka

EVENTS = 4_600
"""So many changes of a whole story hold a thousand invoices and credit notes that are rightly booked."""

INVOICES = 1_000


async def test_trial_balance_and_vat_of_a_thousand_invoices_are_those_of_the_events(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Every account, customer and VAT code has the sum that the events give, in both flows, and every voucher balances.

    The expected sums are the judge's own, out of the records alone.
    """
    async with scene(kafka, tmp_path, companies=3, seed=7, story="whole") as stage:
        stage.environment |= {"MOMENT_DNB_CLIENT_QUOTA": "2000", "MOMENT_DNB_TENANT_QUOTA": "1000"}
        records = stage.planted(seed=7, events=EVENTS)
        process = stage.process()
        process.start()
        await stage.publish(records)
        await stage.rest(process)
        assert 0 == await process.stop()
        verdict = await stage.verdict(records)
        books = [stage.emulator.books(key) for key in stage.companies.values()]
    assert Verdict() == verdict
    assert INVOICES <= sum(len(balances.vouchers(one)) for one in books)
    assert [Decimal()] * 3 == [sum(balances.trial_balance(one).values(), Decimal()) for one in books]
    assert all(len(balances.vat_by_code(one)) >= 3 for one in books)
