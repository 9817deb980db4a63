"""Namespaces of order ids: within a namespace of a brand, an order id names one order (docs/money.md 4)."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.errors import Conflict, Invalid
from tracker.sales.integrations.kind import OrderIds, Role
from tracker.sales.integrations.kinds import kind_of, names_where
from tracker.sales.sources.models import Source

_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def choose_namespace(
    session: Session, brand_id: str, kind: str, source_id: str, given: str | None = None
) -> str:
    """The namespace of a new primary source: the given one or the default.

    The default is a new namespace, named by the source's id; kinds in which the brand itself writes the order
    ids use the existing shared one: an order reported by two of them is one sale. Raises Invalid for an
    invalid namespace, and Conflict when the brand must choose a namespace, or must choose which of two
    sources is primary.
    """
    if given is not None and not _NAMESPACE.fullmatch(given):
        raise Invalid(
            f"{given[:80]!r} is not a namespace: use 1 to 64 letters, digits, dots, hyphens and underscores."
        )
    namespace = given or _default_namespace(session, brand_id, kind, source_id)
    _require_single_primary(session, brand_id, kind, namespace)
    return namespace


def _default_namespace(session: Session, brand_id: str, kind: str, source_id: str) -> str:
    order_ids = kind_of(kind).order_ids
    shared = [] if order_ids is OrderIds.OWN else shared_namespaces(session, brand_id)
    if len(shared) > 1 and order_ids is OrderIds.SHARED:
        raise Conflict(
            f"Brand {brand_id} has order ids in several namespaces ({', '.join(shared)}). Choose one: "
            f"linkledger source create --brand {brand_id} --kind {kind} --namespace NAMESPACE"
        )
    return shared[0] if len(shared) == 1 else source_id


def shared_namespaces(session: Session, brand_id: str) -> list[str]:
    """The namespaces of the brand's sources whose order ids the brand itself writes, sorted.

    Deleted sources are used only when there is no other. Supporting sources are left out, because they have
    the namespace of the source that they support.
    """
    sharing = names_where(lambda kind: kind.order_ids is not OrderIds.OWN)
    rows = session.execute(
        select(Source.namespace, Source.deleted_at).where(
            Source.brand_id == brand_id, Source.kind.in_(sharing), Source.supports_id.is_(None)
        )
    ).all()
    live = {namespace for namespace, deleted_at in rows if deleted_at is None}
    return sorted(live or {namespace for namespace, _ in rows})


def supported_namespace(supported: Source, brand_id: str, kind: str, namespace: str | None) -> str:
    """The namespace of a new source that supports `supported`: always that source's namespace.

    Raises Invalid for a kind that cannot support, for a given namespace, and for a source that cannot be
    supported.
    """
    if namespace is not None:
        raise Invalid(
            "A supporting source has the namespace of the source that it supports: leave --namespace out."
        )
    if not kind_of(kind).can_support:
        raise Invalid(
            f"A source of the kind {kind} cannot support another one. Kinds whose messages name the payment "
            f"or the order can: {', '.join(names_where(lambda each: each.can_support))}."
        )
    if supported.brand_id != brand_id:
        raise Invalid(f"{supported.id} belongs to another brand.")
    if supported.deleted_at is not None:
        raise Invalid(f"{supported.id} was deleted, so no source can support it.")
    if supported.supports_id is not None:
        raise Invalid(
            f"{supported.id} itself supports {supported.supports_id}: use --supports {supported.supports_id}."
        )
    return supported.namespace


def _require_single_primary(session: Session, brand_id: str, kind: str, namespace: str) -> None:
    """Raises Conflict when a shop and a payment provider would both be primary in one namespace.

    Each has its own refund ids, so a refund that both report would be booked twice (docs/money.md 4).
    """
    opposite = {Role.SHOP: Role.PROVIDER, Role.PROVIDER: Role.SHOP}.get(kind_of(kind).role)
    others = names_where(lambda each: each.role is opposite)
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
            f"The orders of namespace {namespace} come from {other.id} ({other.kind}). A refund reported by "
            f"both the shop and its payment provider would be booked twice. If {other.id} is the primary "
            f"source, use --supports {other.id}. If the new source is, create it with another --namespace, "
            "and create the other one again with --supports."
        )
