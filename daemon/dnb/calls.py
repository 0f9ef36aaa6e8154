"""What the calls to DnB's API are: each function returns one `Call`, nothing is sent here.

Paths, parameters and expands are those of the vendor's API pages and of its own front end. Parameters have no `$`;
unknown parameters and fields are ignored by the server without a word, so every filtered row must be checked again
(see `replies.read_rows`). Lists always carry `top`, since the default page size is not known.
"""

from urllib.parse import quote
from uuid import UUID, uuid5

import msgspec

from daemon.core.model import Kind
from daemon.core.procedure import Call

PAGE_ROWS = 500  # of a list that is read whole: few calls, and an answer of some hundred kilobytes
TOP_ROWS = 10  # a number is unique among living rows; room for deleted ones, should a list show them

CUSTOMER_EXPAND = (
    "Info,Info.Emails,Info.Phones,Info.DefaultEmail,Info.DefaultPhone,Info.InvoiceAddress,Info.ShippingAddress"
)

# The namespace of our guids: any constant would do, but it must never change, else a repeated create is applied twice.
_NAMESPACE = UUID("5b7c1f0a-3a52-5d0e-9d0b-6a1f4e2c8d31")


class Guids(msgspec.Struct, frozen=True, kw_only=True):
    """Where the guids of one entity come from: equal inputs give equal guids, on every replica and after any crash.

    DnB refuses a `_createguid` that was used before, also by a row since deleted: so a repeated create is harmless.
    `company` is the hash of the company key. `n` counts up when a guid is refused and nothing alive is found; `version`
    is set for a child inside a PUT, since another version may create that child anew.
    """

    environment: str
    company: str
    kind: Kind
    id: int
    n: int = 0
    version: int | None = None

    def of(self, part: str) -> str:
        """Return the guid of one part of the entity, such as `customer` or `fax`."""
        names = [self.environment, self.company, self.kind, str(self.id), part, str(self.n)]
        if self.version is not None:
            names.append(str(self.version))
        return str(uuid5(_NAMESPACE, "\n".join(names)))


def text_literal(value: str) -> str:
    """Return a string as a filter literal: in single quotes, a quote inside doubled."""
    return "'" + value.replace("'", "''") + "'"


def target(route: str, **parameters: str | int) -> str:
    """Return path and encoded query below the base address; blanks become %20, and links are switched off."""
    pairs = [*parameters.items(), ("hateoas", "false")]
    query = "&".join(f"{name}={quote(str(value), safe=',')}" for name, value in pairs)
    return f"api/biz/{route}?{query}"


def customers_by_number(number: int) -> Call:
    """Return the call that lists the customers with one number."""
    return _customers_where(f"CustomerNumber eq {number}")


def customers_by_organisation(number: str) -> Call:
    """Return the call that lists the customers with one organisation number."""
    return _customers_where(f"OrgNumber eq {text_literal(number)}")


def customers_by_name(name: str) -> Call:
    """Return the call that lists the customers with one name; the filter crosses to `Info`."""
    return _customers_where(f"Info.Name eq {text_literal(name)}")


def customer(dnb_id: int) -> Call:
    """Return the call that reads one customer with all that is compared."""
    return Call(method="GET", target=target(f"customers/{dnb_id}", expand=CUSTOMER_EXPAND))


def create_customer(body: bytes) -> Call:
    """Return the call that creates a customer; the body carries guids."""
    return Call(method="POST", target="api/biz/customers", body=body, writes=True)


def delete_customer(dnb_id: int) -> Call:
    """Return the call that deletes a customer."""
    return Call(method="DELETE", target=f"api/biz/customers/{dnb_id}", writes=True)


def update_customer(dnb_id: int, body: bytes) -> Call:
    """Return the call that merges a difference into a customer."""
    return Call(method="PUT", target=f"api/biz/customers/{dnb_id}", body=body, writes=True)


def currency(code: str) -> Call:
    """Return the call that finds a currency by its ISO code; one reply serves all who wait for it."""
    return _shared("currencycodes", f"Code eq {text_literal(code)}", "ID,Code")


def country(code: str) -> Call:
    """Return the call that finds a country by its ISO code; one reply serves all who wait for it."""
    return _shared("countries", f"CountryCode eq {text_literal(code)}", "ID,Name,CountryCode")


def company_settings() -> Call:
    """Return the cheapest read that tells whether the company may be served, and what it has locked."""
    return Call(method="GET", target=target("companysettings/1"), shared=True)


def customer_ids_by_number(number: str) -> Call:
    """Return the call that finds a customer that others refer to; the number must be digits."""
    return _shared("customers", f"CustomerNumber eq {number}", "ID,CustomerNumber,StatusCode")


def project(dnb_id: int) -> Call:
    """Return the call that reads one project."""
    return Call(method="GET", target=target(f"projects/{dnb_id}"))


def projects_by_number(number: str) -> Call:
    """Return the call that lists the projects with one number."""
    condition = f"ProjectNumber eq {text_literal(number)}"
    return Call(method="GET", target=target("projects", filter=condition, top=TOP_ROWS))


def projects_by_name(name: str) -> Call:
    """Return the call that lists the projects with one name."""
    condition = f"Name eq {text_literal(name)}"
    return Call(method="GET", target=target("projects", filter=condition, top=TOP_ROWS))


def project_ids_by_number(number: str) -> Call:
    """Return the call that finds a project that invoices refer to."""
    return _shared("projects", f"ProjectNumber eq {text_literal(number)}", "ID,ProjectNumber,StatusCode")


def create_project(body: bytes) -> Call:
    """Return the call that creates a project; the body carries its guid."""
    return Call(method="POST", target="api/biz/projects", body=body, writes=True)


def delete_project(dnb_id: int) -> Call:
    """Return the call that deletes a project."""
    return Call(method="DELETE", target=f"api/biz/projects/{dnb_id}", writes=True)


def update_project(dnb_id: int, body: bytes) -> Call:
    """Return the call that merges a difference into a project."""
    return Call(method="PUT", target=f"api/biz/projects/{dnb_id}", body=body, writes=True)


def change_project(dnb_id: int, transition: str) -> Call:
    """Return the call that takes a project to another status by a named transition; it has no body."""
    return Call(method="POST", target=f"api/biz/projects/{dnb_id}?action={transition}", writes=True)


def _customers_where(condition: str) -> Call:
    return Call(method="GET", target=target("customers", filter=condition, expand=CUSTOMER_EXPAND, top=TOP_ROWS))


def _shared(route: str, condition: str, select: str) -> Call:
    return Call(method="GET", target=target(route, filter=condition, select=select, top=TOP_ROWS), shared=True)
