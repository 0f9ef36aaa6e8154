"""The ids of a customer's rows in DnB, remembered so that an update of what nobody else has touched needs no reading.

DnB's PUT is a merge, in which a row with an `ID` is changed and one without is created. Whoever knows the ids of all
rows that are Moment's can therefore send the whole content at once. What a person has changed in them is Moment's again
after that; a row that a person has deleted since is refused, and then the customer is read as ever.
"""

from collections.abc import Mapping

from daemon.dnb.bodies import Content, Postal, fax_kept
from daemon.dnb.replies import Accepted, read_row
from daemon.dnb.rows import FAX_TYPE, AddressRow, CustomerRow, EmailRow, InfoRow, PhoneRow, Row

INFO = "info"
EMAIL = "email"
PHONE = "phone"
FAX = "fax"
INVOICE_ADDRESS = "invoice_address"
SHIPPING_ADDRESS = "shipping_address"

UNSEEN_TEXT = "\0"
UNSEEN_NUMBER = -(2**40)
"""What no change of Moment's says, so that it differs from all of them."""

Parts = Mapping[str, int]


def unseen(dnb_id: int, parts: Parts) -> CustomerRow:
    """Return the customer of which nothing but the ids is known: an update of it tells DnB everything."""
    email, phone, fax = parts.get(EMAIL), parts.get(PHONE), parts.get(FAX)
    info = InfoRow(
        id=parts[INFO],
        name=UNSEEN_TEXT,
        default_email=None if email is None else EmailRow(id=email, email_address=UNSEEN_TEXT),
        default_phone=None if phone is None else PhoneRow(id=phone, number=UNSEEN_TEXT),
        phones=[] if fax is None else [PhoneRow(id=fax, number=UNSEEN_TEXT, type=FAX_TYPE)],
        invoice_address=_unseen_address(parts.get(INVOICE_ADDRESS)),
        shipping_address=_unseen_address(parts.get(SHIPPING_ADDRESS)),
    )
    return CustomerRow(
        id=dnb_id,
        customer_number=UNSEEN_NUMBER,
        org_number=UNSEEN_TEXT,
        web_url=UNSEEN_TEXT,
        currency_code_id=UNSEEN_NUMBER,
        credit_days=UNSEEN_NUMBER,
        info=info,
    )


def parts_of(row: CustomerRow, content: Content) -> dict[str, int]:
    """Return the ids of the rows that Moment's content is in, or will be; of several fax rows only one stays."""
    info = row.relation
    fax = fax_kept(content.fax, info.faxes)
    addresses = (info.invoice_address, info.shipping_address)
    invoice, shipping = (address if address and address.is_alive else None for address in addresses)
    rows: dict[str, Row | None] = {
        INFO: row.info,
        EMAIL: info.email,
        PHONE: info.phone,
        FAX: fax,
        INVOICE_ADDRESS: invoice,
        SHIPPING_ADDRESS: shipping,
    }
    return {part: found.id for part, found in rows.items() if found is not None and found.id > 0}


def shown_by(accepted: Accepted) -> CustomerRow | None:
    """Return the customer as the reply to a write shows it, None where it shows none."""
    row = read_row(accepted, CustomerRow)
    return row if isinstance(row, CustomerRow) else None


def parts_after(content: Content, before: Parts, row: CustomerRow | None) -> Parts:
    """Return the ids of the rows that hold the content after a write; none if not all of them are known.

    `before` are those that were there, `row` is what the reply showed. Which of the rows that a write creates its reply
    shows is not certain.
    """
    shown = parts_of(row, content) if row is not None else {}
    parts = {part: before.get(part) or shown.get(part) for part in _wanted(content)}
    known = {part: dnb_id for part, dnb_id in parts.items() if dnb_id is not None}
    return known if len(known) == len(parts) else {}


def _wanted(content: Content) -> list[str]:
    wanted = {
        INFO: True,
        EMAIL: content.email != "",
        PHONE: content.phone != "",
        FAX: content.fax != "",
        INVOICE_ADDRESS: content.invoice_address != Postal(),
        SHIPPING_ADDRESS: content.delivery_address != Postal(),
    }
    return [part for part, is_wanted in wanted.items() if is_wanted]


def _unseen_address(dnb_id: int | None) -> AddressRow | None:
    if dnb_id is None:
        return None
    return AddressRow(
        id=dnb_id,
        address_line1=UNSEEN_TEXT,
        address_line2=UNSEEN_TEXT,
        postal_code=UNSEEN_TEXT,
        city=UNSEEN_TEXT,
        country_code=UNSEEN_TEXT,
    )
