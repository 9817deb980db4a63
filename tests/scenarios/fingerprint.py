"""The fingerprint of a source: all state that must not depend on the order of messages, as canonical JSON."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT, canonical_json
from config.database import Databases, read_session
from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.models import Commission, Hold
from payouts.ledger.models import Account, Posting, Transaction
from payouts.statements.document.document import statement_document
from payouts.statements.models import Statement
from tracker.sales.attribution.models import Attribution
from tracker.sales.booking.models import RefundClaim
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    OrderReference,
    Refund,
    RefundFailure,
    Sale,
)
from tracker.sales.sources.models import Source

FingerprintPart = tuple[str, str, Any]
"""The namespace, the kind of part, and its value."""

# Without the time of a cancellation: a deletion has no time except that of its arrival.
_SALE_TABLES: tuple[tuple[str, Any, Sequence[Any]], ...] = (
    (
        "refund",
        Refund,
        (Refund.refund_id, Refund.amount_minor, Refund.tax_minor, Refund.shipping_minor, Refund.occurred_at),
    ),
    ("failure", RefundFailure, (RefundFailure.refund_id, RefundFailure.occurred_at)),
    (
        "level",
        CumulativeRefund,
        (CumulativeRefund.payment_id, CumulativeRefund.amount_minor, CumulativeRefund.occurred_at),
    ),
    ("cancellation", Cancellation, ()),
    (
        "dispute",
        DisputeStatus,
        (
            DisputeStatus.dispute_id,
            DisputeStatus.status,
            DisputeStatus.amount_minor,
            DisputeStatus.occurred_at,
        ),
    ),
    ("claim", RefundClaim, (RefundClaim.kind, RefundClaim.claim_id, RefundClaim.amount_minor)),
)
_FACTS = (
    "order_id",
    "occurred_at",
    "currency",
    "total_minor",
    "tax_minor",
    "shipping_minor",
    "discount_minor",
    "cost_minor",
    "test",
)


def brand_fingerprints(databases: Databases, brand_id: str) -> dict[str, str]:
    """By id of the primary source; by namespace where several sources share one."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with read_session(databases.main) as session:
        for namespace, kind, value in _parts(session, brand_id):
            found[namespace][kind].append(canonical_json(_plain(value)))
        names = _names_of_namespaces(session, brand_id)
    return {
        names[namespace]: canonical_json({kind: sorted(values) for kind, values in parts.items()})
        for namespace, parts in found.items()
    }


def _names_of_namespaces(session: Session, brand_id: str) -> dict[str, str]:
    sources: dict[str, list[str]] = defaultdict(list)
    for namespace, source_id in session.execute(
        select(Source.namespace, Source.id).where(Source.brand_id == brand_id, Source.supports_id.is_(None))
    ):
        sources[namespace].append(source_id)
    return {namespace: ids[0] if len(ids) == 1 else namespace for namespace, ids in sources.items()}


def _parts(session: Session, brand_id: str) -> Iterable[FingerprintPart]:
    sales = list(session.scalars(select(Sale).where(Sale.brand_id == brand_id)))
    named = {sale.id: (sale.namespace, sale.order_id) for sale in sales}
    for sale in sales:
        yield sale.namespace, "sale", [getattr(sale, name) for name in _FACTS]
    for kind, table, columns in _SALE_TABLES:
        rows = select(table.sale_id, *columns).join(Sale, Sale.id == table.sale_id)
        for sale_id, *values in session.execute(rows.where(Sale.brand_id == brand_id)):
            namespace, order_id = named[sale_id]
            yield namespace, kind, [order_id, *values]
    yield from _names(session, brand_id)
    yield from _events(session, brand_id)
    yield from _attributions(session, named)
    yield from _commissions(session, brand_id, named)


def _names(session: Session, brand_id: str) -> Iterable[FingerprintPart]:
    query = select(OrderReference.namespace, OrderReference.reference, OrderReference.order_id)
    for namespace, reference, order_id in session.execute(query.where(OrderReference.brand_id == brand_id)):
        yield namespace, "name", [reference, order_id]


def _events(session: Session, brand_id: str) -> Iterable[FingerprintPart]:
    query = select(Source.namespace, Event.external_id, Event.state, Event.order_id)
    for namespace, *values in session.execute(
        query.join(Source, Source.id == Event.source_id).where(Source.brand_id == brand_id)
    ):
        yield namespace, "event", values


def _attributions(session: Session, named: dict[str, tuple[str, str]]) -> Iterable[FingerprintPart]:
    """The latest decision with all its inputs, without the number of its revision."""
    latest: dict[str, Attribution] = {}
    for each in session.scalars(select(Attribution).order_by(Attribution.sale_id, Attribution.revision)):
        latest[each.sale_id] = each
    for sale_id, (namespace, order_id) in named.items():
        attribution = latest[sale_id]
        names = ("enrollment_id", "terms_id", "link_id", "coupon_id", "click_id", "reason", "inputs")
        candidates = sorted(canonical_json(each) for each in attribution.candidates)
        yield (
            namespace,
            "attribution",
            [order_id, *(getattr(attribution, name) for name in names), candidates],
        )


def _commissions(
    session: Session, brand_id: str, named: dict[str, tuple[str, str]]
) -> Iterable[FingerprintPart]:
    balances, lines = _balances(session, brand_id), _lines(session, brand_id)
    held = Counter(session.scalars(select(Hold.commission_id).where(Hold.lifted_at.is_(None))))
    owed: dict[tuple[str, str, str, str], int] = Counter()
    for each in session.scalars(select(Commission).where(Commission.brand_id == brand_id)):
        namespace, order_id = named[each.sale_id]
        for (creator_id, kind), minor in balances[each.id].items():
            owed[namespace, order_id, creator_id, kind] += minor
        for name, minor in lines[each.id].items():
            owed[namespace, order_id, each.creator_id, name] += minor
        if each.live:
            remaining = current_amount_minor(entries_of(session, each.id))
            values = [each.creator_id, each.base, each.base_minor, each.rate_bp, remaining, held[each.id] > 0]
            yield namespace, "commission", [order_id, *values, each.matured_at is not None]
    for (namespace, *values), minor in owed.items():
        if minor:
            yield namespace, "owed", [*values, minor]


def _balances(session: Session, brand_id: str) -> dict[str, Counter[tuple[str, str]]]:
    """By commission id: the balance of each account, credits less debits."""
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        rows = session.execute(
            select(Transaction.subject_id, Account.creator_id, Account.kind, func.sum(Posting.amount_minor))
            .join(Posting, Posting.transaction_id == Transaction.id)
            .join(Account, Account.id == side)
            .where(Transaction.brand_id == brand_id)
            .group_by(Transaction.subject_id, Account.creator_id, Account.kind)
        )
        for subject_id, creator_id, kind, minor in rows:
            found[subject_id][creator_id or "", kind] += sign * int(minor)
    return found


def _lines(session: Session, brand_id: str) -> dict[str, Counter[str]]:
    """By commission id: the total of its statement lines in all months."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for statement in session.scalars(select(Statement).where(Statement.brand_id == brand_id)):
        for part in statement_document(session, statement)["creators"]:
            for line in part["lines"]:
                # How often it was earned and reversed in between depends on the order of messages.
                left = line["earned"]["minor"] - line["reversed"]["minor"]
                found[line["commission"]]["stated"] += left
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.strftime(ISO_FORMAT) if hasattr(value, "strftime") else value
