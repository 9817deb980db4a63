"""A shop's message before it is translated, and the refusal of one that is not the shop's."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.errors import Invalid, LinkledgerError


class NotAuthentic(LinkledgerError):
    """The message does not prove that it comes from the shop, or not from now. Nothing of it is kept.

    `cause` is one word for a counter: missing, malformed, signature or stale.
    """

    status = 401
    exit_code = 2

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


class Unreadable(Invalid):
    """Not the form that it has to have: nothing could be read from it."""

    status = 400


class Stale(NotAuthentic):
    """The signature is right, and the signed time too far off: by so many seconds it is ahead of ours."""

    def __init__(self, detail: str, ahead_s: int) -> None:
        super().__init__("stale", detail)
        self.ahead_s = ahead_s


TOLERANCE = timedelta(minutes=5)
"""How far a signed time may be from ours, either way (Standard Webhooks, and Stripe's libraries)."""


def require_recent(seconds: int, now: datetime, header: str, advice: str) -> None:
    """Of a signed time, in seconds since 1970. Raises Stale when it is too far from `now`.

    After the signature, so that it is the sender's own clock that is spoken of.
    """
    age = now.astimezone(UTC) - datetime.fromtimestamp(0, UTC) - timedelta(seconds=seconds)
    if abs(age) > TOLERANCE:
        side = "older" if age > timedelta() else "later"
        minutes = TOLERANCE.seconds // 60
        detail = f"{header} is more than {minutes} minutes {side} than the clock here; {advice}"
        raise Stale(detail, -int(age.total_seconds()))


@dataclass(frozen=True)
class Message:
    """A body that was read but not yet checked. The same message sent again is equal, whenever it was sent.

    `order_id` is None when the message concerns no order that Linkledger could book anything for, or does not
    say which. `references` are other names of the order, such as its payment: a message with an order says
    that the two belong together, one without finds its order by them.
    """

    type: str | None
    order_id: str | None
    data: Any
    references: tuple[str, ...] = ()
    is_test: bool | None = None
    """Whether it tells of something that was only tried out; None when it does not say."""
    other_names: tuple[str, ...] = ()
    """Further names, by which a message of a supporting source may find the other source's order."""
