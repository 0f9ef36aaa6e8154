"""Faults planted in the planner: whom it serves and when, and what waits for what."""

from tests.simulation.planting import CORE, Fault, scenario

AMONG_TENANTS: tuple[Fault, ...] = (
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
                "        if not self._state.may_go(lane.entity):\n            return\n        if must_wait:\n",
            ),
        ),
        scenario("twenty_thousand_records_of_a_held_tenant_delay_nobody"),
    ),
    Fault(
        "pause fetching too late",
        "daemon/core/planner.py",
        (("if not self._is_paused and open_count >= bound:", "if not self._is_paused and open_count >= 2 * bound:"),),
        f"{CORE}/test_planner.py::test_fetching_pauses_while_too_much_is_open",
    ),
    Fault(
        "never fetch again once paused",
        "daemon/core/planner.py",
        (("elif self._is_paused and open_count <= bound // 2:", "elif self._is_paused and open_count < 0:"),),
        f"{CORE}/test_planner.py::test_fetching_pauses_while_too_much_is_open",
    ),
    Fault(
        "ignore Retry-After",
        "daemon/core/delivering.py",
        (
            (
                "        wait = outcome.retry_after\n        if wait is None:",
                "        wait = None\n        if wait is None:",
            ),
        ),
        scenario("a_retry_after_of_an_hour_is_obeyed_and_delays_nobody_else"),
    ),
    Fault(
        "keep a pause only for a change that goes on",
        "daemon/core/delivering.py",
        (("            self._pause(name, event.reply.pause)", "            pass"),),
        f"{CORE}/test_giving_way.py::test_a_pause_is_kept_though_the_version_it_answers_is_outdated",
    ),
    Fault(
        "ask the identity server again before it wishes to be asked",
        "daemon/core/calling.py",
        (("self._state.token_refusals, wait = 0, event.retry_after", "self._state.token_refusals, wait = 0, None"),),
        f"{CORE}/test_calling.py::test_the_identity_server_is_left_alone_as_long_as_it_asks",
    ),
    Fault(
        "take what the old company was told for what the new one knows",
        "daemon/core/lanes.py",
        (("        entry = self.entry.of_company(tenant.company)\n", "        entry = self.entry\n"),),
        f"{CORE}/test_checking.py::test_what_queues_behind_that_knows_nothing_of_the_old_company",
    ),
    Fault(
        "write a version that was outdated while it was read for",
        "daemon/core/delivering.py",
        (("        is_outdated = _is_outdated(work.lane, work.item)\n", "        is_outdated = False\n"),),
        f"{CORE}/test_giving_way.py::test_what_was_only_read_for_an_outdated_version_leads_to_no_write",
    ),
    Fault(
        "settle their record while an older write is under way",
        "daemon/core/admitting.py",
        (("or is_doubted or is_overtaken\n", "or is_doubted\n"),),
        f"{CORE}/test_giving_way.py::test_their_version_is_compared_though_its_record_comes_while_an_older_write_is_under_way",
    ),
    Fault(
        "leave a lane open whose only version was outdated",
        "daemon/core/delivering.py",
        (('lane.queued is None and lane.phase == "idle":', "lane.queued is None and lane.phase is None:"),),
        f"{CORE}/test_giving_way.py::test_what_is_outdated_while_the_tail_is_read_leaves_no_lane_behind",
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
        f"{CORE}/test_depending.py::test_a_dependency_is_not_taken_from_a_partition_whose_tail_is_unread",
    ),
    Fault(
        "sweep up nothing that was refused while the terms changed",
        "daemon/core/recording.py",
        (("        self._sweep_again(assignment, lane)\n", ""),),
        f"{CORE}/test_sweeping.py::test_what_is_refused_under_old_terms_is_tried_under_the_new",
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
        f"{CORE}/test_checking.py::test_a_check_that_failed_is_not_lost_for_a_newer_version_that_is_refused",
    ),
    Fault(
        "deliver a kind that was switched off from an open lane",
        "daemon/core/state.py",
        (("self.is_served(entity.tenant) and self.is_transferred(entity)", "self.is_served(entity.tenant)"),),
        f"{CORE}/test_holding.py::test_a_kind_that_is_switched_off_is_not_tried_again_from_an_open_lane",
    ),
    Fault(
        "charge no tenant for its calls",
        "daemon/core/pacing.py",
        (("        self.quota.take(now)\n", ""),),
        f"{CORE}/test_pacing.py::test_a_quota_blocks_its_tenant_and_nobody_else",
    ),
    Fault(
        "take a few calls for the rate that was refused",
        "daemon/core/adapting.py",
        ((" and self._count >= FEW_CALLS\n", "\n"),),
        f"{CORE}/test_adapting.py::test_a_tenant_that_has_little_to_do_is_not_choked_by_one_refusal",
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
        f"{CORE}/test_pacing.py::test_the_clients_quota_bounds_all_together",
    ),
    Fault(
        "grant calls though the last commit is too old",
        "daemon/core/planner.py",
        (("        return now >= self._committed_at + self._state.policy.bounds.fence\n", "        return False\n"),),
        f"{CORE}/test_planner.py::test_a_member_that_cannot_commit_fences_itself",
    ),
    Fault(
        "let calls leave however old the last commit has become",
        "daemon/core/planner.py",
        (
            (
                "            self._delivering.grant(self._committed_at + self._state.policy.bounds.fence)\n",
                "            self._delivering.grant(FOREVER)\n",
            ),
        ),
        f"{CORE}/test_planner.py::test_a_member_that_cannot_commit_fences_itself",
    ),
    # A call is neither granted nor sent when the last commit is too old: in the scenario either suffices.
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
        f"{CORE}/test_planner.py::test_a_lost_partition_is_dropped_at_once",
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
        f"{CORE}/test_sweeping.py::test_a_delivery_releases_what_is_parked_for_it",
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
        f"{CORE}/test_depending.py::test_an_invoice_needs_its_customer_and_its_project",
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
        f"{CORE}/test_refilling.py::test_waiting_changes_come_back_at_an_assignment",
    ),
    Fault(
        "never try again what is parked",
        "daemon/core/state.py",
        (("        self.note_due(entry.due)\n", ""),),
        f"{CORE}/test_refilling.py::test_what_is_parked_is_asked_for_when_it_is_to_be_tried_again",
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
    Fault(
        "find a customer by the number in the invoice alone",
        "daemon/core/depending.py",
        (
            (
                "        return None if entry is None else self._judge(",
                "        return None if entry is None or entry.dnb_id else self._judge(",
            ),
        ),
        scenario("an_invoice_finds_its_customer_under_whatever_number"),
    ),
    Fault(
        "wait for a customer that is delivered while a newer version of it is in hand",
        "daemon/core/depending.py",
        (
            (
                "dnb_id := self._of_company(lane.entry, dependency).dnb_id) is not None:\n            return dnb_id\n",
                "dnb_id := None) is not None:\n            return dnb_id\n",
            ),
        ),
        f"{CORE}/test_depending.py::test_a_dependency_that_was_delivered_before_is_not_waited_for",
    ),
    Fault(
        "probe a denied tenant whose partition went elsewhere",
        "daemon/core/parting.py",
        (("            self._forget_denial(name)\n", "            pass\n"),),
        f"{CORE}/test_holding.py::test_a_denied_tenant_that_went_elsewhere_is_not_probed",
    ),
    Fault(
        "leave a tenant unserved that was denied elsewhere",
        "daemon/core/parting.py",
        (("        self._state.wake(self._state.now, name)\n", ""),),
        f"{CORE}/test_holding.py::test_what_is_due_of_a_tenant_that_was_denied_is_served_when_its_partition_comes_back",
    ),
    # -- live changes before replays -----------------------------------------------------------------------------
    Fault(
        "let replays go with the live changes",
        "daemon/core/admitting.py",
        (("                is_background = change.replay is not None\n", "                is_background = False\n"),),
        f"{CORE}/test_background.py::test_live_changes_go_before_replays",
    ),
    Fault(
        "let live changes wait for replays in the ledger",
        "daemon/core/admitting.py",
        (("(assignment.waiting if item.is_background else assignment.waiting_live)", "assignment.waiting"),),
        f"{CORE}/test_background.py::test_replays_fill_half_of_the_lanes_and_live_changes_pass_by_those_that_wait",
    ),
    Fault(
        "let a replay keep the live change of its entity in the background",
        "daemon/core/admitting.py",
        (("            self._delivering.hurry(assignment.attempts[lane.entity])\n", "            pass\n"),),
        f"{CORE}/test_background.py::test_a_live_change_takes_the_replay_of_its_entity_along",
    ),
    Fault(
        "take replays from the ledger before live changes",
        "daemon/edges/ledger_store.py",
        (("parked.since + parked.is_background * BEHIND_LIVE_SECONDS", "parked.since"),),
        "tests/edges/test_ledger_store.py::test_live_changes_that_wait_come_before_replays",
    ),
    Fault(
        "learn nothing of the client's quota where many tenants are refused",
        "daemon/core/pacing.py",
        (("        if self._refusals.are_of_all:\n", "        if False:\n"),),
        f"{CORE}/test_refused_together.py::test_the_quota_of_all_is_learned_where_many_are_refused",
    ),
    Fault(
        "take every refusal for one of the client's quota",
        "daemon/core/pacing.py",
        (("        if self._refusals.are_of_all:\n", "        if True:\n"),),
        f"{CORE}/test_refused_together.py::test_tenants_that_are_refused_for_their_own_quota_do_not_slow_the_others",
    ),
)
