"""How a change of each kind becomes a procedure, and how a denied tenant is probed: what the planner is handed."""

from functools import partial

import msgspec

from daemon.core.model import Change, Tenant
from daemon.core.procedure import Denied, Prepared, Procedure, Refused, Unavailable, Unchanged
from daemon.dnb import calls
from daemon.dnb.bodies import customer_content, fingerprint
from daemon.dnb.calls import Guids
from daemon.dnb.customer import Delivery, deliver_customer
from daemon.dnb.directory import Directories
from daemon.dnb.replies import Accepted, Missing, Rejected, ask
from daemon.moment.customer import decode_customer


class CustomerRecipe(msgspec.Struct, frozen=True):
    """How a change of a customer is delivered.

    `environment` is the daemon's own and a part of every guid; `directories` are shared by the recipes of all kinds.
    """

    environment: str
    directories: Directories

    def prepare(self, tenant: Tenant, change: Change) -> Prepared | Refused:
        """Return the customer ready to be delivered, or why a person must repair it first."""
        customer = decode_customer(change.data)
        if isinstance(customer, Refused):
            return customer
        content = customer_content(customer, tenant.first_number, tenant.last_number)
        if isinstance(content, Refused):
            return content
        guids = Guids(environment=self.environment, company=tenant.company, kind="customer", id=change.entity.id)
        delivery = Delivery(content=content, guids=guids, directory=self.directories.of(tenant.company))
        return Prepared(fingerprint(content), partial(deliver_customer, delivery))


def probe_company(tenant: Tenant) -> Procedure:  # noqa: ARG001 - the planner sends the call for the tenant it asks about
    """Read the company's settings: `Unchanged`, with no row of its own, when the tenant may be served."""
    verdict = yield from ask(calls.company_settings())
    match verdict:
        case Accepted():
            return Unchanged(0, "")
        case Missing():
            return Unavailable("status_404")
        case Rejected(status):
            return Denied(f"status_{status}")
        case _:
            return verdict
