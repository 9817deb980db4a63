"""Refund claims: refunds that a supporting source reports. They are stored and never counted.

A payment provider may know of a refund before the shop reports it, or the shop may never report it. The event
of a claim is parked until reports of the primary source cover it, so that no commission of the order is
released.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.errors import NotNow
from tracker.money import Money
from tracker.reasons import Reason
from tracker.sales.booking.delivery import BookingResult, Delivery, record_once
from tracker.sales.booking.models import RefundClaim
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import error_because
from tracker.sales.integrations.kinds import kind_of, names_where
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    Sale,
)
from tracker.sales.orders.references import sale_by_order_id
from tracker.sales.reports.cumulative_refunds import excess_cumulative_minor
from tracker.sales.reports.normal import CancellationReport, RefundReport
from tracker.sales.reports.provider_reports import AnyReport, RefundFailureReport, RefundLevelReport
from tracker.sales.sources.models import Source

ClaimReport = RefundReport | RefundLevelReport | RefundFailureReport | CancellationReport


WAIVED_SUFFIX = "_waived"
"""Suffix of the kind of a claim that a person dismissed."""


def is_refund_claim(
    report: AnyReport,
) -> TypeGuard[RefundReport | RefundLevelReport | CancellationReport]:
    return isinstance(report, RefundReport | RefundLevelReport | CancellationReport)


def book_claim(session: Session, delivery: Delivery, sale: Sale, report: ClaimReport) -> BookingResult:
    is_new = _insert_claim(session, delivery, sale, report)
    parameters = {"order": sale.order_id, "source": delivery.source.supports_id}
    return BookingResult((Reason(EventReason.REFUND_NOT_COUNTED, parameters),), may_unpark=is_new)


def waive_claims(session: Session, delivery: Delivery, order_id: str, reports: Sequence[AnyReport]) -> None:
    """Waive the claims of a dismissed message, so that later messages do not raise them again."""
    sale = sale_by_order_id(session, delivery.source, order_id)
    assert sale is not None, "the claim was matched to a sale"
    for report in reports:
        if is_refund_claim(report) and getattr(report, "currency", sale.currency) == sale.currency:
            _insert_claim(session, delivery, sale, report, WAIVED_SUFFIX)


def require_claims_covered(session: Session, delivery: Delivery, order_id: str) -> None:
    """Raises NotNow while the claims of the source exceed the refunds that the primary source reported."""
    source = delivery.source
    sale = sale_by_order_id(session, source, order_id)
    assert sale is not None, "the claim was matched to a sale"
    claims, total_minor = _load_claims(session, source, sale), amounts_of(sale).total
    claimed_minor = min(_claimed_minor(claims, total_minor), total_minor)
    reported_minor = min(_reported_minor(session, sale), total_minor)
    if "cancellation" in claims:
        # A shop cancels an order when its payment is lost in a dispute.
        reported_minor += _lost_minor(session, sale)
    if claimed_minor > reported_minor:
        reason = Reason(
            EventReason.REFUND_NOT_REPORTED,
            {
                "order": order_id,
                "claimed": Money(claimed_minor, sale.currency).as_json(),
                "reported": Money(reported_minor, sale.currency).as_json(),
                "source": source.supports_id,
            },
        )
        raise error_because(NotNow, reason)


def _insert_claim(
    session: Session, delivery: Delivery, sale: Sale, report: ClaimReport, suffix: str = ""
) -> bool:
    kind, claim_id, amount_minor = _claim_values(report)
    return record_once(
        session,
        delivery,
        RefundClaim,
        "rfc",
        sale,
        report.occurred_at,
        source_id=delivery.source.id,
        kind=f"{kind}{suffix}",
        claim_id=claim_id,
        amount=amount_minor,
    )


def _claim_values(report: ClaimReport) -> tuple[str, str, int]:
    if isinstance(report, RefundReport):
        return "refund", report.refund_id, report.amount
    if isinstance(report, RefundLevelReport):
        return "level", report.payment_id, report.amount
    if isinstance(report, RefundFailureReport):
        return "failure", report.refund_id, 0
    return "cancellation", "", 0


def _load_claims(session: Session, source: Source, sale: Sale) -> dict[str, dict[str, int]]:
    """Claims as {kind: {claim id: amount in minor units}}.

    Claims by the providers' ids are combined, also those of a source that was connected again: these ids are
    unique. Claims of shops are separate, because a shop has its own ids for the same refunds.
    """
    refund_ids = kind_of(source.kind).refund_ids
    with_same_ids = names_where(lambda kind: kind.refund_ids is refund_ids)
    query = (
        select(RefundClaim.kind, RefundClaim.claim_id, RefundClaim.amount_minor)
        .join(Source, Source.id == RefundClaim.source_id)
        .where(
            RefundClaim.sale_id == sale.id,
            Source.kind.in_(with_same_ids),
        )
    )
    found = defaultdict[str, dict[str, int]](dict)
    for kind, claim_id, amount_minor in session.execute(query):
        found[kind][claim_id] = max(amount_minor, found[kind].get(claim_id, 0))
    return dict(found)


def _claimed_minor(claims: Mapping[str, Mapping[str, int]], total_minor: int) -> int:
    """What is claimed in total. Waived refunds are not claimed, but still explain a cumulative refund."""
    if "cancellation" in claims and "cancellation_waived" not in claims:
        return total_minor
    waived = claims.get("refund_waived", {})
    refunds = {**claims.get("refund", {}), **waived}
    void_ids = {*waived, *claims.get("failure", {})}
    claimed = sum(amount_minor for refund_id, amount_minor in refunds.items() if refund_id not in void_ids)
    explained = max(sum(refunds.values()), sum(claims.get("level_waived", {}).values()))
    return claimed + excess_cumulative_minor(claims.get("level", {}).items(), explained)


def _reported_minor(session: Session, sale: Sale) -> int:
    """Everything that was ever reported as refunded. A refund that failed later was reported, too."""
    if session.scalar(select(Cancellation.id).where(Cancellation.sale_id == sale.id)):
        return amounts_of(sale).total
    single_refunds_minor = sum(session.scalars(select(Refund.amount_minor).where(Refund.sale_id == sale.id)))
    query = select(CumulativeRefund.payment_id, CumulativeRefund.amount_minor).where(
        CumulativeRefund.sale_id == sale.id
    )
    cumulative_refunds = [(payment_id, amount_minor) for payment_id, amount_minor in session.execute(query)]
    return single_refunds_minor + excess_cumulative_minor(cumulative_refunds, single_refunds_minor)


def _lost_minor(session: Session, sale: Sale) -> int:
    """Sum of all disputes that were ever lost, even if won later, so that coverage only grows."""
    lost = select(DisputeStatus.amount_minor).where(
        DisputeStatus.sale_id == sale.id, DisputeStatus.status == "lost"
    )
    return sum(session.scalars(lost))


def refund_claims_of(session: Session, sale: Sale) -> Sequence[RefundClaim]:
    """Refund claims of supporting sources about the sale, oldest first; none of them counts."""
    claims = select(RefundClaim).where(RefundClaim.sale_id == sale.id)
    return session.scalars(claims.order_by(RefundClaim.occurred_at, RefundClaim.id)).all()
