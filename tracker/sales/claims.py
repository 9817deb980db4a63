"""Refunds that a supporting source tells of: never counted, and missed while the other has not told them.

Of an order whose amounts come from the shop, the provider may know of a refund before the shop reports it,
and the shop may forget to. A claim that is not covered waits; so nothing that its order earned is paid.
"""

from sqlalchemy import func, select
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
    claimed_minor = min(_claimed_minor(session, source.id, sale), sale.total)
    reported_minor = min(_reported_minor(session, sale), sale.total)
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


def _claimed_minor(session: Session, source_id: str, sale: Sale) -> int:
    query = select(RefundClaim.kind, RefundClaim.claim_id, RefundClaim.amount).where(
        RefundClaim.sale_id == sale.id, RefundClaim.source_id == source_id
    )
    by_kind: dict[str, list[tuple[str, int]]] = {}
    for kind, claim_id, amount_minor in session.execute(query):
        by_kind.setdefault(kind, []).append((claim_id, amount_minor))
    if "cancellation" in by_kind:
        return sale.total
    failed = {claim_id for claim_id, _ in by_kind.get("failure", [])}
    return _back_minor(by_kind.get("refund", []), failed, by_kind.get("level", []))


def _reported_minor(session: Session, sale: Sale) -> int:
    """Lost disputes among it: the shop may call the order off because of one that the provider told us of."""
    if session.scalar(select(Cancellation.id).where(Cancellation.sale_id == sale.id)):
        return sale.total
    refunds = select(Refund.refund_id, Refund.amount).where(Refund.sale_id == sale.id)
    failed = select(RefundFailure.refund_id).where(RefundFailure.sale_id == sale.id)
    levels = select(RefundLevel.payment_id, RefundLevel.amount).where(RefundLevel.sale_id == sale.id)
    lost = select(func.coalesce(func.sum(DisputeStatus.amount), 0)).where(
        DisputeStatus.sale_id == sale.id, DisputeStatus.status == "lost"
    )
    back_minor = _back_minor(
        [(refund_id, amount_minor) for refund_id, amount_minor in session.execute(refunds)],
        set(session.scalars(failed)),
        [(payment_id, amount_minor) for payment_id, amount_minor in session.execute(levels)],
    )
    return back_minor + int(session.scalars(lost).one())


def _back_minor(refunds: list[tuple[str, int]], failed: set[str], levels: list[tuple[str, int]]) -> int:
    standing = sum(amount_minor for refund_id, amount_minor in refunds if refund_id not in failed)
    return standing + unexplained_minor(levels, sum(amount_minor for _, amount_minor in refunds))
