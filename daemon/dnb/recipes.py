"""How a change of each kind becomes a procedure, and how a denied tenant is probed: what the planner is handed."""

from collections.abc import Iterator
from functools import partial

import msgspec
from msgspec.structs import replace

from daemon.core.model import Change, Entity, Tenant
from daemon.core.procedure import Denied, Dependency, Prepared, Procedure, Refused, Unavailable, Unchanged
from daemon.dnb import calls
from daemon.dnb.bodies import customer_content, fingerprint
from daemon.dnb.calls import Guids
from daemon.dnb.customer import Delivery, deliver_customer
from daemon.dnb.directory import Directories
from daemon.dnb.invoice import deliver_invoice
from daemon.dnb.invoice_content import invoice_content, invoice_fingerprint
from daemon.dnb.invoice_delivery import InvoiceDelivery
from daemon.dnb.products import Shelf
from daemon.dnb.project import ProjectDelivery, deliver_project
from daemon.dnb.project_bodies import project_content, project_fingerprint
from daemon.dnb.relating import Transfers
from daemon.dnb.replies import Accepted, Missing, Rejected, ask
from daemon.dnb.voucher import deliver_voucher
from daemon.moment.customer import decode_customer
from daemon.moment.invoice import Invoice, decode_invoice, is_draft
from daemon.moment.project import CustomerReference, decode_project


class CustomerRecipe(msgspec.Struct, frozen=True):
    """How a change of a customer is delivered.

    `environment` is the daemon's own and a part of every guid; `directories` are shared by the recipes of all kinds.
    """

    environment: str
    directories: Directories

    def is_draft(self, change: Change) -> bool:  # noqa: ARG002 - a customer is never a draft
        """Tell that a customer is none."""
        return False

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
        return Prepared(fingerprint(content), partial(deliver_customer, delivery), number=str(content.number))


class ProjectRecipe(msgspec.Struct, frozen=True):
    """How a change of a project is delivered; it needs its customer."""

    environment: str
    directories: Directories

    def is_draft(self, change: Change) -> bool:  # noqa: ARG002 - a project is never a draft
        """Tell that a project is none."""
        return False

    def prepare(self, tenant: Tenant, change: Change) -> Prepared | Refused:
        """Return the project ready to be delivered, or why a person must repair it first."""
        project = decode_project(change.data)
        if isinstance(project, Refused):
            return project
        content = project_content(project)
        if isinstance(content, Refused):
            return content
        guids = Guids(environment=self.environment, company=tenant.company, kind="project", id=change.entity.id)
        directory = self.directories.of(tenant.company)
        delivery = ProjectDelivery(content=content, guids=guids, directory=directory, transfers=Transfers.of(tenant))
        dependencies = (customer_dependency(tenant, project.customer),)
        deliver = partial(deliver_project, delivery)
        return Prepared(project_fingerprint(content), deliver, dependencies, content.number)


class InvoiceRecipe(msgspec.Struct, frozen=True):
    """How a change of an invoice is delivered; it needs its customer, its project and the invoice it credits."""

    environment: str
    directories: Directories

    def is_draft(self, change: Change) -> bool:
        """Tell whether the invoice is still a draft in Moment."""
        return is_draft(change.data)

    def prepare(self, tenant: Tenant, change: Change) -> Prepared | Refused:
        """Return the invoice ready to be posted, or why a person must repair it first."""
        invoice = decode_invoice(change.data)
        if isinstance(invoice, Refused):
            return invoice
        content = invoice_content(invoice, tenant.booking)
        if isinstance(content, Refused):
            return content
        guids = Guids(environment=self.environment, company=tenant.company, kind="invoice", id=change.entity.id)
        directory = self.directories.of(tenant.company)
        delivery = InvoiceDelivery(
            content=content,
            reference=str(change.entity.id),
            guids=guids,
            directory=directory,
            transfers=Transfers.of(tenant),
            shelf=Shelf(chart=directory.chart, named=tenant.booking.products, guids=replace(guids, id=0)),
        )
        dependencies = tuple(invoice_dependencies(tenant, invoice))
        deliver = deliver_invoice if tenant.booking.flow == "invoice" else deliver_voucher
        return Prepared(invoice_fingerprint(invoice), partial(deliver, delivery), dependencies)


def invoice_dependencies(tenant: Tenant, invoice: Invoice) -> Iterator[Dependency]:
    """Yield what an invoice needs, in the order in which it is delivered."""
    yield customer_dependency(tenant, invoice.customer)
    if invoice.project is not None:
        yield Dependency(Entity(tenant.name, "project", invoice.project.id), invoice.project.number)
    if invoice.credited_invoice is not None:
        credited = invoice.credited_invoice
        yield Dependency(Entity(tenant.name, "invoice", credited.id), credited.number)


def customer_dependency(tenant: Tenant, customer: CustomerReference) -> Dependency:
    """Return the customer that a project or an invoice needs."""
    return Dependency(Entity(tenant.name, "customer", customer.id), customer.number)


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
