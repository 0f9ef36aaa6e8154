"""Faults planted around the planner: in the ledger as it is kept and read, in reading, fetching and sending."""

from tests.simulation.planting import CONTRACT, EDGES, Fault, scenario

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
        f"{EDGES}/test_ledger_store.py::test_merging_in_any_order_keeps_the_greatest",
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
        (("        await self._writer.write(partition, LEDGER_KEY, encode_record(begun.record))\n", ""),),
        f"{CONTRACT}/test_ledgers.py::test_a_new_partition_begins_the_life_of_its_ledger",
    ),
    Fault(
        "take the last owner's word for the newest, however late it comes",
        "daemon/edges/ledger_reading.py",
        (
            (
                "if record is not None and (marks.record is None or record.generation >= marks.record.generation):",
                "if record is not None:",
            ),
        ),
        f"{EDGES}/test_ledger_reading.py::test_an_assignment_is_above_everything_that_was_written",
    ),
    Fault(
        "forget whom the tenants file has named",
        "daemon/edges/ledger_store.py",
        (("known_tenants=frozenset(self.named).union(self._tenants()),", "known_tenants=frozenset(self._tenants()),"),),
        f"{EDGES}/test_ledger_reading.py::test_the_tenants_that_the_file_has_named_are_remembered",
    ),
    Fault(
        "trust a local copy that was open when the machine failed",
        "daemon/edges/ledgers.py",
        (("        if mark.is_of_another_boot():\n", "        if False:\n"),),
        f"{EDGES}/test_open_mark.py::test_a_machine_that_failed_has_kept_nothing_for_certain",
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
        f"{EDGES}/test_ledger_reading.py::test_what_another_process_wrote_is_kept_before_the_planner_has_heard_of_it",
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
    # -- reading, fetching and sending ---------------------------------------------------------------------------
    Fault(
        "take a delete for a change",
        "daemon/moment/envelope.py",
        (('    if envelope.operation == "delete":\n        return Ignored("delete", envelope.tenant)\n', ""),),
        scenario("a_draft_or_a_delete_behind_a_finalized_invoice_stops_nothing"),
    ),
    Fault(
        "keep what was written over what another process wrote meanwhile",
        "daemon/edges/ledger_store.py",
        (("if one[0] not in present or not outranks(present[one[0]].entry, one[1])]", "]"),),
        f"{EDGES}/test_ledger_store.py::test_what_we_wrote_does_not_hide_what_was_followed_to_meanwhile",
    ),
    Fault(
        "read past a lesser record of our own",
        "daemon/edges/ledger_reading.py",
        (("            if kept_from[entity] < offset:\n", "            if False:\n"),),
        f"{EDGES}/test_ledger_reading.py::test_a_lesser_record_of_our_own_is_found_once_more_too",
    ),
    Fault(
        "take a zombie's handover for the owner's",
        "daemon/edges/ledger_reading.py",
        (("    if key == HANDOVER_KEY and _is_of_the_owner(line, marks):\n", "    if key == HANDOVER_KEY:\n"),),
        f"{EDGES}/test_ledger_reading.py::test_only_the_last_owner_can_hand_over",
    ),
    Fault(
        "send a call whose time has passed",
        "daemon/edges/http_sink.py",
        (("        elif self._clock.now() >= send.not_after:\n", "        elif self._clock.now() < 0.0:\n"),),
        f"{EDGES}/test_http_sink.py::test_a_call_whose_time_has_passed_is_not_sent",
    ),
    Fault(
        "take a refused commit for accepted",
        "daemon/edges/kafka_source.py",
        (
            (
                "            return Committed(sent_at, accepted=False)\n",
                "            return Committed(sent_at, accepted=True)\n",
            ),
        ),
        f"{CONTRACT}/test_kafka_source.py::test_a_commit_is_told_as_accepted_or_refused",
    ),
    Fault(
        "take records in without what the ledger holds of them",
        "daemon/edges/intake.py",
        (("message, found.entry if found else None))", "message, None))"),),
        f"{EDGES}/test_intake.py::test_changes_come_with_what_the_ledger_holds",
    ),
)
