"""Where order ids are filed: within a namespace of the brand one order id is one order (MONEY 4)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.sales.models import Source

SHARING = ("standard", "api", "csv")
"""Kinds in which the brand itself writes the order ids: an order that is told by two of them is one sale."""


def namespace_of_new(session: Session, brand_id: str, kind: str, source_id: str) -> str:
    """For a source that is not told its namespace. Raises Conflict when the brand has to choose one.

    A shop in its own right, which no other shop can be taken for, has one of its own.
    """
    shared = shared_namespaces(session, brand_id) if kind in SHARING else []
    if len(shared) > 1 and kind != "standard":
        raise Conflict(
            f"Brand {brand_id} keeps its order ids in several namespaces ({', '.join(shared)}). Say which "
            f"one is meant: linkledger source create --brand {brand_id} --kind {kind} --namespace NAMESPACE"
        )
    return shared[0] if len(shared) == 1 else source_id


def shared_namespaces(session: Session, brand_id: str) -> list[str]:
    """Of the sources in which the brand writes the order ids; of deleted ones when no other is left."""
    rows = session.execute(
        select(Source.namespace, Source.deleted_at).where(
            Source.brand_id == brand_id, Source.kind.in_(SHARING)
        )
    ).all()
    live = {namespace for namespace, deleted_at in rows if deleted_at is None}
    return sorted(live or {namespace for namespace, _ in rows})
