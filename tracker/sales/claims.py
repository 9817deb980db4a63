"""Refunds that a supporting source tells of: never counted, and missed while the other has not told them.

Of an order whose amounts come from the shop, the provider may know of a refund before the shop reports it,
and the shop may forget to. A claim that is not covered waits; so nothing that its order earned is paid.
"""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.errors import NotNow
from tracker.ids import new_id
from tracker.money import Money
from tracker.sales.delivery import Booked, Delivery
from tracker.sales.models import Cancellation, DisputeStatus, Refund, RefundFailure, RefundLevel, Sale
from tracker.sales.normal import CancellationReport, RefundReport
from tracker.sales.provider_reports import AnyReport, RefundFailureReport, RefundLevelReport
from tracker.sales.refund_levels import unexplained_minor
from tracker.sales.supporting_models import RefundClaim

Claim = RefundReport | RefundLevelReport | RefundFailureReport | CancellationReport


def claims_money_back(report: AnyReport) -> bool:
    return isinstance(report, RefundReport | RefundLevelReport | CancellationReport)


def book_claim(session: Session, delivery: Delivery, sale: Sale, report: Claim) -> Booked:
    kind, claim_id, amount_minor = _what(report)
    is_new = insert_once(
        session,
        RefundClaim,
        id=new_id("rfc", delivery.now),
        sale_id=sale.id,
        source_id=delivery.source.id,
        kind=kind,
        claim_id=claim_id,
        amount=amount_minor,
        event_id=delivery.event_id,
        occurred_at=report.occurred_at,
        created_at=delivery.now,
    )
    note = f"not counted: refunds of order {sale.order_id} are those of {delivery.source.supports_id}"
    return Booked(note=note, wakes_others=is_new)


def require_covered(session: Session, delivery: Delivery, order_id: str) -> None:
    """Raises NotNow while the source claims that more went back of the order than was reported."""
    source = delivery.source
    sale = session.scalars(
        select(Sale).where(
            Sale.brand_id == source.brand_id, Sale.namespace == source.namespace, Sale.order_id == order_id
        )
    ).one()
    claims = _claims(session, source.id, sale)
    claimed_minor = min(_claimed_minor(claims, sale), sale.total)
    reported_minor = min(_reported_minor(session, sale), sale.total)
    if "cancellation" in claims:
        # A shop calls an order off when its payment is lost in a dispute.
        reported_minor += _lost_minor(session, sale)
    if claimed_minor > reported_minor:
        raise NotNow(
            f"{Money(claimed_minor, sale.currency)} of order {order_id} went back by this account, and "
            f"{Money(reported_minor, sale.currency)} by {source.supports_id}, whose reports count. This "
            "waits for the other's report; if none comes, report the refund by hand, or dismiss this event"
        )


def _what(report: Claim) -> tuple[str, str, int]:
    if isinstance(report, RefundReport):
        return "refund", report.refund_id, report.amount
    if isinstance(report, RefundLevelReport):
        return "level", report.payment_id, report.amount
    if isinstance(report, RefundFailureReport):
        return "failure", report.refund_id, 0
    return "cancellation", "", 0


def _claims(session: Session, source_id: str, sale: Sale) -> dict[str, list[tuple[str, int]]]:
    """By their kind, ids with amounts."""
    query = select(RefundClaim.kind, RefundClaim.claim_id, RefundClaim.amount).where(
        RefundClaim.sale_id == sale.id, RefundClaim.source_id == source_id
    )
    found = defaultdict[str, list[tuple[str, int]]](list)
    for kind, claim_id, amount_minor in session.execute(query):
        found[kind].append((claim_id, amount_minor))
    return dict(found)


def _claimed_minor(claims: Mapping[str, list[tuple[str, int]]], sale: Sale) -> int:
    if "cancellation" in claims:
        return sale.total
    failed = {claim_id for claim_id, _ in claims.get("failure", [])}
    return _back_minor(claims.get("refund", []), failed, claims.get("level", []))


def _reported_minor(session: Session, sale: Sale) -> int:
    if session.scalar(select(Cancellation.id).where(Cancellation.sale_id == sale.id)):
        return sale.total
    refunds = select(Refund.refund_id, Refund.amount).where(Refund.sale_id == sale.id)
    failed = select(RefundFailure.refund_id).where(RefundFailure.sale_id == sale.id)
    levels = select(RefundLevel.payment_id, RefundLevel.amount).where(RefundLevel.sale_id == sale.id)
    return _back_minor(
        [(refund_id, amount_minor) for refund_id, amount_minor in session.execute(refunds)],
        set(session.scalars(failed)),
        [(payment_id, amount_minor) for payment_id, amount_minor in session.execute(levels)],
    )


def _lost_minor(session: Session, sale: Sale) -> int:
    lost = select(DisputeStatus.amount).where(
        DisputeStatus.sale_id == sale.id, DisputeStatus.status == "lost"
    )
    return sum(session.scalars(lost))


def _back_minor(refunds: list[tuple[str, int]], failed: set[str], levels: list[tuple[str, int]]) -> int:
    standing = sum(amount_minor for refund_id, amount_minor in refunds if refund_id not in failed)
    return standing + unexplained_minor(levels, sum(amount_minor for _, amount_minor in refunds))
