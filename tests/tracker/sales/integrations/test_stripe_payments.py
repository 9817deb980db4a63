"""Refunds and disputes at Stripe become refunds and disputes of the payment's order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.tracker.sales.integrations.stripe_read import RECEIVED_AT, read, reports, single_report
from tests.tracker.sales.payloads_read import event, payload
from tracker.sales.integrations.stripe import events as stripe
from tracker.sales.integrations.stripe.payments import asked_dispute
from tracker.sales.reports.normal import DisputeReport, RefundReport
from tracker.sales.reports.provider_reports import (
    AskedDisputeReport,
    RefundFailureReport,
    RefundLevelReport,
    is_told_and_asked,
)


def test_a_refund_names_its_payment() -> None:
    message = read(payload("stripe_refund_created"))

    assert (message.order_id, message.references) == (None, ("pi_3ExampleOrderOne",))
    assert single_report(payload("stripe_refund_created")) == RefundReport(
        order_id="pi_3ExampleOrderOne",
        refund_id="re_3ExampleOne",
        occurred_at=datetime(2025, 11, 2, 10, 1, 40, tzinfo=UTC),
        currency="EUR",
        amount=2000,
        reason="requested_by_customer",
    )


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
def test_a_failed_refund_is_reported_as_refund_and_failure(kind: str) -> None:
    refund, failure = reports(event("stripe_refund_created", type=kind, status="failed"))

    assert refund == single_report(payload("stripe_refund_created"))
    assert failure == RefundFailureReport("pi_3ExampleOrderOne", "re_3ExampleOne", refund.occurred_at)  # type: ignore[union-attr]


def test_a_refunded_charge_reports_the_cumulative_refund() -> None:
    cumulative = RefundLevelReport(
        "pi_3ExampleOrderOne",
        "ch_3ExampleOrderOne",
        datetime(2025, 11, 2, 10, 1, 43, tzinfo=UTC),
        "EUR",
        2000,
    )

    assert single_report(payload("stripe_charge_refunded_basil")) == cumulative
    assert reports(payload("stripe_charge_refunded_classic")) == (
        single_report(payload("stripe_refund_created")),
        cumulative,
    )


def test_a_charge_without_payment_intent_is_referenced_by_its_own_id() -> None:
    charge = event("stripe_charge_refunded_classic", payment_intent=None)

    assert read(charge).references == ("ch_3ExampleOrderOne",)


@pytest.mark.parametrize(
    ("kind", "status", "step"),
    [
        ("created", "needs_response", "opened"),
        ("created", "warning_needs_response", "opened"),
        ("updated", "under_review", "opened"),
        ("updated", "won", "opened"),
        ("funds_withdrawn", "needs_response", "opened"),
        ("funds_reinstated", "won", "opened"),
        ("closed", "won", "won"),
        ("closed", "warning_closed", "won"),
        ("closed", "lost", "lost"),
    ],
)
def test_a_dispute_is_opened_by_any_event_and_closed_by_the_closing_event(
    kind: str, status: str, step: str
) -> None:
    report = single_report(
        event("stripe_dispute_created", type=f"charge.dispute.{kind}", status=status, at=1762200000)
    )

    assert isinstance(report, DisputeReport)
    assert (report.order_id, report.dispute_id, report.amount) == (
        "pi_3ExampleOrderOne",
        "du_1ExampleDispute",
        11305,
    )
    assert report.status == step
    # All events that report it as opened have the same time, so any of them may arrive first.
    assert int(report.occurred_at.timestamp()) == (1762200000 if kind == "closed" else 1762164000)


def asked(status: str) -> bytes | None:
    found = payload("stripe_dispute_created")["data"]["object"] | {"status": status}
    return asked_dispute(found, datetime(2025, 11, 3, 11, tzinfo=UTC))


@pytest.mark.parametrize(("status", "told"), [("won", "won"), ("warning_closed", "won"), ("lost", "lost")])
def test_what_is_asked_about_a_dispute_is_a_message_with_its_end(status: str, told: str) -> None:
    body = asked(status)
    assert body is not None
    [report] = stripe.translate(stripe.read(body), RECEIVED_AT)
    assert isinstance(report, AskedDisputeReport)
    assert (report.order_id, report.dispute_id, report.amount) == (
        "pi_3ExampleOrderOne",
        "du_1ExampleDispute",
        11305,
    )
    assert (report.status, report.occurred_at) == (told, datetime(2025, 11, 3, 11, tzinfo=UTC))


@pytest.mark.parametrize("status", ["needs_response", "under_review", "warning_under_review", "new", None])
def test_a_dispute_that_is_open_has_no_end_to_tell(status: str) -> None:
    assert asked(status) is None


def test_a_report_that_was_asked_for_may_differ_from_a_told_one_in_its_time_only() -> None:
    told = single_report(event("stripe_dispute_created", type="charge.dispute.closed", status="won"))
    later = told.occurred_at + timedelta(days=1)
    answer = AskedDisputeReport(**vars(told) | {"occurred_at": later})
    other = replace(answer, amount=told.amount - 1)
    assert answer.content_hash != told.content_hash
    assert is_told_and_asked(told, later, answer.content_hash)
    assert is_told_and_asked(answer, told.occurred_at, told.content_hash)
    assert not is_told_and_asked(told, later, other.content_hash)
    assert not is_told_and_asked(other, told.occurred_at, told.content_hash)
    assert not is_told_and_asked(replace(told, occurred_at=later), told.occurred_at, told.content_hash)
