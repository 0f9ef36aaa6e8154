"""What an emulator is made with: companies, clients, faults, and switches for what the sources leave open."""

from typing import Final, Literal

import msgspec

from daemon.sandbox.faults import FaultPlan

OPENED_AT_SECONDS: Final = 1_767_225_600.0
"""2026-01-01T00:00:00Z: when the books of an invented company were opened, unless told otherwise."""


class Company(msgspec.Struct, frozen=True):
    """A company of the sandbox: its name and the GUID that the header `CompanyKey` carries.

    `quota` is the calls per second it may make (None: no limit). `activated_by` lists the clients whose integration is
    activated in this company (None: all).
    """

    name: str
    key: str
    quota: float | None = None
    organization_number: str = "912345678"
    activated_by: tuple[str, ...] | None = None


class Client(msgspec.Struct, frozen=True):
    """A registered integration: its id and the PEM of its certificate (or of its bare public key)."""

    client_id: str
    certificate: bytes
    scopes: tuple[str, ...] = ("AppFramework",)


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """Behaviour that the sources contradict each other on, or leave unknown; a client must cope with each.

    The defaults are what the sources make likeliest.
    """

    created_status: int = 201  # a POST: 201 in the contract, 200 expected by a working client
    deleted_status: int = 204  # a DELETE: 200 in the contract, 204 expected by a working client
    action_status: int = 204  # a transition: 204 in the newest document, 200 in the oldest
    unknown_company_status: int = 401  # an unknown or not activated company key: 401 or 403
    default_page_size: int | None = None  # rows of a list without `top`; None: all
    vat_percent_at_root: bool = True  # VatType.VatPercent; the newest list knows only VatTypePercentages
    recent_expands: bool = True  # expands that newer clients use and the contract of 2019 does not list
    dates_with_time: bool = False  # a date is answered as 2026-02-03T00:00:00Z: both forms were seen
    prefixed_company_fields: bool = False  # init/companies says CompanyKey and CompanyName
    guids_enforced: bool = True  # a _createguid that a row already had is refused; else it is ignored
    project_status_writable: bool = False  # StatusCode in a project's body; the front end changes it by transitions
    project_transitions: Literal["inferred", "stepwise", "any"] = "inferred"  # stepwise: an offer before the start
    post_without_status: Literal["invoiced", "draft"] = "invoiced"  # an invoice's POST, as the front end sends it
    invoice_number: Literal["kept", "by_setting", "reassigned"] = "kept"
    """A number that a client gave a draft, when it is booked; by_setting: kept if PresetCustomerInvoiceNumber is on."""
    invoice_number_outside_series: Literal["accepted", "refused"] = "accepted"
    payment_id: Literal["kept", "reassigned"] = "kept"  # a payment id that a client gave a draft, when it is booked
    voucher_follows_invoice: bool = True  # an invoice's voucher has its number; else the vouchers have a series
    voucher_number: Literal["ignored", "kept"] = "ignored"
    """JournalEntryNumberNumeric in a posted entry; the sources show it in answers alone."""
    line_without_product: Literal["wiped", "refused", "accepted"] = "wiped"
    """An invoice line with money and no ProductID: the front end takes it for text and wipes its money."""
    inactive_customer: Literal["refused", "accepted"] = "refused"
    """Booking for an inactive customer: the front end offers to activate it first."""
    vat_when_unregistered: Literal["dropped", "refused"] = "dropped"
    """A line with VAT in a company without: the front end switches it to code 6."""
    credit_note_amounts: Literal["positive", "negative"] = "positive"
    """The sign of a credit note's lines. Positive: InvoiceType already says that it takes back, and the copy that
    create-credit-draft-invoice makes of an invoice keeps its lines; the server negates them in the journal."""
    credit_note_reference: Literal["optional", "required"] = "optional"  # InvoiceReferenceID of a credit note
    token_lifetime_seconds: float = 3600.0
    clock_skew_seconds: float = 5.0  # how far the client's clock may be off in an assertion


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """An emulator's constructor argument.

    `base_url` is where clients reach it; empty means that the server fills it in once its port is known. An empty
    `issuer` is the same as `base_url`. `seed` feeds everything that looks random.
    """

    companies: tuple[Company, ...]
    clients: tuple[Client, ...]
    base_url: str = ""
    issuer: str = ""
    faults: FaultPlan = FaultPlan()
    switches: Switches = Switches()
    opened_at: float = OPENED_AT_SECONDS
    seed: int = 0
