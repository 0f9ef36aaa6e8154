"""All that may be remarked on a delivery, by its reason, in words for the tenant's people."""

from collections.abc import Mapping

REMARKS: Mapping[str, str] = {
    "project_state_unknown": "The project's state in Moment is none that DnB has; its status there was left alone.",
    "project_state_unreachable": "DnB allows no way to the status that the project's state in Moment means.",
    "project_state_refused": "DnB refused to take the project to the status that its state in Moment means.",
    "project_not_found": "The invoice's project is not in DnB; the invoice was booked without it.",
    "credited_invoice_unknown": "The credited invoice is not in DnB; the credit note names it in its text.",
    "invoice_number_differs": "DnB gave the invoice another number: its number series does not follow Moment's.",
    "payment_id_check_digit": "The payment id has a wrong check digit; it was transferred as information only.",
    "payment_id_differs": "DnB gave the invoice another payment id than Moment printed on it.",
    "vat_rounding_differs": "The VAT is rounded otherwise in DnB; the totals differ by some hundredths.",
    "voucher_number_differs": "DnB gave the voucher another number than the payment id or invoice number.",
    "text_shortened": "A text is longer than a voucher in DnB can hold; the rest stands in Moment alone.",
}
