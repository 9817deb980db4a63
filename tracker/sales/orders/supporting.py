"""Sources that support another one: a payment provider beside the shop, or a shop beside its provider.

One source is authoritative for amounts and refunds; the other adds names and touches (docs/money.md 4),
and disputes, which a shop mostly does not hear of. A supporting source has ids of its own, so that its
messages find their order by whatever name both know: a payment, mostly.
"""

from collections.abc import Sequence
from dataclasses import replace

from tracker.sales.integrations.kinds import FREELY_NAMING_KINDS
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.payment_names import is_payment_name
from tracker.sales.reports.provider_reports import (
    AnyReport,
    EvidenceReport,
    NoEffect,
    ReferenceReport,
    SameSaleReport,
)
from tracker.sales.sources.models import Source

UNKNOWN_ORDER = ""
"""The id of no order: what the message calls its order may be another order's id here."""


def names_in_message(source: Source, message: Message) -> tuple[str, ...]:
    """Every name that the message of a supporting source gives its order; none of another source's.

    Of a shop that numbers its orders only those of the payment: its numbers are other orders' numbers, too.
    """
    if source.supports_id is None:
        return ()
    own = (message.order_id,) if message.order_id is not None else ()
    names = dict.fromkeys(name.strip() for name in (*own, *message.references, *message.other_names))
    return tuple(name for name in names if source.kind in FREELY_NAMING_KINDS or is_payment_name(name))


def possible_order_ids(source: Source, supported: Source, names: Sequence[str]) -> Sequence[str]:
    """Those of the names that may be the very id of the other source's order.

    In messages of our own kind somebody wrote that id. Stripe knows what it was told, which may be the number
    of an order at a shop that has ids beside them.
    """
    if source.kind == "standard" or {source.kind, supported.kind} <= {*FREELY_NAMING_KINDS}:
        return names
    return ()


def as_supporting_reports(reports: Sequence[AnyReport], names: tuple[str, ...]) -> tuple[AnyReport, ...]:
    """What the reports of a supporting source say to the books of the other one."""
    return tuple(_as_supporting_report(report, names) for report in reports)


def _as_supporting_report(report: AnyReport, names: tuple[str, ...]) -> AnyReport:
    """Refunds stay reports; what they say is claimed, not counted."""
    if isinstance(report, NoEffect):
        return report
    if not names:
        return NoEffect("it names no order and no payment that the other source could know")
    if isinstance(report, SaleReport):
        return SameSaleReport(
            order_id=UNKNOWN_ORDER,
            click=report.click,
            touches=report.touches,
            coupons=report.coupons,
            references=names,
            checkout_started_at=report.checkout_started_at,
            currency=report.currency,
            total=report.total,
            test=report.test,
        )
    if isinstance(report, EvidenceReport):
        return replace(report, order_id=UNKNOWN_ORDER, references=names)
    if isinstance(report, ReferenceReport):
        return EvidenceReport(order_id=UNKNOWN_ORDER, references=names)
    return replace(report, order_id=UNKNOWN_ORDER)
