"""How much a booking by hand may take at most: no more than there is of what it takes."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from payouts.ledger.balances import account_balance_minor
from payouts.ledger.rules import account_id
from tracker.errors import Conflict
from tracker.money import Money


def require_within_limit(
    session: Session, brand_id: str, kind: str, creator_id: str | None, amount: Money
) -> None:
    """Raises Conflict, with the figures, when the booking takes more than there is.

    Call it under the lock of the books: then the balance is still the same when the booking is posted.
    """
    if creator_id is None or kind not in _LIMITS:
        return
    limit, sentence = _LIMITS[kind]
    most_minor = max(limit(session, brand_id, creator_id, amount.currency), 0)
    if amount.minor > most_minor:
        most = Money(most_minor, amount.currency)
        raise Conflict(f"{sentence.format(creator=creator_id, most=most, amount=amount)} Nothing was booked.")


def _payable_minor(session: Session, brand_id: str, creator_id: str, currency: str) -> int:
    return account_balance_minor(session, account_id(brand_id, "payable", currency, creator_id))


def _debt_minor(session: Session, brand_id: str, creator_id: str, currency: str) -> int:
    return -_payable_minor(session, brand_id, creator_id, currency)


def _unclaimed_minor(session: Session, brand_id: str, creator_id: str, currency: str) -> int:
    """The part of the brand's account that came from this creator: the subject of these bookings."""
    unclaimed = account_id(brand_id, "unclaimed", currency, creator_id)
    return account_balance_minor(session, unclaimed, subject_id=creator_id)


_LIMITS: Mapping[str, tuple[Callable[[Session, str, str, str], int], str]] = {
    "write_off": (_debt_minor, "{creator} owes {most}, and {amount} cannot be written off."),
    "unclaimed": (_payable_minor, "{most} is payable to {creator}, and {amount} cannot be unclaimed."),
    "claimed": (_unclaimed_minor, "{most} of {creator} is unclaimed, and {amount} cannot be claimed."),
    "exchange": (_payable_minor, "{most} is payable to {creator}, and {amount} cannot be exchanged."),
}
