"""Stories that each of the daemon's mechanisms was made for; `make faults` shows each to fail without its mechanism."""

from functools import partial

import msgspec

from tests.simulation.kafka import SESSION_SECONDS, Log
from tests.simulation.policy import SELDOM
from tests.simulation.replica import Replica
from tests.simulation.scenes import INVOICE, INVOICE_ID, scene

ZOMBIE_SECONDS = 2.5 * SESSION_SECONDS


def has_written(replica: Replica) -> bool:
    """Tell whether a ledger record waits in the process to be written."""
    return bool(replica.writing.queues)


def test_a_zombies_late_ledger_write_is_outranked_also_after_compaction() -> None:
    """What a stopped process writes when it wakes is older than the truth: compaction must not make it the truth."""
    with scene() as at:
        at.start("a", "b")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        zombie = at.owner
        at.customer(2, "Andre AS")
        at.until(lambda: has_written(zombie))
        at.stand_still(zombie, ZOMBIE_SECONDS)
        at.until_owned_by_another(zombie)
        at.customer(5, "Femte AS")
        at.until(lambda: at.delivered() == 5)
        ledger, late = at.world.ledgers[at.partition], b"fjellvik/customer/70311802"
        at.until(lambda: not zombie.process.is_stopped)
        end = ledger.end
        at.until(lambda: ledger.end > end and ledger.records[-1].key == late)
        at.kill(zombie, seconds=40.0)
        at.compact()
        at.compact()
        for replica in list(at.world.replicas.values()):
            at.kill(replica, keeps_disk=False)
        at.until(lambda: at.world.store_of(at.partition))
        at.customer(4, "Fjerde AS")
        assert "" == at.verdict()
        assert (["Femte AS"], 5) == (at.names(), at.delivered())


def test_a_lesser_entry_behind_a_greater_one_is_found_at_a_restore_too() -> None:
    """The zombie's record may come while nobody owns the partition: the next owner writes the greater one again."""
    with scene() as at:
        at.start("a")
        at.customer(5, "Femte AS")
        at.until(lambda: at.delivered() == 5)
        at.pass_time(5.0)
        old = next(one for one in at.world.ledgers[at.partition].records if one.key == b"fjellvik/customer/70311802")
        at.customer(6, "Sjette AS")
        at.until(lambda: at.delivered() == 6)
        at.kill(at.owner, keeps_disk=False, seconds=10.0)
        at.world.append_ledger(at.partition, "fjellvik/customer/70311802", old.value or b"")
        at.pass_time(10.0)
        at.until(lambda: at.world.store_of(at.partition))
        at.compact()
        at.kill(at.owner, keeps_disk=False)
        at.pass_time(5.0)
        at.until(lambda: at.world.store_of(at.partition))
        assert 6 == at.delivered()
        assert "" == at.verdict()


def test_a_zombies_late_write_to_dnb_is_put_right() -> None:
    """A request that is applied after its sender has lost the partition is found by reading again, and healed."""
    with scene() as at:
        at.start("a", "b")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        zombie = at.owner
        at.strike("applied_late", call=1, seconds=1.0)
        at.customer(2, "Andre AS")
        at.until(lambda: at.world.counts["applied_late"] == 1)
        at.kill(zombie, seconds=30.0)
        at.until_owned_by_another(zombie)
        at.customer(3, "Tredje AS")
        at.until(lambda: at.delivered() == 3)
        at.until(lambda: at.world.network.late == 1, seconds=20.0)
        at.until(lambda: at.world.watch.counts["healed"] == 1, seconds=30.0)
        assert "" == at.verdict()
        assert ["Tredje AS"] == at.names()


def test_a_zombie_that_wakes_up_with_a_call_in_hand_is_put_right() -> None:
    """It had looked at the clock before it stood still: its write leaves after another owner's, and is healed."""
    with scene() as at:
        at.start("a", "b")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        zombie = at.owner
        at.stand_still_sending(zombie, 2.0 * SESSION_SECONDS)
        at.customer(2, "Andre AS")
        at.until(lambda: zombie.process.is_stopped)
        at.until_owned_by_another(zombie)
        at.customer(3, "Tredje AS")
        at.until(lambda: at.delivered() == 3)
        assert (["Tredje AS"], True) == (at.names(), zombie.process.is_stopped)
        at.until(lambda: at.names() == ["Andre AS"])
        at.until(lambda: at.world.watch.counts["healed"] == 1)
        assert "" == at.verdict()
        assert ["Tredje AS"] == at.names()


def test_a_zombie_that_wakes_up_with_a_change_in_hand_makes_no_call() -> None:
    """Its next try comes when its last commit is too old for any call: nobody would put right what that wrote."""
    with scene() as at:
        at.start("a", "b")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        zombie = at.owner
        at.strike("unreachable", call=1)
        at.customer(2, "Andre AS")
        at.until(lambda: at.world.counts["unreachable"] == 1)
        at.until(lambda: not zombie.sink.in_flight and zombie.is_inbox_empty)
        at.stand_still(zombie, 4.0 * SESSION_SECONDS)
        at.until_owned_by_another(zombie)
        at.customer(3, "Tredje AS")
        at.until(lambda: at.delivered() == 3)
        at.until(lambda: not zombie.process.is_stopped)
        calls = at.calls()
        at.pass_time(1.0)
        assert calls == at.calls()
        assert "" == at.verdict()
        assert ["Tredje AS"] == at.names()


def test_there_and_back_with_a_crash_between_is_not_taken_for_unchanged() -> None:
    """Content A, B, A: if the process dies with B written, A must be written again though the ledger knows A."""
    with scene() as at:
        at.start("a")
        at.customer(1, "A AS")
        at.until(lambda: at.delivered() == 1)
        at.pass_time(5.0)
        at.customer(2, "B AS")
        at.until(lambda: has_written(at.owner))
        at.kill(at.owner)
        at.customer(3, "A AS")
        assert "" == at.verdict()
        assert (["A AS"], 3) == (at.names(), at.delivered())


def test_there_and_back_over_a_dirty_entry_is_checked_also_after_a_crash() -> None:
    """Content A, B, A: a write of B that comes late is looked for by the next life of the process too."""
    with scene(are_static=True) as at:
        at.start("a")
        at.customer(1, "A AS")
        at.until(lambda: at.delivered() == 1)
        at.pass_time(5.0)
        at.strike("applied_late", call=1, seconds=1.0)
        at.customer(2, "B AS")
        at.until(lambda: at.delivered() == 2)
        assert at.entry().dirty_until is not None
        at.kill(at.owner, seconds=0.1)
        at.until(lambda: at.world.store_of(at.partition) is not None)
        at.customer(3, "A AS")
        at.until(lambda: at.delivered() == 3)
        assert (["A AS"], 0) == (at.names(), at.world.network.late)
        at.until(lambda: at.names() == ["B AS"])
        assert "" == at.verdict()
        assert ["A AS"] == at.names()


def test_a_parked_change_that_was_attempted_is_not_forgotten_by_a_newer_one() -> None:
    """What was tried again while parked, and written before a kill, stands in DnB: the next version is read first."""
    with scene() as at:
        at.start("a")
        at.customer(1, "A AS")
        at.until(lambda: at.delivered() == 1)
        for number in range(1, 200):
            at.strike("unreachable", call=number)
        at.customer(2, "B AS")
        at.until(lambda: at.entry().parked is not None)
        at.world.network.calm_down()
        assert at.entry().dirty_until is None
        at.until(lambda: at.names() == ["B AS"])
        at.kill(at.owner)
        at.customer(3, "A AS")
        assert "" == at.verdict()
        assert (["A AS"], None) == (at.names(), at.entry().parked)


def test_a_draft_or_a_delete_behind_a_finalized_invoice_stops_nothing() -> None:
    """Neither supersedes the version that is to be booked, nor counts as a newer one."""
    with scene() as at:
        at.start("a")
        at.invoice(1)
        at.invoice(2, invoiceState="draft", invoiceNumber=None)
        at.change("invoice", INVOICE_ID, 3, None)
        at.pass_time(0.5)
        at.customer(1)
        assert "" == at.verdict()
        assert ["10245"] == [row["InvoiceNumber"] for row in at.rows("CustomerInvoice")]
        assert 1 == at.delivered("invoice", INVOICE_ID)


def test_a_tenant_that_was_gone_for_five_minutes_has_lost_nothing() -> None:
    """What came for it meanwhile, also over a restart, waits in the ledger and is delivered when it is back."""
    with scene(tenants=2) as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        del at.world.registry["fjellvik"]
        at.world.tell_tenants()
        at.pass_time(100.0)
        at.customer(2, "Nytt AS")
        at.pass_time(100.0)
        at.kill(at.owner, keeps_disk=False)
        at.pass_time(100.0)
        at.customer(3, "Nyere AS")
        at.pass_time(5.0)
        assert (["Havgard Eiendom AS"], 3) == (at.names(), at.entry().parked.version)
        at.world.registry["fjellvik"] = at.world.schedule.tenants["fjellvik"]
        at.world.tell_tenants()
        assert "" == at.verdict()
        assert ["Nyere AS"] == at.names()


def test_another_company_key_is_another_company() -> None:
    """What was delivered to the one company says nothing about the other: the next version is created there."""
    with scene(tenants=2) as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        companies = {name: tenant.company for name, tenant in at.world.schedule.tenants.items()}
        moved = msgspec.structs.replace(at.world.registry["fjellvik"], company=companies["havgard"])
        at.world.registry["fjellvik"] = moved
        del at.world.registry["havgard"]
        at.world.tell_tenants()
        at.pass_time(3.0)
        at.customer(2)
        at.until(lambda: at.delivered() == 2)
        assert (["Havgard Eiendom AS"], ["Havgard Eiendom AS"]) == (at.names("fjellvik"), at.names("havgard"))


def test_a_lost_ledger_stops_the_start() -> None:
    """Offsets are committed and the ledger is empty: nobody may conclude from that that nothing was delivered."""
    with scene() as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        at.pass_time(5.0)
        calls = at.calls()
        at.world.ledgers_removed.add(at.partition)
        at.world.ledgers[at.partition] = Log(at.world.chance)
        at.customer(2, "Nytt AS")
        at.kill(at.owner, keeps_disk=False)
        at.pass_time(20.0)
        assert 1 <= at.world.watch.counts["ledger_lost"]
        assert (calls, ["Havgard Eiendom AS"]) == (at.calls(), at.names())


def test_a_local_copy_of_another_life_of_the_topic_is_thrown_away() -> None:
    """Topics were made anew: what the disk knows of the former ones would let new changes pass for stale."""
    with scene() as at:
        at.start("a")
        at.customer(9)
        at.until(lambda: at.delivered() == 9)
        at.pass_time(5.0)
        at.kill(at.owner, seconds=5.0)
        for logs in (at.world.ledgers, at.world.inputs):
            logs[at.partition] = Log(at.world.chance)
        at.world.coordinator.committed.clear()
        at.world.watch.highest.clear()
        for number in range(40):
            at.world.append_ledger(at.partition, f"_other/{number}", b"")
        at.customer(1, website="https://ny.example")
        at.until(lambda: at.delivered() == 1)
        assert ["https://ny.example"] == [row["WebUrl"] for row in at.rows("Customer")]


def test_a_row_that_a_person_deleted_is_created_once_more() -> None:
    """Its guid stays used in DnB: the next create has another one, and no second row comes of it."""
    with scene() as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        at.by_hand("DELETE", f"/api/biz/customers/{at.entry().dnb_id}")
        at.customer(2, "Nytt AS")
        at.until(lambda: at.delivered() == 2)
        assert ["Nytt AS"] == at.names()


def test_twenty_thousand_records_of_a_held_tenant_delay_nobody() -> None:
    """They are read past into the ledger, newest of each entity, and memory holds no more than ever."""
    with scene(tenants=2) as at:
        at.start("a")
        held = msgspec.structs.replace(at.world.registry["fjellvik"], held="by hand")
        at.world.registry["fjellvik"] = held
        at.world.tell_tenants()
        at.pass_time(1.0)
        data = {"customerNumber": "100042", "name": "Havgard AS"}
        template = {"environment": "production", "tenant": "fjellvik", "kind": "customer", "operation": "update"}
        for number in range(20_000):
            record = {**template, "id": 1 + number % 500, "version": number + 1, "occurredAt": "2026-09-21T14:13:20Z"}
            at.world.inputs[at.partition].append(b"fjellvik", msgspec.json.encode({**record, "data": data}))
        at.customer(1, "Nordlia AS", tenant="havgard")
        at.until(lambda: at.names("havgard"), seconds=200.0)  # the simulated Kafka fetches some 120 records a second
        assert 0 == at.calls("fjellvik")
        assert 500 == sum(entry.parked is not None for entry in at.world.entries().values())
        at.until(lambda: at.world.coordinator.committed.get(at.partition, 0) > 20_000)
        assert 20_000 == max(at.world.watch.highest.values())


def test_a_retry_after_of_an_hour_is_obeyed_and_delays_nobody_else() -> None:
    """Not one call goes to that company before the hour is over, and what waited goes soon after it."""
    with scene(tenants=2) as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        at.world.network.retry_after_seconds = 3_600.0
        at.strike("429", call=1)
        at.customer(2, "Nytt AS")
        at.until(lambda: at.world.counts["429"] == 1)
        told_at, calls = at.world.timeline.now, at.calls()
        at.customer(1, "Nordlia AS", tenant="havgard")
        at.until(lambda: at.names("havgard"), seconds=5.0)
        at.pass_time(told_at + 3_599.0 - at.world.timeline.now)
        assert calls == at.calls()
        at.until(lambda: at.names() == ["Nytt AS"], seconds=180.0)
        assert "" == at.verdict()


def test_an_invoice_finds_its_customer_under_whatever_number() -> None:
    """The customer was renumbered: the invoice names the old number, and is booked for the same customer."""
    with scene() as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        at.customer(2, customerNumber="100777")
        at.until(lambda: at.delivered() == 2)
        at.invoice(1)
        assert "" == at.verdict()
        [invoice], [customer] = at.rows("CustomerInvoice"), at.rows("Customer")
        assert (customer["ID"], 100777) == (invoice["CustomerID"], customer["CustomerNumber"])


def test_two_events_of_an_invoice_in_one_batch_book_it_once() -> None:
    """Finalized and paid come together: the newer one is booked, once, and the payment changes nothing."""
    with scene() as at:
        at.start("a")
        at.customer(1)
        at.until(lambda: at.delivered() == 1)
        at.invoice(1)
        at.invoice(2, description=None)
        at.until(lambda: at.delivered("invoice", INVOICE_ID) == 2)
        at.invoice(3, reminders=[{"sent": "2026-10-01"}])
        assert "" == at.verdict()
        assert (1, 1) == (len(at.rows("CustomerInvoice")), len(at.rows("JournalEntry")))
        assert 3 == at.delivered("invoice", INVOICE_ID)


def test_after_an_outage_of_an_hour_what_is_in_hand_goes_at_once_and_the_rest_at_its_next_step() -> None:
    """One call a second finds out that the API is back; by then nearly all that came meanwhile is parked."""
    newest: dict[int, int] = {}
    with scene(is_retried_seldom=True) as at:

        def change(item: int) -> None:
            version = newest[item] = newest.get(item, 0) + 1
            at.change("customer", item, version, {"customerNumber": f"{100_000 + item}", "name": f"Nr. {version} AS"})

        def is_there(item: int) -> bool:
            return at.delivered("customer", item) == newest[item]

        at.start("a")
        for item in range(1, 7):
            change(item)
        at.until(lambda: all(is_there(item) for item in newest))
        returns_at = at.world.network.outage_until = at.world.timeline.now + 3_600.0
        for number in range(239):
            change(1 + number % 12)
            at.pass_time(15.0)
        at.pass_time(returns_at - 3.0 - at.world.timeline.now)
        for item in (1, 13, 14):
            change(item)
        at.pass_time(returns_at - at.world.timeline.now)
        assert at.world.network.calls < 3_700
        entries = {entity.id: entry for entity, entry in at.world.entries().items()}
        tries = {
            item: entry.parked.next_try or 0.0
            for item, entry in entries.items()
            if entry.parked and entry.parked.version == newest[item]
        }
        in_hand = newest.keys() - tries.keys()
        assert in_hand
        assert tries
        at.until(lambda: all(is_there(item) for item in in_hand), seconds=5.0)
        for item in sorted(tries, key=tries.__getitem__):
            at.until(partial(is_there, item), seconds=max(tries[item] - at.world.timeline.now, 0.0) + 2.0)
        assert max(tries.values()) <= returns_at + SELDOM.parked_steps[-1]
        assert "" == at.verdict()


def test_a_distribution_that_a_person_switches_on_is_seen_within_minutes() -> None:
    """DnB would send what it books to customers who have it already: nothing more is booked, without a restart."""
    with scene() as at:
        at.start("a")
        at.customer(1)
        at.invoice(1)
        at.until(lambda: at.delivered("invoice", INVOICE_ID) == 1)
        books = at.world.network.emulator.books(at.world.schedule.companies[0].key)
        [settings] = list(books.table("CompanySettings").live())
        books.table("CompanySettings").update(settings, {"AutoDistributeInvoice": True}, at.world.timeline.now)
        at.pass_time(301.0)
        at.change("invoice", 2, 1, {**INVOICE, "invoiceNumber": "10246"})
        at.until(lambda: at.entry("invoice", 2) and at.entry("invoice", 2).parked)
        assert "auto_distribution" == at.entry("invoice", 2).parked.reason
        assert 1 == len(at.rows("CustomerInvoice"))
