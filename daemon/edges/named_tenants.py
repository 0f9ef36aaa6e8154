"""What a ledger remembers of the tenants file: every tenant that it has named, and which kinds owners transferred."""

from collections.abc import Mapping

import msgspec

from daemon.core.model import Tenant

Named = Mapping[str, frozenset[str]]
"""Tenants by their names, and of each the kinds that are transferred, or were."""

TENANT_PREFIX = "_tenant/"
"""Before a tenant's name: the key of the record that remembers it."""


class TenantRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """That the tenants file has named a tenant, and the kinds that it asked for since the last handover.

    So after a crash it is known whether a former owner may have attempted a change of a kind that is switched off now.
    """

    kinds: frozenset[str] = frozenset()


def tenant_key(tenant: str) -> str:
    """Return the key of the record that remembers a tenant."""
    return f"{TENANT_PREFIX}{tenant}"


def named_tenant(key: str) -> str | None:
    """Return the tenant whose record has that key; None for a key of another kind."""
    return key.removeprefix(TENANT_PREFIX) if key.startswith(TENANT_PREFIX) else None


def encode_tenant_record(record: TenantRecord) -> bytes:
    """Return the record as its msgpack map."""
    return msgspec.msgpack.encode(record, order="deterministic")


def decode_tenant_record(raw: bytes | None) -> TenantRecord:
    """Return the record; of bytes that are none the key still says that the tenant was named."""
    try:
        return msgspec.msgpack.decode(raw or b"", type=TenantRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return TenantRecord()


def transferred(tenants: Mapping[str, Tenant]) -> dict[str, frozenset[str]]:
    """Return what is transferred of the tenants that the file names: of one that is held, or invalid, nothing."""
    return {name: frozenset(tenant.kinds if tenant.held is None else ()) for name, tenant in tenants.items()}


def to_be_named(tenants: Named, remembered: Named, *, is_handed_over: bool = False) -> dict[str, frozenset[str]]:
    """Return which of the tenants must be written down anew, in order of their names, and with which kinds.

    What is remembered of their kinds stays, unless a former owner has handed over and so left nothing in doubt.
    """
    named: dict[str, frozenset[str]] = {}
    for tenant, kinds in sorted(tenants.items()):
        known = remembered.get(tenant)
        wanted = kinds if known is None or is_handed_over else kinds | known
        if wanted != known:
            named[tenant] = wanted
    return named
