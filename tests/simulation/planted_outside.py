"""Faults planted around the planner: in the ledger as it is kept and read, and in what is said to DnB."""

from tests.simulation.planting import CONTRACT, CORE, DNB, Fault, scenario

AROUND_THE_PLANNER: tuple[Fault, ...] = (
    # -- the ledger ----------------------------------------------------------------------------------------------
    Fault(
        "keep the older of two entries",
        "daemon/edges/ledger_store.py",
        (
            (
                "            if entity not in present or _is_greater(new, present[entity])\n",
                "            if entity not in present or _is_greater(present[entity], new)\n",
            ),
        ),
    ),
    Fault(
        "let the newest record of the ledger win, whatever it says",
        "daemon/core/ledger.py",
        (
            (
                "    return (entry.highest, entry.version == entry.highest, entry.generation, offset)\n",
                "    return (0, False, Generation(0, 0), offset)\n",
            ),
        ),
    ),
    Fault(
        "forget the generation of an entry",
        "daemon/core/ledger.py",
        (("== entry.highest, entry.generation, offset)", "== entry.highest, Generation(0, 0), offset)"),),
        f"{CORE}/test_ledger.py",
    ),
    Fault(
        "put what a former assignment wrote into the next one's copy",
        "daemon/edges/ledger_topic.py",
        ((" and queued_for[one.ticket] is store\n", "\n"),),
        f"{CONTRACT}/test_ledgers.py::test_what_a_former_assignment_queued_is_not_put_into_the_next_ones_copy",
    ),
    Fault(
        "begin an assignment without saying so in the ledger",
        "daemon/edges/ledgers.py",
        (("        await self._write(partition, LEDGER_KEY, encode_record(begun.record))\n", ""),),
        f"{CONTRACT}/test_ledgers.py::test_a_new_partition_begins_the_life_of_its_ledger",
    ),
    Fault(
        "do not write the greater entry again behind a former owner's",
        "daemon/core/recording.py",
        (
            (
                "            self._write_again(assignment, event.entity, self._being_written(assignment, event.entity) or own)\n"
                "            return\n",
                "            return\n",
            ),
        ),
        scenario("a_zombies_late_ledger_write_is_outranked_also_after_compaction"),
    ),
    Fault(
        "do not look for outranked entries at a restore",
        "daemon/edges/ledger_reading.py",
        (("        present = self._store.get(list(self._outranked))\n", "        present = self._store.get([])\n"),),
        scenario("a_lesser_entry_behind_a_greater_one_is_found_at_a_restore_too"),
    ),
    Fault(
        "remember how far was read before it is kept",
        "daemon/edges/ledger_reading.py",
        (
            (
                "        self._merge(found)\n        if lines:\n",
                "        if lines:\n",
            ),
        ),
        "tests/edges/test_ledger_reading.py",
    ),
    Fault(
        "trust a local copy of another life of the topic",
        "daemon/edges/ledger_reading.py",
        (
            (
                "        return first.offset == at and first.key == LEDGER_KEY.encode() and _record(first) == record\n",
                "        return True\n",
            ),
        ),
        scenario("a_local_copy_of_another_life_of_the_topic_is_thrown_away"),
    ),
    Fault(
        "start with a lost ledger as if it were new",
        "daemon/edges/ledger_reading.py",
        (("    return marks.record is None and not is_new\n", "    return False\n"),),
        scenario("a_lost_ledger_stops_the_start"),
    ),
    Fault(
        "take another company's entry for the tenant's",
        "daemon/core/ledger.py",
        (
            (
                '        if company == "" or self.company in ("", company):\n',
                '        if company == company or self.company in ("", company):\n',
            ),
        ),
        scenario("another_company_key_is_another_company"),
    ),
    # -- DnB -----------------------------------------------------------------------------------------------------
    Fault(
        "create under another guid each time",
        "daemon/dnb/calls.py",
        (
            (
                '        return str(uuid5(_NAMESPACE, "\\n".join(names)))\n',
                '        return str(__import__("uuid").uuid4())\n',
            ),
        ),
    ),
    Fault(
        "use a deleted row's guid for ever",
        "daemon/dnb/customer.py",
        (
            (
                "        attempt = replace(attempt, n=attempt.n + 1)\n",
                "        attempt = replace(attempt, n=attempt.n)\n",
            ),
        ),
        scenario("a_row_that_a_person_deleted_is_created_once_more"),
    ),
    Fault(
        "create without looking",
        "daemon/dnb/invoice_finding.py",
        (
            (
                "    rows = yield from _by_number(sought.number)\n    if not",
                "    rows = (yield from _by_number(sought.number)) and []\n    if not",
            ),
        ),
    ),
    Fault(
        "book a draft whose sums are others",
        "daemon/dnb/invoice_comparing.py",
        (
            (
                "def draft_difference(drawn: Drawn, row: InvoiceRow) -> Difference | None:\n",
                "def draft_difference(drawn: Drawn, row: InvoiceRow) -> Difference | None:\n    if row:\n        return None\n",
            ),
        ),
    ),
    Fault(
        "find a customer by the number in the invoice alone",
        "daemon/core/depending.py",
        (
            (
                "        if lane is not None and lane.entry.dnb_id is not None:\n            return lane.entry.dnb_id\n",
                "",
            ),
            (
                "        return None if entry is None else self._judge(",
                "        return None if entry is None or entry.dnb_id else self._judge(",
            ),
        ),
        scenario("an_invoice_finds_its_customer_under_whatever_number"),
    ),
    Fault(
        "take a payment for another invoice",
        "daemon/dnb/invoice.py",
        (
            (
                "        case Found(row) if row.is_booked:\n            return (yield from adopt(work, found))\n",
                "        case Found(row) if row.is_booked:\n            return (yield from create(work, Absent()))\n",
            ),
        ),
        f"{DNB}/test_interruptions.py::test_killed_at_every_yield_it_is_booked_once",
    ),
)
