"""The declarations hold together."""

import pytest

from daemon.sandbox.entities import declarations
from daemon.sandbox.schema import Entity, Many, One, Schema, Twin

_SCHEMA = Schema(declarations(vat_percent_at_root=True))
_ENTITIES = tuple(_SCHEMA.entities.values())


@pytest.mark.parametrize("entity", _ENTITIES, ids=tuple(_SCHEMA.entities))
def test_references_lead_somewhere(entity: Entity) -> None:
    """Every foreign key and every relation names an entity that exists."""
    named = {field.references for field in entity.fields.values() if field.references is not None}
    named |= {relation.entity for relation in entity.relations.values()}
    assert named <= set(_SCHEMA.entities)


@pytest.mark.parametrize("entity", _ENTITIES, ids=tuple(_SCHEMA.entities))
def test_relations_have_their_columns(entity: Entity) -> None:
    """An object lies behind a foreign key to its entity; children are found by an indexed column of theirs."""
    for relation in entity.relations.values():
        other = _SCHEMA.related(relation)
        if isinstance(relation, One):
            assert relation.entity == entity.fields[relation.key].references
        if isinstance(relation, Many | Twin):
            assert other.fields[relation.back].indexed
        if isinstance(relation, One) and relation.back is not None:
            assert entity.name == other.fields[relation.back].references


@pytest.mark.parametrize("entity", _ENTITIES, ids=tuple(_SCHEMA.entities))
def test_names_are_unique(entity: Entity) -> None:
    """No two columns or relations of an entity differ in case only."""
    names = [name.lower() for name in (*entity.fields, *entity.relations, *entity.declared.unmodelled)]
    assert len(set(names)) == len(names)


def test_snapshots_can_be_expanded() -> None:
    """What history expands of a row exists."""
    for entity in _ENTITIES:
        for path in entity.declared.snapshot:
            at = entity
            for name in path.split("."):
                at = _SCHEMA.related(at.relations[name])


def test_recent_expands_exist() -> None:
    """What the oldest contract does not know is either a relation or known not to be modelled."""
    for entity in _ENTITIES:
        assert set(entity.declared.recent) <= {*entity.relations, *entity.declared.unmodelled}


def test_documented_lengths() -> None:
    """The lengths that the contract gives are those of the columns."""
    lengths = {"OrgNumber": 100, "WebUrl": 255, "GLN": 13, "PeppolAddress": 50, "SocialSecurityNumber": 20}
    customer = _SCHEMA.entity("Customer")
    assert lengths == {name: customer.fields[name].max_length for name in lengths}
    invoice = {"InvoiceNumber": 100, "ExternalReference": 20, "PaymentID": 100, "Comment": 500, "FreeTxt": 500}
    assert invoice == {name: _SCHEMA.entity("CustomerInvoice").fields[name].max_length for name in invoice}
    item = {"ItemText": 255, "Comment": 500, "Unit": 100}
    assert item == {name: _SCHEMA.entity("CustomerInvoiceItem").fields[name].max_length for name in item}
    assert 200 == _SCHEMA.entity("JournalEntry").fields["Description"].max_length
    address = _SCHEMA.entity("Address")
    assert (255, 100) == (address.fields["AddressLine1"].max_length, address.fields["PostalCode"].max_length)
