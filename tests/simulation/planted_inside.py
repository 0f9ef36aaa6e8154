"""Faults planted in the planner: offsets, versions, what may be concluded, tenants and quotas, dependencies."""

from tests.simulation.planting import CORE, Fault, scenario

IN_THE_PLANNER: tuple[Fault, ...] = (
    # -- offsets and settling ------------------------------------------------------------------------------------
    Fault(
        "commit the newest offset",
        "daemon/core/offsets.py",
        (("return self._order[0] if self._order else self.position", "return self.position"),),
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
    ),
    Fault(
        "take a repeated fetch for new records",
        "daemon/core/admitting.py",
        (("if arrival.offset >= assignment.offsets.position]", "if arrival.offset >= 0]"),),
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
    ),
    # -- versions and order --------------------------------------------------------------------------------------
    Fault(
        "deliver whatever version comes",
        "daemon/core/admitting.py",
        (("            elif change.version > highest or", "            elif change.version > 0 or"),),
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
        f"{CORE}/test_admitting.py",
    ),
    Fault(
        "forget which kinds a former owner has transferred",
        "daemon/core/admitting.py",
        (("return is_tail and entity.kind in assignment.former_kinds.get(entity.tenant, ())", "return False"),),
        f"{CORE}/test_admitting.py",
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
        f"{CORE}/test_delivering.py",
    ),
    Fault(
        "go on with what another process has outdated",
        "daemon/core/delivering.py",
        (('return item.origin != "check" and item.change.version < lane.entry.highest', "return False"),),
        f"{CORE}/test_giving_way.py",
    ),
    Fault(
        "do not ask at an assignment what has been delivered since",
        "daemon/core/planner.py",
        (("        self._depending.look_again()\n", ""),),
        f"{CORE}/test_sweeping.py",
    ),
    Fault(
        "forget what a check has left in doubt when it must wait",
        "daemon/core/delivering.py",
        (("        if work.lane.dirty_until != work.lane.entry.dirty_until:\n", "        if False:\n"),),
        f"{CORE}/test_refilling.py",
    ),
    Fault(
        "end a refused check without a word",
        "daemon/core/recording.py",
        (("        if work.lane.entry.parked is None:\n", "        if False:\n"),),
        f"{CORE}/test_refilling.py",
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
        f"{CORE}/test_ledger.py",
    ),
    # -- what may be concluded without reading -------------------------------------------------------------------
    Fault(
        "conclude unchanged for what a former owner may have attempted",
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
        "conclude unchanged over a parked change that was attempted",
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
        f"{CORE}/test_numbers_tried.py",
    ),
    Fault(
        "hold back what was superseded first, not what came first",
        "daemon/core/lanes.py",
        (("held_back.offset is not None and held_back.offset < offset:", "held_back.offset is not None:"),),
        f"{CORE}/test_numbers_tried.py",
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
        f"{CORE}/test_numbers_tried.py",
    ),
    # -- tenants, holds and quotas -------------------------------------------------------------------------------
    Fault(
        "ignore the changes of a tenant that is gone from the file",
        "daemon/core/admitting.py",
        (("if tenant is None and change.entity.tenant not in self._state.ever_known:", "if tenant is None:"),),
        scenario("a_tenant_that_was_gone_for_five_minutes_has_lost_nothing"),
    ),
    Fault(
        "serve a tenant that is held in the tenants file",
        "daemon/core/state.py",
        (("        if tenant is None or tenant.held is not None or name in", "        if tenant is None or name in"),),
        scenario("twenty_thousand_records_of_a_held_tenant_delay_nobody"),
    ),
    Fault(
        "keep the changes of a tenant that is held in hand",
        "daemon/core/admitting.py",
        (
            (
                "        if must_wait or not self._state.may_go(lane.entity):\n",
                "        if must_wait and self._state.is_served(tenant):\n",
            ),
            (
                "        elif not assignment.is_catching_up(self._state.now):\n            self._delivering.proceed",
                "        elif self._state.is_served(tenant) and not assignment.is_catching_up(self._state.now):\n            self._delivering.proceed",
            ),
        ),
        scenario("twenty_thousand_records_of_a_held_tenant_delay_nobody"),
    ),
    Fault(
        "pause fetching too late",
        "daemon/core/planner.py",
        (("if not self._is_paused and open_count >= bound:", "if not self._is_paused and open_count >= 2 * bound:"),),
    ),
    Fault(
        "never fetch again once paused",
        "daemon/core/planner.py",
        (("elif self._is_paused and open_count <= bound // 2:", "elif self._is_paused and open_count < 0:"),),
    ),
    Fault(
        "ignore Retry-After",
        "daemon/core/delivering.py",
        (
            (
                "        wait = outcome.retry_after\n        if wait is None:",
                "        wait = None\n        if wait is None:",
            ),
            ("            self._pause(name, event.reply.pause)", "            pass"),
        ),
        scenario("a_retry_after_of_an_hour_is_obeyed_and_delays_nobody_else"),
    ),
    Fault(
        "keep a pause only for a change that goes on",
        "daemon/core/delivering.py",
        (("            self._pause(name, event.reply.pause)", "            pass"),),
        f"{CORE}/test_giving_way.py",
    ),
    Fault(
        "ask the identity server again before it wishes to be asked",
        "daemon/core/calling.py",
        (("self._state.token_refusals, wait = 0, event.retry_after", "self._state.token_refusals, wait = 0, None"),),
        f"{CORE}/test_calling.py",
    ),
    Fault(
        "take what the old company was told for what the new one knows",
        "daemon/core/lanes.py",
        (("        entry = self.entry.of_company(tenant.company)\n", "        entry = self.entry\n"),),
        f"{CORE}/test_checking.py",
    ),
    Fault(
        "write a version that was outdated while it was read for",
        "daemon/core/delivering.py",
        (("        is_outdated = _is_outdated(work.lane, work.item)\n", "        is_outdated = False\n"),),
        f"{CORE}/test_giving_way.py",
    ),
    Fault(
        "settle their record while an older write is under way",
        "daemon/core/admitting.py",
        (("or is_doubted or is_overtaken\n", "or is_doubted\n"),),
        f"{CORE}/test_giving_way.py",
    ),
    Fault(
        "leave a lane open whose only version was outdated",
        "daemon/core/delivering.py",
        (('lane.queued is None and lane.phase == "idle":', "lane.queued is None and lane.phase is None:"),),
        f"{CORE}/test_giving_way.py",
    ),
    Fault(
        "take a dependency from a partition whose tail is unread",
        "daemon/core/depending.py",
        (
            (
                "if not assignment.ending and not assignment.is_catching_up(self._state.now):",
                "if not assignment.ending:",
            ),
        ),
        f"{CORE}/test_depending.py",
    ),
    Fault(
        "sweep up nothing that was refused while the terms changed",
        "daemon/core/recording.py",
        (("        self._sweep_again(assignment, lane)\n", ""),),
        f"{CORE}/test_sweeping.py",
    ),
    Fault(
        "take a refused version for one that was attempted",
        "daemon/core/recording.py",
        (
            (
                "or item.has_written or item.is_suspect\n",
                "or item.attempts > 0 or item.has_written or item.is_suspect\n",
            ),
        ),
        f"{CORE}/test_checking.py",
    ),
    Fault(
        "deliver a kind that was switched off from an open lane",
        "daemon/core/state.py",
        (("self.is_served(entity.tenant) and self.is_transferred(entity)", "self.is_served(entity.tenant)"),),
        f"{CORE}/test_holding.py",
    ),
    Fault(
        "charge no tenant for its calls",
        "daemon/core/pacing.py",
        (("        self.quota.take(now)\n", ""),),
    ),
    Fault(
        "take a few calls for the rate that was refused",
        "daemon/core/adapting.py",
        ((" and self._count >= FEW_CALLS\n", "\n"),),
        f"{CORE}/test_adapting.py",
    ),
    Fault(
        "look seldom whether an outage is over",
        "daemon/core/pacing.py",
        (("PROBE_SECONDS = 1.0\n", "PROBE_SECONDS = 70.0\n"),),
        scenario("after_an_outage_of_an_hour_what_is_in_hand_goes_at_once_and_the_rest_at_its_next_step"),
    ),
    Fault(
        "let no quota bind",
        "daemon/core/quota.py",
        (("        return self._arrival - (self._burst - 1.0) / self._rate\n", "        return 0.0\n"),),
    ),
    Fault(
        "make calls though the group may have given the partitions away",
        "daemon/core/planner.py",
        (
            ("        return now >= self._committed_at + self._state.policy.bounds.fence\n", "        return False\n"),
            (
                "            self._delivering.grant(self._committed_at + self._state.policy.bounds.fence)\n",
                "            self._delivering.grant(FOREVER)\n",
            ),
        ),
        scenario("a_zombie_that_wakes_up_with_a_change_in_hand_makes_no_call"),
    ),
    Fault(
        "keep partitions that were lost",
        "daemon/core/planner.py",
        (
            (
                "            case Lost(partitions):\n                for assignment in self._ours(partitions):\n",
                "            case Lost(partitions):\n                for assignment in self._ours(partitions[:0]):\n",
            ),
        ),
    ),
    # -- dependencies and waiting --------------------------------------------------------------------------------
    Fault(
        "release nothing when a dependency is delivered",
        "daemon/core/depending.py",
        (
            (
                "            for assignment in self._state.assignments.values() if is_delivered else ():\n",
                "            for assignment in ():\n",
            ),
        ),
        f"{CORE}/test_sweeping.py",
    ),
    Fault(
        "wait for no dependency that is on its way",
        "daemon/core/depending.py",
        (
            (
                "            return None if self._waits_for(lane, work.lane) else self._await(work, dependency)\n",
                "            return None\n",
            ),
        ),
        f"{CORE}/test_depending.py",
    ),
    Fault(
        "take nothing that waits out of the ledger again",
        "daemon/core/refilling.py",
        (
            (
                "            if name in assignment.waiting and not is_asked and self._is_open(assignment):\n",
                "            if False and self._is_open(assignment) and not is_asked:\n",
            ),
        ),
    ),
    Fault(
        "never try again what is parked",
        "daemon/core/refilling.py",
        (("            if self.is_due(assignment):\n", "            if False and self.is_due(assignment):\n"),),
    ),
    Fault(
        "wait ever longer with what is parked",
        "daemon/core/retrying.py",
        (
            (
                "        return self.parked_steps[min(attempts, len(self.parked_steps) - 1)]\n",
                "        return self.parked_steps[0] * 2.0**attempts\n",
            ),
        ),
        scenario("after_an_outage_of_an_hour_what_is_in_hand_goes_at_once_and_the_rest_at_its_next_step"),
    ),
    # -- entries, and what refers to another ----------------------------------------------------------------------
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
        "forget what is in doubt here when another's entry is greater",
        "daemon/core/recording.py",
        (
            (
                "        entry = event.entry if own is None else doubted_as(event.entry, own)\n",
                "        entry = event.entry\n",
            ),
        ),
        f"{CORE}/test_recording.py",
    ),
    Fault(
        "forget the generation of an entry",
        "daemon/core/ledger.py",
        (("== entry.highest, entry.generation, offset)", "== entry.highest, Generation(0, 0), offset)"),),
        f"{CORE}/test_ledger.py",
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
    Fault(
        "find a customer by the number in the invoice alone",
        "daemon/core/depending.py",
        (
            (
                "dnb_id := self._of_company(lane.entry, dependency).dnb_id) is not None:\n            return dnb_id\n",
                "dnb_id := None) is not None:\n            return dnb_id\n",
            ),
            (
                "        return None if entry is None else self._judge(",
                "        return None if entry is None or entry.dnb_id else self._judge(",
            ),
        ),
        scenario("an_invoice_finds_its_customer_under_whatever_number"),
    ),
)
