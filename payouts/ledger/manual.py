"""Manual bookings: bonuses, deductions, deposits, fees and the like, each booked once by its key."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from payouts.ledger.batches import post
from payouts.ledger.calendar import start_of_day
from payouts.ledger.limits import require_within_limit
from payouts.ledger.models import Period
from payouts.ledger.operations import Posted, find_posted, lock_books
from payouts.ledger.reasons import BOOKING_TEXTS, BookingReason
from payouts.ledger.rules import EVENTS, EXCHANGE_EVENTS, Line, events_of, kind_of
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Invalid
from tracker.money import MAX_MINOR, Money, exponent
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason

MANUAL_KINDS = tuple(dict.fromkeys(kind_of(event) for event, rule in EVENTS.items() if rule.by_hand))

DATED_KINDS = frozenset({"paid_by_hand", "deposit", "withdrawal", "rail_fee", "rail_loss"})
"""Kinds of which the rail or the bank knows the day."""

_LAST_SECOND = timedelta(seconds=1)

_MAY_NAME_CREATOR = frozenset({"gift", "vat_reverse_charge", "vat_reverse_charge_credit_note"})
"""Kinds that post to no account of a creator, but may concern one."""


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
    to: Money | None = None,
    day: date | None = None,
    draft: Period | None = None,
) -> Posted:
    """Book one event by hand, once: `key` is its idempotency key.

    `to` is the other amount of an exchange. `day` is the rail's or the bank's own date, in the brand's zone;
    without it the booking is effective now. Only a decision on a draft gives `draft`, its period: the booking
    is effective at its end. Raises Invalid for an unknown kind, a wrong amount or day, or a missing creator
    or reason; NotFound for an unknown brand or creator; Conflict when the key was used with other contents,
    or when there is less than the booking would take.
    """
    amount = _checked_amount(amount_minor, currency)
    _check(kind, reason, creator_id)
    _check_exchange(kind, amount, to)
    brand = get_brand(session, brand_id)
    if creator_id is not None:
        get_creator(session, creator_id)
    effective_at = now if day is None else _start_of(session, brand, now, kind, day)
    inputs = _inputs(kind, creator_id, amount, reason, to, day)
    event_key = f"by-hand:{key}"
    lock_books(session, brand_id)
    if (known := find_posted(session, brand_id, event_key, inputs)) is not None:
        return known
    require_within_limit(session, brand_id, kind, creator_id, amount)
    return post(
        session,
        now,
        brand_id=brand_id,
        kind=kind,
        event_key=event_key,
        inputs=inputs,
        lines=_lines(kind, creator_id, amount, to),
        subject_id=creator_id or brand_id,
        effective_at=effective_at if draft is None else draft.ends_at - _LAST_SECOND,
        period=draft,
    )


def book_by_person(session: Session, now: datetime, *, actor: Actor, brand_id: str, **booking: Any) -> Posted:
    """As `book_manually`, which says what `booking` is, and what it raises. A repeated key is no act."""
    posted = book_manually(session, now, brand_id=brand_id, **booking)
    if not posted.duplicate:
        shown = ("kind", "amount_minor", "currency", "creator_id", "key", "to", "day")
        given = {name: booking[name] for name in shown if booking.get(name) is not None}
        to, day = booking.get("to"), booking.get("day")
        given |= ({"to": to.as_json()} if to else {}) | ({"day": day.isoformat()} if day else {})
        record(
            session,
            now,
            actor,
            Action.LEDGER_BOOK,
            **about(Subject.TRANSACTION, posted.transaction_id, brand_id),
            after=given,
            personal={"reason": booking["reason"]},
            personal_about=booking.get("creator_id"),
        )
    return posted


def _inputs(
    kind: str, creator_id: str | None, amount: Money, reason: str, to: Money | None, day: date | None
) -> dict[str, Any]:
    """`to` and the day are younger: they are part of the hash only where they are given."""
    inputs: dict[str, Any] = {
        "kind": kind,
        "creator": creator_id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "reason": reason,
    }
    if to is not None:
        inputs |= {"to_amount_minor": to.minor, "to_currency": to.currency}
    if day is not None:
        inputs["date"] = day.isoformat()
    return inputs


def _lines(kind: str, creator_id: str | None, amount: Money, to: Money | None) -> list[Line]:
    if to is None:
        return [Line(kind, amount.minor, amount.currency, creator_id)]
    return [
        Line(event, each.minor, each.currency, creator_id)
        for event, each in zip(EXCHANGE_EVENTS, (amount, to), strict=True)
    ]


def _checked_amount(amount_minor: int, currency: str) -> Money:
    exponent(currency)
    if not 0 < amount_minor <= MAX_MINOR:
        raise Invalid(f"The amount must be 1 to {MAX_MINOR} minor units, not {amount_minor}.")
    return Money(amount_minor, currency)


def _check(kind: str, reason: str, creator_id: str | None) -> None:
    if kind not in MANUAL_KINDS:
        raise Invalid(f"{kind!r} cannot be booked by hand. Choose one of: {', '.join(MANUAL_KINDS)}.")
    if not reason.strip():
        raise Invalid("Give a reason: the brand and the creator will read it.")
    if any(EVENTS[event].concerns_creator for event in events_of(kind)):
        if creator_id is None:
            raise Invalid(f"A {kind} needs a creator: name one with --creator.")
    elif creator_id is not None and kind not in _MAY_NAME_CREATOR:
        raise Invalid(f"A {kind} concerns only the brand: leave --creator out.")


def _check_exchange(kind: str, amount: Money, to: Money | None) -> None:
    if kind != "exchange":
        if to is not None:
            raise Invalid(f"A {kind} has one amount: leave --to-amount-minor and --to-currency out.")
        return
    if to is None:
        raise Invalid("An exchange needs the other amount: give --to-amount-minor and --to-currency.")
    _checked_amount(to.minor, to.currency)
    if to.currency == amount.currency:
        raise Invalid(f"An exchange is between two currencies, not from {amount.currency} to the same.")


def _start_of(session: Session, brand: Brand, now: datetime, kind: str, day: date) -> datetime:
    """The start of that day of the brand's. Its books have no days before it was added, and none to come."""
    if kind not in DATED_KINDS:
        dated = ", ".join(each for each in MANUAL_KINDS if each in DATED_KINDS)
        raise Invalid(f"A {kind} is effective when it is booked: leave --date out. It is for: {dated}.")
    rules = load_rules(session, brand.id)
    zone = ZoneInfo(rules.calendar_at(now).timezone)
    first, last = (instant.astimezone(zone).date() for instant in (brand.created_at, now))
    if not first <= day <= last:
        raise Invalid(f"The date must be from {first} (the brand was added) to {last} (today), not {day}.")
    return start_of_day(rules, day)


def posting_reason_json(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The reason of a transaction of this kind, as statements show it; null when a rule made it.

    The words are among the inputs, which are hashed and never change. The kind says that they are a person's,
    so no code is stored.
    """
    words = inputs.get("reason")
    if words is None or kind not in MANUAL_KINDS:
        return {"reason": words, "reason_code": None, "reason_parameters": None}
    return BOOKING_TEXTS.columns(Reason(BookingReason.MANUAL, {"words": words}))
