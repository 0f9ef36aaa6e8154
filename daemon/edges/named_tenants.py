"""What a ledger remembers of the tenants file: every tenant that it has named, and the kinds that each transferred."""

from collections.abc import Iterable, Mapping

import msgspec

Named = Mapping[str, frozenset[str]]
"""The kinds that the tenants file has ever asked for, by the tenants that it has ever named."""

TENANT_PREFIX = "_tenant/"
"""Before a tenant's name: the key of the record that remembers it."""


class TenantRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """That the tenants file has named a tenant, and the kinds that it has asked for. Neither is ever taken back."""

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


def joined(named: Iterable[Named]) -> dict[str, frozenset[str]]:
    """Return all that several have named."""
    everything: dict[str, frozenset[str]] = {}
    for one in named:
        for tenant, kinds in one.items():
            everything[tenant] = everything.get(tenant, frozenset()) | kinds
    return everything


def unnamed(tenants: Named, remembered: Named) -> dict[str, frozenset[str]]:
    """Return which of the tenants must be written down anew where that much is remembered, and with which kinds."""
    everything = joined((remembered, tenants))
    return {tenant: everything[tenant] for tenant in sorted(tenants) if everything[tenant] != remembered.get(tenant)}
