"""Serializers of payouts to JSON and text, for every entry point."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from payouts.settlement.models import Attempt, Item, Payout
from payouts.settlement.reasons import PAYOUT_TEXTS
from payouts.transfers.planning.preparation import Plan
from payouts.transfers.returned.queries import DECISION_WORDS, returned_of
from tracker.money import Money
from tracker.times import format_utc, optional_utc_text

_Parameters = Mapping[str, Any]


def payout_json(session: Session, payout: Payout) -> dict[str, Any]:
    """A payout with its attempts, the entries that it settles, and what came back of it."""
    return payouts_json(session, [payout])[0]


def payouts_json(session: Session, payouts: Sequence[Payout]) -> list[dict[str, Any]]:
    """`payout_json` of many, in their order, with one query for each kind of part."""
    ids = [payout.id for payout in payouts]
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in session.scalars(
        select(Attempt).where(Attempt.payout_id.in_(ids)).order_by(Attempt.payout_id, Attempt.number)
    ):
        attempts[attempt.payout_id].append(attempt)
    items: dict[str, list[Item]] = defaultdict(list)
    of_round = select(Item).join(Payout, and_(Payout.id == Item.payout_id, Payout.round == Item.round))
    for item in session.scalars(of_round.where(Item.payout_id.in_(ids)).order_by(Item.id)):
        items[item.payout_id].append(item)
    returned = returned_of(session, payouts)
    return [_payout(each, attempts[each.id], items[each.id], returned[each.id]) for each in payouts]


def _payout(
    payout: Payout, attempts: Sequence[Attempt], items: Sequence[Item], returned: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": payout.id,
        "brand": payout.brand_id,
        "creator": payout.creator_id,
        "statement": payout.statement_id,
        "state": payout.state,
        "reason": payout_reason_text(payout),
        **_code_json(payout.reason, payout.reason_code, payout.reason_parameters),
        "amount": Money(payout.amount_minor, payout.currency).as_json(),
        "carried": Money(payout.carried_minor, payout.currency).as_json(),
        "transfer": payout.transfer_ref,
        "prepared_at": format_utc(payout.prepared_at),
        "changed_at": format_utc(payout.changed_at),
        "items": [
            {
                "posting": item.posting_id,
                "carried_from": item.carried_from_id,
                "amount": Money(item.amount_minor, payout.currency).as_json(),
            }
            for item in items
        ],
        "attempts": [_attempt(attempt) for attempt in attempts],
        "returned": returned,
    }


def payout_reason_text(payout: Payout) -> str | None:
    """Why the payout is in its state, if there is something to say."""
    return _words(payout.reason, payout.reason_code, payout.reason_parameters)


def payout_text(payout: dict[str, Any]) -> str:
    reason = f" ({payout['reason']})" if payout["reason"] else ""
    transfer = f", transfer {payout['transfer']}" if payout["transfer"] else ""
    amount = Money(**payout["amount"])
    back = "".join(f"; {_returned_text(each)}" for each in payout["returned"])
    return f"{payout['id']} {amount} to {payout['creator']}: {payout['state']}{reason}{transfer}{back}"


def _returned_text(returned: dict[str, Any]) -> str:
    then = returned["decision"] and DECISION_WORDS.get(returned["decision"])
    return f"{Money(**returned['amount'])} came back, {then or 'waits until ' + returned['waits_until']}"


def plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "creator": plan.creator_id,
        "statement": plan.statement_id,
        "amount": Money(plan.amount_minor, plan.currency).as_json(),
        "unsettled": Money(plan.selection.total_minor, plan.currency).as_json(),
        "settled_without_transfer": plan.selection.settles,
        **PAYOUT_TEXTS.columns(plan.block),
    }


def plan_text(plan: dict[str, Any]) -> str:
    amount = Money(**plan["amount"])
    settled = f"{amount}, settled without a transfer" if plan["settled_without_transfer"] else str(amount)
    return f"{plan['creator']}: {plan['reason'] or settled}"


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "state": attempt.state,
        "code": attempt.code,
        "message": _words(attempt.message, attempt.reason_code, attempt.reason_parameters),
        **_code_json(attempt.message, attempt.reason_code, attempt.reason_parameters),
        "transfer": attempt.transfer_ref,
        "first_sent_at": format_utc(attempt.first_sent_at),
        "settled_at": optional_utc_text(attempt.settled_at),
    }


def _words(words: str | None, code: str | None, parameters: _Parameters | None) -> str | None:
    if words is None:
        return None
    return PAYOUT_TEXTS.shown(words, *PAYOUT_TEXTS.current(words, code, parameters))


def _code_json(words: str | None, code: str | None, parameters: _Parameters | None) -> dict[str, Any]:
    code, parameters = PAYOUT_TEXTS.current(words, code, parameters)
    return {"reason_code": code, "reason_parameters": parameters}
