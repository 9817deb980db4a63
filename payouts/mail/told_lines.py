"""What creators are told of their lines: decisions, holds, changes and releases, as they are now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from config.among import among
from payouts.commissions.models import Commission, Entry, Hold
from payouts.mail.facts import shortened
from payouts.mail.line_words import changed_words, held_words, hold_words, reason_words
from payouts.statements.models import DecisionKind, ReviewDecision
from tracker.language.texts import gettext as _
from tracker.mail.causes import UNDO_WINDOW
from tracker.mail.kinds import MailKind
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.sales.orders.models import Sale

SUPERSEDED = "superseded"


@dataclass(frozen=True)
class ToldLine:
    """A line of a creator. `sentence` says in the language of its reader what happened, and until when."""

    kind: MailKind
    at: datetime
    order: str
    amount: Money
    sentence: Callable[[], str]
    note: str | None = None
    by_brand: bool = False
    """Whether a person of the brand decided it."""


def decided_lines(session: Session, brand: Brand, kinds: Mapping[str, MailKind]) -> list[ToldLine]:
    """Decisions of people, by their ids. Those that were undone since are left out."""
    undone = select(ReviewDecision.undoes_id).where(ReviewDecision.undoes_id.is_not(None))
    query = (
        select(ReviewDecision, Sale.order_id)
        .join(Commission, Commission.id == ReviewDecision.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(among(ReviewDecision.id, "ids"), ReviewDecision.id.not_in(undone))
    )
    return [
        ToldLine(
            kinds[each.id],
            each.decided_at,
            shortened(order),
            Money(each.amount_minor, each.currency),
            partial(_decided, kinds[each.id], each.code, each.hold_until, brand.timezone),
            each.note,
            by_brand=True,
        )
        for each, order in session.execute(query, {"ids": list(kinds)})
    ]


def _decided(kind: MailKind, code: str | None, until: datetime | None, zone: str) -> str:
    reason = reason_words(code)
    if kind is MailKind.LINE_HELD:
        return held_words(reason, until, zone)
    if kind is MailKind.LINE_DECLINED:
        return _("Declined: %(reason)s. It is not paid.", reason=reason)
    if kind is MailKind.LINE_RELEASED:
        return _("Released: it is no longer held.")
    return _("Restored: it was declined, and that was undone.")


def held_lines(session: Session, brand: Brand, hold_ids: Sequence[str]) -> list[ToldLine]:
    """Holds that no person placed. Those that were lifted since are left out."""
    last = aliased(Entry)
    later = exists().where(last.commission_id == Entry.commission_id, last.line > Entry.line)
    query = (
        select(Hold, Commission.currency, Sale.order_id, Entry.amount_after_minor)
        .join(Commission, Commission.id == Hold.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Entry, Entry.commission_id == Commission.id)
        .where(among(Hold.id, "ids"), Hold.lifted_at.is_(None), Commission.live, ~later)
    )
    return [
        ToldLine(
            MailKind.LINE_HELD,
            hold.placed_at,
            shortened(order),
            Money(amount_minor, currency),
            partial(
                hold_words,
                hold.reason_code,
                hold.reason_parameters,
                placed_by=hold.placed_by,
                placed_at=hold.placed_at,
                ends_at=hold.ends_at,
                zone=brand.timezone,
            ),
        )
        for hold, currency, order, amount_minor in session.execute(query, {"ids": list(hold_ids)})
    ]


def changed_lines(session: Session, entry_ids: Sequence[str]) -> list[ToldLine]:
    """What reports of the shop and new evidence changed: one line for each commission, with the sum.

    Left out is what came to nothing, and what was replaced by another commission of the same creator.
    """
    by_commission: dict[str, list[tuple[Entry, str, str]]] = {}
    other = aliased(Commission)
    replaced = exists().where(
        Entry.kind == SUPERSEDED,
        other.sale_id == Commission.sale_id,
        other.creator_id == Commission.creator_id,
        other.live,
    )
    query = (
        select(Entry, Commission.currency, Sale.order_id)
        .join(Commission, Commission.id == Entry.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(among(Entry.id, "ids"), Entry.kind != "mature", ~replaced)
        .order_by(Entry.commission_id, Entry.line)
    )
    for entry, currency, order in session.execute(query, {"ids": list(entry_ids)}):
        by_commission.setdefault(entry.commission_id, []).append((entry, currency, order))
    return [line for rows in by_commission.values() if (line := _changed(rows)) is not None]


def _changed(rows: Sequence[tuple[Entry, str, str]]) -> ToldLine | None:
    changes = [entry.amount_after_minor - entry.amount_before_minor for entry, _currency, _order in rows]
    total = sum(changes)
    if not total:
        return None
    last, currency, order = rows[-1]
    why = next(
        entry
        for (entry, _currency, _order), change in zip(reversed(rows), reversed(changes), strict=True)
        if (change < 0) == (total < 0)
    )
    lowered, left = total < 0, Money(last.amount_after_minor, currency)
    kind = MailKind.LINE_REVERSED if lowered else MailKind.LINE_RESTORED
    words = partial(_change_sentence, why, left, lowered)
    return ToldLine(kind, last.created_at, shortened(order), Money(abs(total), currency), words)


def _change_sentence(why: Entry, left: Money, lowered: bool) -> str:
    return changed_words(reason_words(why.reason_code, why.reason_parameters), left, lowered=lowered)


def released_lines(session: Session, entry_ids: Sequence[str]) -> list[ToldLine]:
    """Releases after a hold of which the creator was told. One that a person decided is told as such."""
    query = (
        select(Entry, Commission.currency, Sale.order_id)
        .join(Commission, Commission.id == Entry.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(among(Entry.id, "ids"), Entry.kind == "mature", Entry.amount_after_minor > 0)
    )
    found = session.execute(query, {"ids": list(entry_ids)}).all()
    held = _held_long(session, [entry.commission_id for entry, _currency, _order in found])
    return [
        ToldLine(
            MailKind.LINE_RELEASED,
            entry.created_at,
            shortened(order),
            Money(entry.amount_after_minor, currency),
            partial(_decided, MailKind.LINE_RELEASED, None, None, ""),
        )
        for entry, currency, order in found
        if entry.commission_id in held
    ]


def _held_long(session: Session, commission_ids: Sequence[str]) -> set[str]:
    """Those that were held for longer than a message about it waits, and that no person released."""
    parameters = {"ids": list(commission_ids)}
    lifted = select(Hold.commission_id, Hold.placed_at, Hold.lifted_at).where(
        among(Hold.commission_id, "ids"), Hold.lifted_at.is_not(None)
    )
    held: dict[str, datetime] = {}
    for commission_id, placed_at, lifted_at in session.execute(lifted, parameters):
        if lifted_at is not None and lifted_at - placed_at >= UNDO_WINDOW:
            held[commission_id] = max(placed_at, held.get(commission_id, placed_at))
    decided = select(ReviewDecision.commission_id, ReviewDecision.decided_at).where(
        among(ReviewDecision.commission_id, "ids"), ReviewDecision.kind == DecisionKind.RELEASE.value
    )
    by_person = {
        commission_id
        for commission_id, at in session.execute(decided, parameters)
        if commission_id in held and at >= held[commission_id]
    }
    return set(held) - by_person
