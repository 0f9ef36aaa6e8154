"""The project of the event contract, and how its `data` is decoded."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.core.procedure import Refused
from daemon.moment.decoding import decode_data
from daemon.moment.fields import BusinessNumber, Id, RequiredText, Text


class CustomerReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The customer that a project or an invoice belongs to."""

    id: Id
    customer_number: BusinessNumber

    @property
    def number(self) -> str:
        """Return the customer number as text without surrounding blanks."""
        return str(self.customer_number).strip()


class Project(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A project as Moment has it after a change."""

    project_number: Annotated[BusinessNumber, Meta(description="digits only; text or integer")]
    name: RequiredText
    customer: CustomerReference
    project_state: Annotated[Text, Meta(description="Moment's own state, such as inProgress")]
    start_date: date | None = None
    end_date: date | None = None

    @property
    def number(self) -> str:
        """Return the project number as text, whichever way the record wrote it."""
        return str(self.project_number)


_DECODER = msgspec.json.Decoder(Project)


def decode_project(data: bytes) -> Project | Refused:
    """Return the project, or a refusal `invalid_data` with the field's path and rule; never raises."""
    return decode_data(_DECODER, data)
