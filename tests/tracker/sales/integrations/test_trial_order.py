"""The invented order of each kind is read like an order of its shop, and never earns."""

from datetime import UTC, datetime

import pytest

from tracker.sales.integrations.kind import Kind
from tracker.sales.integrations.kinds import kind_of, kinds_where
from tracker.sales.integrations.trial_order import TrialOrder
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

NOW = datetime(2026, 12, 4, 9, 30, tzinfo=UTC)
TOKEN = "0123456789" * 8
SECRETS = {"stripe": "whsec_ExampleOfThisYear000000000000", "shopify": "shpss_0123456789abcdef0123456789ab"}
SHOPS = kinds_where(lambda kind: kind.has_hook)


def reports_of(kind: Kind, order: TrialOrder) -> tuple[AnyReport, ...]:
    """What becomes of the signed message of the shop."""
    assert kind.trial_order is not None
    sent = kind.trial_order(order)
    secret = SECRETS.get(kind.name) or kind.secret_from(bytes(32))
    headers = kind.sign(secret, "msg_1", NOW, sent.body, sent.topic)
    assert kind.verify(headers, sent.body, [secret], NOW)
    return kind.translate(kind.read(sent.body, kind.topic(headers)), NOW)


@pytest.mark.parametrize("kind", SHOPS, ids=lambda kind: kind.name)
def test_every_kind_with_a_webhook_has_a_trial_order_that_never_earns(kind: Kind) -> None:
    (report,) = reports_of(kind, TrialOrder(1764840600123, "EUR", 10_000, 1_500, 500, NOW, TOKEN))
    if not kind.trial_is_booked:
        assert isinstance(report, NoEffect)
        return
    assert isinstance(report, SaleReport)
    assert report.test
    assert (report.total, report.tax, report.currency, report.occurred_at) == (10_000, 1_500, "EUR", NOW)
    assert report.click == TOKEN or TOKEN in report.touches
    assert report.shipping == (0 if kind.name == "lemonsqueezy" else 500)


@pytest.mark.parametrize("currency", ["JPY", "KWD", "USD", "ISK"])
@pytest.mark.parametrize("name", ["standard", "shopify", "stripe"])
def test_amounts_are_written_in_the_units_of_the_shop(name: str, currency: str) -> None:
    (report,) = reports_of(kind_of(name), TrialOrder(1, currency, 10_000, 1_500, 500, NOW))
    assert isinstance(report, SaleReport)
    assert (report.total, report.tax, report.shipping) == (10_000, 1_500, 500)


def test_kinds_without_a_webhook_have_none() -> None:
    assert [kind.name for kind in kinds_where(lambda kind: kind.trial_order is None)] == ["api", "csv"]
