"""Where order ids are filed: within a namespace of the brand one order id is one order (docs/money.md 4)."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.errors import Conflict, Invalid
from tracker.sales.sources.models import Source

PROVIDER_KINDS = ("stripe",)
"""Kinds that are paid. A shop tells of the same orders, and each by ids of its own."""

SHOP_KINDS = ("standard", "shopify", "woocommerce")
"""Kinds that sell, and report by themselves. Of what comes by `api` or `csv` a person has chosen the ids."""

SUPPORTING_KINDS = ("stripe", "standard", "woocommerce")
"""Kinds whose messages name the payment, or an order of the source that they support."""

SHARED_NAMESPACE_KINDS = ("standard", "api", "csv")
"""Kinds in which the brand itself writes the order ids: an order that is told by two of them is one sale."""


_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def choose_namespace(
    session: Session, brand_id: str, kind: str, source_id: str, given: str | None = None
) -> str:
    """Of a new source whose own reports count: the given one, or what it finds.

    A shop in its own right, which no other shop can be taken for, has one of its own. Raises Invalid for what
    is no namespace, and Conflict when the brand has to choose one, or whose reports count in it.
    """
    if given is not None and not _NAMESPACE.fullmatch(given):
        raise Invalid(
            f"{given[:80]!r} is no namespace: 1 to 64 letters, digits, dots, hyphens and underscores."
        )
    namespace = given or _default_namespace(session, brand_id, kind, source_id)
    _require_single_primary(session, brand_id, kind, namespace)
    return namespace


def _default_namespace(session: Session, brand_id: str, kind: str, source_id: str) -> str:
    shared = shared_namespaces(session, brand_id) if kind in SHARED_NAMESPACE_KINDS else []
    if len(shared) > 1 and kind != "standard":
        raise Conflict(
            f"Brand {brand_id} keeps its order ids in several namespaces ({', '.join(shared)}). Say which "
            f"one is meant: linkledger source create --brand {brand_id} --kind {kind} --namespace NAMESPACE"
        )
    return shared[0] if len(shared) == 1 else source_id


def shared_namespaces(session: Session, brand_id: str) -> list[str]:
    """Of the sources in which the brand writes the order ids; of deleted ones when no other is left.

    A source that supports another has that one's namespace, and its order ids do not count there.
    """
    rows = session.execute(
        select(Source.namespace, Source.deleted_at).where(
            Source.brand_id == brand_id, Source.kind.in_(SHARED_NAMESPACE_KINDS), Source.supports_id.is_(None)
        )
    ).all()
    live = {namespace for namespace, deleted_at in rows if deleted_at is None}
    return sorted(live or {namespace for namespace, _ in rows})


def supported_namespace(supported: Source, brand_id: str, kind: str, namespace: str | None) -> str:
    """Where a source of this kind files what it adds to the orders of `supported`.

    Raises Invalid for a kind that cannot support, for a namespace of its own, and for a source that cannot be
    supported.
    """
    if namespace is not None:
        raise Invalid("A source that supports another shares its namespace: leave --namespace out.")
    if kind not in SUPPORTING_KINDS:
        raise Invalid(
            f"A source of the kind {kind} cannot support another. Those can whose messages name the payment "
            f"or the other's order: {', '.join(SUPPORTING_KINDS)}."
        )
    if supported.brand_id != brand_id:
        raise Invalid(f"{supported.id} is a source of another brand.")
    if supported.deleted_at is not None:
        raise Invalid(f"{supported.id} was deleted: nothing can support it.")
    if supported.supports_id is not None:
        raise Invalid(f"{supported.id} itself supports {supported.supports_id}: support that one.")
    return supported.namespace


def _require_single_primary(session: Session, brand_id: str, kind: str, namespace: str) -> None:
    """Raises Conflict where a shop and a payment provider would both count in one namespace.

    Each has refund ids of its own, so a refund that both tell of would count twice (docs/money.md 4).
    """
    others = PROVIDER_KINDS if kind in SHOP_KINDS else SHOP_KINDS if kind in PROVIDER_KINDS else ()
    other = session.scalars(
        select(Source).where(
            Source.brand_id == brand_id,
            Source.namespace == namespace,
            Source.kind.in_(others),
            Source.supports_id.is_(None),
            Source.deleted_at.is_(None),
        )
    ).first()
    if other is not None:
        raise Conflict(
            f"The orders of {namespace} come from {other.id} ({other.kind}). A refund that a shop and its "
            f"payment provider both tell of would count twice: say --supports {other.id} if that one is to "
            "count. If this one is, make it with a namespace of its own, and the other anew, supporting it."
        )
