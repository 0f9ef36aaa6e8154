"""Faults planted in the planner: offsets, versions, what may be concluded, entries."""

from tests.simulation.planting import CORE, Fault, scenario

IN_THE_PLANNER: tuple[Fault, ...] = (
    # -- offsets and settling ------------------------------------------------------------------------------------
    Fault(
        "commit the newest offset",
        "daemon/core/offsets.py",
        (("return self._order[0] if self._order else self.position", "return self.position"),),
        f"{CORE}/test_offsets.py::test_the_watermark_waits_for_the_lowest_open_offset",
    ),
    Fault(
        "settle before the ledger acknowledges",
        "daemon/core/recording.py",
        (
            ("        self._state.settle(assignment, item, pending.settlement, pending.reason)\n", ""),
            (
                "        self._state.pending[ticket] = EntryPending(work, entry, settlement, reason)\n",
                "        self._state.pending[ticket] = EntryPending(work, entry, settlement, reason)\n"
                "        self._state.settle(work.assignment, work.item, settlement, reason)\n",
            ),
        ),
        f"{CORE}/test_planner.py::test_a_change_goes_from_record_to_commit",
    ),
    Fault(
        "take a repeated fetch for new records",
        "daemon/core/admitting.py",
        (("if arrival.offset >= assignment.offsets.position]", "if arrival.offset >= 0]"),),
        f"{CORE}/test_admitting.py::test_a_repeated_fetch_brings_nothing_new",
    ),
    Fault(
        "forget the dead letters",
        "daemon/core/recording.py",
        (
            (
                "        self._state.output.append(DeadLetter(ticket, assignment.partition, offset, cause))\n",
                "        self.acknowledge(ticket)\n",
            ),
        ),
        f"{CORE}/test_admitting.py::test_a_record_that_is_no_change_is_dead_lettered",
    ),
    # -- versions and order --------------------------------------------------------------------------------------
    Fault(
        "deliver whatever version comes",
        "daemon/core/admitting.py",
        (("            elif change.version > highest or", "            elif change.version > 0 or"),),
        f"{CORE}/test_admitting.py::test_a_version_that_is_not_newer_is_stale",
    ),
    Fault(
        "let a draft supersede what is finalized",
        "daemon/core/admitting.py",
        (("if change.version > highest and is_draft(", "if change.version < 0 and is_draft("),),
        scenario("a_draft_or_a_delete_behind_a_finalized_invoice_stops_nothing"),
    ),
    Fault(
        "ignore the newer version of what is in hand when its kind is switched off",
        "daemon/core/admitting.py",
        (("or self._is_in_hand(assignment, change, arrival)):", "or False):"),),
        f"{CORE}/test_admitting.py::test_what_is_in_hand_of_a_kind_that_is_switched_off_waits_with_its_newest_version",
    ),
    Fault(
        "forget which kinds a former owner has transferred",
        "daemon/core/admitting.py",
        (("return is_tail and entity.kind in assignment.former_kinds.get(entity.tenant, ())", "return False"),),
        f"{CORE}/test_admitting.py::test_what_a_former_owner_may_have_been_creating_waits_though_its_kind_is_switched_off",
    ),
    Fault(
        "begin an uncertain tail before all of it is read",
        "daemon/core/state.py",
        (("return self.offsets.position < self.caught_up_at and now < self.caught_up_by", "return False"),),
        f"{CORE}/test_admitting.py::test_nothing_of_an_uncertain_tail_is_begun_before_all_of_it_is_read",
    ),
    Fault(
        "forget the open lane of an entity",
        "daemon/core/admitting.py",
        (("            lane = assignment.lanes.get(change.entity)\n", "            lane = None\n"),),
        scenario("two_events_of_an_invoice_in_one_batch_book_it_once"),
    ),
    Fault(
        "send every queued edit",
        "daemon/core/calling.py",
        (("        return attempt if is_outdated else None", "        return None"),),
        f"{CORE}/test_delivering.py::test_twenty_queued_edits_cost_one_write",
    ),
    Fault(
        "go on with what another process has outdated",
        "daemon/core/delivering.py",
        (('return item.origin != "check" and item.change.version < lane.entry.highest', "return False"),),
        f"{CORE}/test_giving_way.py::test_what_has_been_outdated_elsewhere_is_not_sent",
    ),
    Fault(
        "do not ask at an assignment what has been delivered since",
        "daemon/core/planner.py",
        (("        self._depending.look_again()\n", ""),),
        f"{CORE}/test_sweeping.py::test_at_an_assignment_it_is_asked_what_has_been_delivered_since",
    ),
    Fault(
        "forget what a check has left in doubt when it must wait",
        "daemon/core/delivering.py",
        (("        if work.lane.dirty_until != work.lane.entry.dirty_until:\n", "        if False:\n"),),
        f"{CORE}/test_refilling.py::test_a_check_that_must_wait_takes_its_doubt_along",
    ),
    Fault(
        "end a refused check without a word",
        "daemon/core/recording.py",
        (("        if work.lane.entry.parked is None:\n", "        if False:\n"),),
        f"{CORE}/test_refilling.py::test_a_check_that_is_refused_again_and_again_parks_what_was_delivered",
    ),
    Fault(
        "keep a parked change below what was delivered",
        "daemon/core/ledger.py",
        (
            (
                "    is_outdated = entry.parked is not None and entry.parked.version < entry.version\n",
                "    is_outdated = entry.parked is not None and entry.parked.version < 0\n",
            ),
        ),
        f"{CORE}/test_ledger.py::test_a_parked_change_below_what_was_delivered_is_none",
    ),
    # -- what may be concluded without reading -------------------------------------------------------------------
    # DnB is read before and once more after the late bound: in the scenario either alone puts things right.
    Fault(
        "conclude unchanged for what a former owner may have attempted, and look at it no more",
        "daemon/core/lanes.py",
        (
            (
                'if item.is_suspect or item.origin == "check" or item.change.replay is not None or not is_fresh:',
                'if item.origin == "check" or item.change.replay is not None or not is_fresh:',
            ),
            ("            self.dirty_until = max(self.dirty_until or 0.0, late_until)\n", "            pass\n"),
        ),
        scenario("there_and_back_with_a_crash_between_is_not_taken_for_unchanged"),
    ),
    Fault(
        "conclude unchanged for what a former owner may have attempted",
        "daemon/core/lanes.py",
        (('if item.is_suspect or item.origin == "check" or', 'if item.origin == "check" or'),),
        f"{CORE}/test_lanes.py::test_what_is_doubted_before_a_delivery",
    ),
    Fault(
        "conclude unchanged over a parked change that was attempted",
        "daemon/core/lanes.py",
        (("        is_fresh = not parked or (", "        is_fresh = True or (  # noqa: SIM222\n            "),),
        f"{CORE}/test_admitting.py::test_unchanged_is_concluded_only_where_nothing_is_in_doubt",
    ),
    # What was tried again while parked is suspect to the next owner besides: in the scenario any of the three suffices.
    Fault(
        "conclude unchanged over a parked change that was attempted, or that a former owner may have attempted",
        "daemon/core/lanes.py",
        (
            ("        is_fresh = not parked or (", "        is_fresh = True or (  # noqa: SIM222\n            "),
            ("            self.dirty_until = max(self.dirty_until or 0.0, late_until)\n", "            pass\n"),
            ('if item.is_suspect or item.origin == "check" or', 'if item.origin == "check" or'),
        ),
        scenario("a_parked_change_that_was_attempted_is_not_forgotten_by_a_newer_one"),
    ),
    Fault(
        "look only once at what a former owner may have in flight",
        "daemon/core/lanes.py",
        (("            self.dirty_until = max(self.dirty_until or 0.0, late_until)\n", "            pass\n"),),
        scenario("a_zombie_that_wakes_up_with_a_call_in_hand_is_put_right"),
    ),
    Fault(
        "take a dirty entry of the ledger for a clean one",
        "daemon/core/lanes.py",
        (("        self.dirty_until = entry.dirty_until\n", "        self.dirty_until: float | None = None\n"),),
        scenario("there_and_back_over_a_dirty_entry_is_checked_also_after_a_crash"),
    ),
    Fault(
        "forget that a write had an unknown outcome",
        "daemon/core/delivering.py",
        (
            (
                "                work.lane.dirty_until = max(work.lane.dirty_until or 0.0, late_until)\n                self._retry",
                "                self._retry",
            ),
        ),
        f"{CORE}/test_delivering.py::test_an_unreachable_dnb_and_a_lost_reply_are_both_tried_again",
    ),
    Fault(
        "drop the read-back of what may be applied late",
        "daemon/core/recording.py",
        (("            dirty_data=None if is_clean else item.change.data,\n", "            dirty_data=None,\n"),),
        scenario("a_zombies_late_write_to_dnb_is_put_right"),
    ),
    Fault(
        "hand over whatever is in doubt",
        "daemon/core/parting.py",
        (
            (
                "    if any(lane.is_dirty for lane in assignment.lanes.values()):\n        return False\n",
                "    return True\n",
            ),
        ),
        f"{CORE}/test_planner.py::test_an_unknown_outcome_is_not_handed_over",
    ),
    Fault(
        "trust that a former owner left nothing in flight",
        "daemon/core/planner.py",
        (("        assignment.is_handed_over = event.handed_over\n", "        assignment.is_handed_over = True\n"),),
        f"{CORE}/test_admitting.py::test_unchanged_is_concluded_only_where_nothing_is_in_doubt",
    ),
    Fault(
        "commit past the record that alone tells a number",
        "daemon/core/lanes.py",
        (("if offset is None or not self.has_untold_numbers:", "if True:"),),
        f"{CORE}/test_numbers_tried.py::test_a_number_that_one_record_alone_tells_is_not_committed_past",
    ),
    Fault(
        "hold back what was superseded first, not what came first",
        "daemon/core/lanes.py",
        (("held_back.offset is not None and held_back.offset < offset:", "held_back.offset is not None:"),),
        f"{CORE}/test_numbers_tried.py::test_the_version_that_tells_the_number_is_held_back_though_others_were_superseded_before_it",
    ),
    Fault(
        "forget the numbers under which an entity may have been created",
        "daemon/core/lanes.py",
        (
            (
                "        if number and self.entry.dnb_id is None and",
                "        if not number and self.entry.dnb_id is None and",
            ),
        ),
        f"{CORE}/test_numbers_tried.py::test_the_number_of_a_create_in_doubt_is_remembered_until_the_entity_is_delivered",
    ),
    # -- entries -------------------------------------------------------------------------------------------------
    Fault(
        "let the newest record of the ledger win, whatever it says",
        "daemon/core/ledger.py",
        (
            (
                "    return (entry.highest, entry.version == entry.highest, entry.generation, offset)\n",
                "    return (0, False, Generation(0, 0), offset)\n",
            ),
        ),
        f"{CORE}/test_ledger.py::test_the_order_of_merging",
    ),
    Fault(
        "forget what is in doubt here when another's entry is greater",
        "daemon/core/recording.py",
        (
            (
                "        entry = event.entry if own is None else doubted_as(event.entry, own)\n",
                "        entry = event.entry\n",
            ),
        ),
        f"{CORE}/test_recording.py::test_what_was_left_in_doubt_here_is_in_doubt_in_the_entry_of_another",
    ),
    Fault(
        "forget the generation of an entry",
        "daemon/core/ledger.py",
        (("== entry.highest, entry.generation, offset)", "== entry.highest, Generation(0, 0), offset)"),),
        f"{CORE}/test_ledger.py::test_the_order_of_merging",
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
)
