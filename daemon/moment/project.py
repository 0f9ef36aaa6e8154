"""The project of the event contract."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.moment.fields import BusinessNumber, Id, RequiredText, Text


class CustomerReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The customer that a project or an invoice belongs to."""

    id: Id
    customer_number: BusinessNumber


class Project(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A project as Moment has it after a change."""

    project_number: Annotated[BusinessNumber, Meta(description="digits only; text or integer")]
    name: RequiredText
    customer: CustomerReference
    project_state: Annotated[Text, Meta(description="Moment's own state, such as inProgress")]
    start_date: date | None = None
    end_date: date | None = None
