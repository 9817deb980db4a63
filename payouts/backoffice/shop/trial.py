"""A trial order, sent as the shop would send it: signed, over HTTP, through the hook."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.settings import Settings
from tracker.people.accounts.minimums import default_minimum_minor
from tracker.people.accounts.models import Brand
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.integrations.trial_order import TrialOrder
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import source_secrets
from tracker.sales.sources.send_message import Sender, send_message
from tracker.sales.sources.serializers import hook_url

TAX_PERCENT, SHIPPING_PERCENT = 15, 5
"""As in the example beside a program's terms."""


@dataclass(frozen=True)
class TrialResult:
    """What the hook answered. `reason` is its own words when the message was not applied."""

    arrived: bool
    state: str
    reason: str


def send_trial_order(settings: Settings, now: datetime, brand: Brand, source: Source) -> TrialResult:
    """Send an order that never earns. Raises NoResponse, and CannotDecrypt for the secret of the source."""
    kind = kind_of(source.kind)
    assert kind.trial_order is not None
    message = kind.trial_order(_order(brand, now))
    secret = source_secrets(source, settings.secret_keys)[0]
    sender = Sender(kind.name, hook_url(source.id, settings.web_url), secret, message.topic)
    status, answer = send_message(sender, message.body, now)
    value: dict[str, Any] = answer if isinstance(answer, dict) else {}
    reason = str(value.get("reason") or value.get("detail") or "")
    return TrialResult(status == 200, str(value.get("state", "")), reason)


def _order(brand: Brand, now: datetime) -> TrialOrder:
    """As the example of a program: 100.00 EUR, or about as much. Its number is the time in milliseconds."""
    total = 2 * default_minimum_minor(brand.currency)
    return TrialOrder(
        number=int(now.timestamp() * 1000),
        currency=brand.currency,
        total=total,
        tax=total * TAX_PERCENT // 100,
        shipping=total * SHIPPING_PERCENT // 100,
        at=now,
    )
