"""Supporting sources: a payment provider that supports a shop, or a shop that supports its provider.

The primary source is authoritative for amounts and refunds; the supporting source adds names, touches
(docs/money.md 4) and disputes, which most shops do not report. A supporting source has its own order ids, so
its messages are matched to orders by a name that both sources use, usually a payment.
"""

from collections.abc import Sequence
from dataclasses import replace

from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.kinds import is_payment_name, kind_of
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import (
    AnyReport,
    EvidenceReport,
    NoEffect,
    ReferenceReport,
    SameSaleReport,
)
from tracker.sales.sources.models import Source

UNKNOWN_ORDER = ""
"""A placeholder: matching sets the real id. The id in the message may be the id of another order here."""


def names_in_message(source: Source, message: Message) -> tuple[str, ...]:
    """All names that a message of a supporting source gives its order; empty for any other source.

    For shops that number their orders, only names of payments: their numbers may belong to other orders here.
    """
    if source.supports_id is None:
        return ()
    own = (message.order_id,) if message.order_id is not None else ()
    names = dict.fromkeys(name.strip() for name in (*own, *message.references, *message.other_names))
    is_free = kind_of(source.kind).names_orders_freely
    return tuple(name for name in names if is_free or is_payment_name(name))


def possible_order_ids(source: Source, supported: Source, names: Sequence[str]) -> Sequence[str]:
    """The names that may be ids of orders at the supported source.

    In some kinds of messages the sender wrote that id. A payment provider has the name that the shop gave it,
    which may be an order's number where the shop has ids and numbers.
    """
    kind, primary = kind_of(source.kind), kind_of(supported.kind)
    if kind.knows_primary_ids or (kind.names_orders_freely and primary.names_orders_freely):
        return names
    return ()


def as_supporting_reports(reports: Sequence[AnyReport], names: tuple[str, ...]) -> tuple[AnyReport, ...]:
    """Translate reports of a supporting source into reports about the primary source's order."""
    return tuple(_as_supporting_report(report, names) for report in reports)


def _as_supporting_report(report: AnyReport, names: tuple[str, ...]) -> AnyReport:
    """Refund reports stay as they are; booking stores them as claims and does not count them."""
    if isinstance(report, NoEffect):
        return report
    if not names:
        return NoEffect.because(EventReason.NAMES_NO_KNOWN_ORDER)
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
