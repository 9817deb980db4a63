"""From a sealed statement to prepared payouts: how much each creator is paid, or why nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.commissions.holds.reapplying import reapply_holds
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.settlement.models import Item, Payout
from payouts.settlement.reasons import PAYOUT_TEXTS, PayoutReason
from payouts.settlement.transitions import cancel, detach_items, locked_payout, post_payout_event, transition
from payouts.statements.models import Statement
from payouts.transfers.payees import payee_block_reason, payee_of
from payouts.transfers.planning.guard import freeze_unless_sound
from payouts.transfers.planning.minimum import amount_block_reason
from payouts.transfers.planning.retry_policy import retry_block_reason
from payouts.transfers.planning.rules import Selection
from payouts.transfers.planning.selection import creators_with_open_entries, select_entries
from tracker.errors import Conflict
from tracker.ids import new_id
from tracker.reasons import Reason


@dataclass(frozen=True)
class Plan:
    """What a run would pay to one creator: an amount above 0, or in `block` the reason why nothing.

    Without both, the entries sum to 0 and are settled without a transfer.
    """

    statement_id: str
    brand_id: str
    creator_id: str
    currency: str
    amount_minor: int
    block: Reason | None
    selection: Selection

    @property
    def reason(self) -> str | None:
        """Why nothing is paid, in words."""
        return None if self.block is None else PAYOUT_TEXTS.words(self.block)


def payable_statements(session: Session, now: datetime, brand_id: str, *, early: bool) -> list[Statement]:
    """The latest sealed statement of each currency; it includes earlier ones. `early`: before its day."""
    rows = session.execute(
        select(Statement, Period)
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.brand_id == brand_id, Statement.state == "sealed")
        .order_by(Statement.currency, Period.starts_at.desc())
    )
    latest: dict[str, Statement] = {}
    for statement, _period in rows:
        latest.setdefault(statement.currency, statement)
    return [each for each in latest.values() if early or each.pay_from <= now]


def plans_of(session: Session, now: datetime, brand_id: str, *, early: bool) -> list[Plan]:
    """The plans for all that the brand's sealed statements authorise.

    `early`: a person asked for it, so the pay date and the retry policy do not apply.
    """
    statements = payable_statements(session, now, brand_id, early=early)
    return [each for statement in statements for each in plan(session, now, statement, manual=early)]


def anything_to_send(session: Session, now: datetime, brand_id: str, *, early: bool) -> bool:
    """Whether the rail has to be called at all."""
    waiting = select(exists().where(Payout.brand_id == brand_id, Payout.state == "prepared"))
    return bool(session.scalar(waiting)) or bool(plans_of(session, now, brand_id, early=early))


def plan(session: Session, now: datetime, statement: Statement, *, manual: bool) -> list[Plan]:
    """One plan for each creator of the statement; creators without any entry are left out."""
    period = session.get_one(Period, statement.period_id)
    made = session.scalars(select(Payout).where(Payout.statement_id == statement.id))
    existing = {each.creator_id: each for each in made}
    # A cancelled payout also counts as handled: its amounts wait for the next statement.
    handled = {creator_id for creator_id, payout in existing.items() if payout.state != "failed"}
    plans = [
        _plan_for(session, now, statement, period, creator_id)
        for creator_id in creators_with_open_entries(session, statement)
        if creator_id not in handled
    ]
    if not manual:
        plans = [_with_retry_policy(session, now, each, existing.get(each.creator_id)) for each in plans]
    return [each for each in plans if each.selection.entries]


def _with_retry_policy(session: Session, now: datetime, planned: Plan, failed: Payout | None) -> Plan:
    """Apply the retry policy, so that a refused payout is not sent every hour forever."""
    block = retry_block_reason(session, now, failed) if failed is not None else None
    return planned if block is None else replace(planned, amount_minor=0, block=block)


def prepare(session: Session, now: datetime, statement_id: str, creator_id: str) -> Payout | None:
    """Take a creator's amount out of `payable` and fix it on a payout; None when there is nothing to pay.

    Entries that sum to 0 are settled at once. A failed payout of the same statement is prepared again with
    the entries that are open now. Repeating the call changes nothing. When the books are not sound, nothing
    is prepared and payouts are frozen.
    """
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    existing = session.execute(
        select(Payout).where(Payout.statement_id == statement_id, Payout.creator_id == creator_id)
    ).scalar_one_or_none()
    if existing is not None and existing.state != "failed":
        return existing
    # Commissions that were disputed while a payout was in transit, and whose payout failed, are held first.
    reapply_holds(session, now, brand_id=statement.brand_id, creator_id=creator_id)
    period = session.get_one(Period, statement.period_id)
    planned = _plan_for(session, now, statement, period, creator_id)
    if planned.block is not None or (planned.selection.settles and existing is not None):
        return None
    if not freeze_unless_sound(
        session, now, brand_id=planned.brand_id, creator_id=creator_id, selection=planned.selection
    ):
        return None
    if existing is None:
        return _first_round(session, now, planned)
    return _next_round(session, now, existing.id, planned)


def reselect(session: Session, now: datetime, payout_id: str) -> Payout:
    """Select a prepared payout's entries again: a refund may have arrived while it waited for money.

    The payout is cancelled when too little is left. A payout in another state is returned unchanged, and so
    is every payout when the books are not sound: then payouts are frozen.
    """
    payout = locked_payout(session, payout_id)
    if payout.state != "prepared":
        return payout
    statement = session.get_one(Statement, payout.statement_id)
    period = session.get_one(Period, statement.period_id)
    owner = {"brand_id": payout.brand_id, "creator_id": payout.creator_id}
    selection = select_entries(
        session, now, **owner, currency=payout.currency, period=period, reselected_payout_id=payout.id
    )
    reserved_minor = payout.amount_minor
    if not freeze_unless_sound(session, now, **owner, selection=selection, reserved_minor=reserved_minor):
        return payout
    if _same_items(session, payout, selection):
        return payout
    block = amount_block_reason(session, now, statement, payout.creator_id, selection)
    if selection.amount_minor == 0:
        block = block or Reason(PayoutReason.NOTHING_LEFT)
    if block is not None:
        return cancel(session, now, payout.id, reason=block)
    post_payout_event(session, now, payout, "payout_released")
    detach_items(session, payout)
    _start_round(session, now, payout, selection)
    return payout


def _same_items(session: Session, payout: Payout, selection: Selection) -> bool:
    taken = session.execute(
        select(Item.posting_id, Item.carried_from_id, Item.amount_minor).where(
            Item.payout_id == payout.id, Item.live
        )
    ).all()
    chosen = {(each.posting_id, each.carried_from_id, each.amount_minor) for each in selection.entries}
    return {tuple(row) for row in taken} == chosen


def _plan_for(session: Session, now: datetime, statement: Statement, period: Period, creator_id: str) -> Plan:
    selection = select_entries(session, now, statement.brand_id, creator_id, statement.currency, period)
    block = amount_block_reason(session, now, statement, creator_id, selection)
    if not selection.settles:
        block = block or payee_block_reason(payee_of(session, statement.brand_id, creator_id))
    return Plan(
        statement.id,
        statement.brand_id,
        creator_id,
        statement.currency,
        0 if block else selection.amount_minor,
        block,
        selection,
    )


def _first_round(session: Session, now: datetime, planned: Plan) -> Payout:
    payout_id = new_id("pay", now)
    inserted = insert_once(
        session,
        Payout,
        id=payout_id,
        brand_id=planned.brand_id,
        creator_id=planned.creator_id,
        statement_id=planned.statement_id,
        currency=planned.currency,
        round=1,
        amount_minor=planned.selection.amount_minor,
        carried_minor=planned.selection.carried_minor,
        state="settled" if planned.selection.settles else "prepared",
        reason=None,
        reason_code=None,
        reason_parameters=None,
        transfer_ref=None,
        prepared_at=now,
        changed_at=now,
    )
    if not inserted:
        raise Conflict("Another process prepared this payout at the same moment; run the command again.")
    payout = session.get_one(Payout, payout_id)
    _take_items(session, now, payout, planned.selection)
    return payout


def _next_round(session: Session, now: datetime, payout_id: str, planned: Plan) -> Payout:
    payout = locked_payout(session, payout_id)
    transition(session, now, payout, "prepared")
    _start_round(session, now, payout, planned.selection)
    return payout


def _start_round(session: Session, now: datetime, payout: Payout, selection: Selection) -> None:
    payout.round += 1
    payout.amount_minor = selection.amount_minor
    payout.carried_minor = selection.carried_minor
    payout.prepared_at = now
    session.flush()
    _take_items(session, now, payout, selection)


def _take_items(session: Session, now: datetime, payout: Payout, selection: Selection) -> None:
    session.add_all(_items(now, payout, selection))
    session.flush()
    if payout.state == "prepared":
        post_payout_event(session, now, payout, "payout_prepared")


def _items(now: datetime, payout: Payout, selection: Selection) -> Sequence[Item]:
    return [
        Item(
            id=new_id("pit", now),
            payout_id=payout.id,
            round=payout.round,
            posting_id=entry.posting_id,
            carried_from_id=entry.carried_from_id,
            amount_minor=entry.amount_minor,
            live=True,
        )
        for entry in selection.entries
    ]
