"""The idempotency key of an attempt, and how long it may be used again.

Rules of the rail: docs.stripe.com/api/idempotent_requests.
"""

from datetime import datetime, timedelta

from payouts.settlement.models import Attempt

RESEND_WITHIN = timedelta(hours=23)
"""Stripe may forget a key after 24 hours, and then the same request would pay again."""


GIVE_UP_AFTER = timedelta(hours=24)
"""RESEND_WITHIN plus MAX_LISTING_DELAY: by then every transfer made under the key is listed."""


MAX_LISTING_DELAY = timedelta(hours=1)
"""The longest time from the arrival of a request at the rail until its transfer is listed."""


def may_resend(attempt: Attempt, now: datetime) -> bool:
    """The same request under the same key is safe as long as the rail certainly remembers the key."""
    return not attempt.look_up_only and now - attempt.first_sent_at < RESEND_WITHIN


def absence_conclusive_from(attempt: Attempt) -> datetime:
    """From then on, a transfer that the rail does not list was not made, and no late request can make it."""
    if attempt.look_up_only:
        return attempt.last_sent_at + MAX_LISTING_DELAY
    return attempt.first_sent_at + GIVE_UP_AFTER


def idempotency_key(payout_id: str, number: int) -> str:
    """The key of a payout's attempt with this number."""
    return f"payout-{payout_id.removeprefix('pay_')}-{number}"
