"""Faults planted in what is said to DnB, and in what its answers are taken for."""

from tests.simulation.planting import DNB, Fault, scenario

TOWARDS_DNB: tuple[Fault, ...] = (
    # -- customers, invoices and tokens --------------------------------------------------------------------------
    Fault(
        "create under another guid each time",
        "daemon/dnb/calls.py",
        (
            (
                '        return str(uuid5(_NAMESPACE, "\\n".join(names)))\n',
                '        return str(__import__("uuid").uuid4())\n',
            ),
        ),
        f"{DNB}/test_customer_procedure.py::test_killed_at_every_yield_it_converges",
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
        f"{DNB}/test_invoice_concluding.py::test_an_equal_invoice_without_reference_is_adopted",
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
        f"{DNB}/test_invoice_concluding.py::test_a_draft_whose_amounts_change_places_is_made_anew",
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
    Fault(
        "renew no token for a tenant that was turned down twice",
        "daemon/dnb/tokens.py",
        (
            (
                "        if now >= self._renewed_at + (DOUBTED_AFTER_SECONDS if self._is_proved else UNPROVED_SECONDS):\n",
                "        if now >= 1e18 + DOUBTED_AFTER_SECONDS:\n",
            ),
        ),
        f"{DNB}/test_tokens.py::test_a_token_of_some_age_may_have_been_revoked_even_for_a_denied_tenant",
    ),
    # -- projects ------------------------------------------------------------------------------------------------
    Fault(
        "adopt a project for its number alone",
        "daemon/dnb/project_finding.py",
        (("    if wanted.is_named(row):\n", "    if row:\n"),),
        f"{DNB}/test_project.py::test_a_stranger_with_the_number_is_a_conflict",
    ),
    Fault(
        "lead a project through an end to where it shall be",
        "daemon/dnb/project_states.py",
        (("        if status not in seen | ENDS:\n", "        if status not in seen:\n"),),
        f"{DNB}/test_project_states.py::test_no_way_leads_through_an_end",
    ),
    # -- vouchers ------------------------------------------------------------------------------------------------
    Fault(
        "take a payment for the invoice's voucher",
        "daemon/dnb/voucher.py",
        (
            (
                "line.sub_account_id is not None and (line.amount or Decimal()) * wanted > 0\n",
                "line.sub_account_id is not None and wanted\n",
            ),
        ),
        f"{DNB}/test_voucher.py::test_a_payment_under_the_number_is_no_voucher_of_the_invoice",
    ),
    Fault(
        "book a voucher beside an invoice of the other flow",
        "daemon/dnb/voucher.py",
        (("    if not (known.dirty or known.was_attempted or known.dnb_id is not None):\n", "    if known:\n"),),
        f"{DNB}/test_voucher.py::test_a_change_of_flow_after_a_booking_in_doubt_books_nothing_again",
    ),
    # -- what a company books with -------------------------------------------------------------------------------
    Fault(
        "take a VAT rate of whatever period",
        "daemon/dnb/chart_rows.py",
        ((" if row.is_alive and row.holds_on(on))", " if row.is_alive)"),),
        f"{DNB}/test_chart.py::test_the_rate_is_that_of_the_day",
    ),
    Fault(
        "believe a company's settings for ever",
        "daemon/dnb/chart.py",
        (("        if now - self._settings_at >= SETTINGS_SECONDS:\n", "        if now < 0.0:\n"),),
        scenario("a_distribution_that_a_person_switches_on_is_seen_within_minutes"),
    ),
)
