"""`moment-dnb schema`, as a process."""

import json
from typing import Any

from jsonschema import Draft202012Validator

from tests.cli.command import ran

CUSTOMER: dict[str, Any] = {
    "environment": "production",
    "tenant": "fjellvik",
    "kind": "customer",
    "id": 1,
    "version": 1,
    "operation": "create",
    "occurredAt": "2026-03-14T10:11:12.345Z",
    "data": {"customerNumber": 100001, "name": "Fjellvik AS"},
}


async def test_the_schema_is_one_that_validators_take() -> None:
    """A publisher can check events against the printed schema: a right one passes, one without version does not."""
    ended = await ran("schema")
    assert (0, "") == (ended.code, ended.err)
    schema: dict[str, Any] = json.loads(ended.out)
    Draft202012Validator.check_schema(schema)
    validator: Any = Draft202012Validator(schema)
    assert validator.is_valid(CUSTOMER)
    assert not validator.is_valid({name: value for name, value in CUSTOMER.items() if name != "version"})
