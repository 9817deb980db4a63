"""Reads and translates Stripe's events like the inbox."""

from datetime import UTC, datetime
from typing import Any

from tests.tracker.sales.payloads_read import raw
from tracker.sales.event_texts import TEXTS
from tracker.sales.integrations.stripe import events as stripe
from tracker.sales.reports.messages import Message
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

RECEIVED_AT = datetime(2025, 11, 3, 12, tzinfo=UTC)


def read(value: dict[str, Any]) -> Message:
    return stripe.read(raw(value))


def reports(value: dict[str, Any]) -> tuple[AnyReport, ...]:
    return stripe.translate(read(value), RECEIVED_AT)


def single_report(value: dict[str, Any]) -> Any:
    """The only report of an event."""
    [report] = reports(value)
    return report


def without_effect(value: dict[str, Any]) -> str:
    """The reason of an event whose only report is NoEffect."""
    report = single_report(value)
    assert isinstance(report, NoEffect)
    return TEXTS.words(report.cause)
