"""What both flows are handed to deliver one invoice."""

import msgspec

from daemon.dnb.calls import Guids
from daemon.dnb.directory import Directory
from daemon.dnb.invoice_content import InvoiceContent
from daemon.dnb.invoice_finding import Sought
from daemon.dnb.products import Shelf
from daemon.dnb.relating import Transfers


class InvoiceDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered, where its guids come from, and what is known of tenant and company.

    `reference` is Moment's id as text, which the invoice carries in DnB.
    """

    content: InvoiceContent
    reference: str
    guids: Guids
    directory: Directory
    transfers: Transfers
    shelf: Shelf

    @property
    def sought(self) -> Sought:
        """Return what the invoice is looked for by."""
        return Sought(self.content.number, self.reference)
