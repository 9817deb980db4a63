"""A source's message before it is translated, and the errors for messages that are refused."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.errors import Invalid, LinkledgerError


class NotAuthentic(LinkledgerError):
    """The message is not signed by the shop, or was not signed recently. Nothing of it is stored.

    `cause` is the label of a metric: missing, malformed, signature or stale.
    """

    status = 401
    exit_code = 2

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


class Unreadable(Invalid):
    """The body does not have the required format, so nothing could be read from it."""

    status = 400


class Stale(NotAuthentic):
    """The signature is valid, but the signed time is too far from ours.

    `ahead_s` is how many seconds the signed time is ahead of our clock; negative when it is behind.
    """

    def __init__(self, detail: str, ahead_s: int) -> None:
        super().__init__("stale", detail)
        self.ahead_s = ahead_s


TOLERANCE = timedelta(minutes=5)
"""How far a signed time may be from ours, in either direction (Standard Webhooks and Stripe's libraries)."""


def require_recent(seconds: int, now: datetime, header: str, advice: str) -> None:
    """Raises Stale when a signed time (`seconds` since 1970) is too far from `now`.

    `header` and `advice` are parts of the message. Call it after the signature was verified: only then is the
    time known to come from the shop's clock.
    """
    age = now.astimezone(UTC) - datetime.fromtimestamp(0, UTC) - timedelta(seconds=seconds)
    if abs(age) > TOLERANCE:
        side = "older" if age > timedelta() else "later"
        minutes = TOLERANCE.seconds // 60
        detail = f"{header} is more than {minutes} minutes {side} than the clock here; {advice}"
        raise Stale(detail, -int(age.total_seconds()))


@dataclass(frozen=True)
class Message:
    """A body that was parsed but not yet validated. A repeated message is equal, whatever time it was sent.

    `order_id` is None when the message concerns no order that Linkledger could book anything for, or does not
    name it. `references` are other names of the order, such as its payment. With an `order_id`, they become
    references of that order; without one, the order is found by them.
    """

    type: str | None
    order_id: str | None
    data: Any
    references: tuple[str, ...] = ()
    is_test: bool | None = None
    """Whether it reports test data; None when the message does not say."""
    other_names: tuple[str, ...] = ()
    """Further names, by which a message of a supporting source may find the primary source's order."""
