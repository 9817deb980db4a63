"""Manual bookings: bonuses, deductions, deposits, fees and the like, each booked once by its key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from payouts.ledger.operations import Posted, post
from payouts.ledger.reasons import BOOKING_TEXTS, BookingReason
from payouts.ledger.rules import CREATOR_ACCOUNTS, EVENTS, Line
from tracker.errors import Invalid
from tracker.money import MAX_MINOR, exponent
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.reasons import Reason

MANUAL_KINDS = (
    "bonus",
    "deduction",
    "deposit",
    "withdrawal",
    "rail_fee",
    "paid_by_hand",
    "write_off",
    "unclaimed",
    "gift",
    "vat",
    "vat_credit_note",
)


def book_manually(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    kind: str,
    key: str,
    amount_minor: int,
    currency: str,
    reason: str,
    creator_id: str | None = None,
) -> Posted:
    """Book one event by hand, once: `key` is its idempotency key.

    Raises Invalid for an unknown kind, a wrong amount, or a missing creator or reason; NotFound for an
    unknown brand or creator; Conflict when the key was used with other contents.
    """
    _check(kind, amount_minor, currency, reason, creator_id)
    get_brand(session, brand_id)
    if creator_id is not None:
        get_creator(session, creator_id)
    return post(
        session,
        now,
        brand_id=brand_id,
        kind=kind,
        event_key=f"by-hand:{key}",
        inputs={
            "kind": kind,
            "creator": creator_id,
            "amount_minor": amount_minor,
            "currency": currency,
            "reason": reason,
        },
        lines=[Line(kind, amount_minor, currency, creator_id)],
        subject_id=creator_id or brand_id,
        effective_at=now,
    )


def _check(kind: str, amount_minor: int, currency: str, reason: str, creator_id: str | None) -> None:
    if kind not in MANUAL_KINDS:
        raise Invalid(f"{kind!r} cannot be booked by hand. Choose one of: {', '.join(MANUAL_KINDS)}.")
    exponent(currency)
    if not 0 < amount_minor <= MAX_MINOR:
        raise Invalid(f"The amount must be 1 to {MAX_MINOR} minor units, not {amount_minor}.")
    if not reason.strip():
        raise Invalid("Give a reason: the brand and the creator will read it.")
    rule = EVENTS[kind]
    concerns_creator = not {rule.debit, rule.credit}.isdisjoint(CREATOR_ACCOUNTS)
    if concerns_creator and creator_id is None:
        raise Invalid(f"A {kind} needs a creator: name one with --creator.")
    if not concerns_creator and creator_id is not None and kind != "gift":
        raise Invalid(f"A {kind} concerns only the brand: leave --creator out.")


def posting_reason_json(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The reason of a transaction of this kind, as statements show it; null when a rule made it.

    The words are among the inputs, which are hashed and never change. The kind says that they are a person's,
    so no code is stored.
    """
    words = inputs.get("reason")
    if words is None or kind not in MANUAL_KINDS:
        return {"reason": words, "reason_code": None, "reason_parameters": None}
    return BOOKING_TEXTS.columns(Reason(BookingReason.MANUAL, {"words": words}))
