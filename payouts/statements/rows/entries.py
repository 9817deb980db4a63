"""The postings of a statement that belong to no commission: adjustments, payments, and moves of payouts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, type_coerce
from sqlalchemy.orm import Session, aliased

from config.among import among
from config.canonical import canonical_json
from config.columns import UtcSeconds
from payouts.ledger.manual import posting_reason_json
from payouts.ledger.models import Account, Period, Posting, Transaction
from payouts.ledger.rules import CREATOR_ACCOUNTS, event_between
from payouts.settlement.models import Attempt, Payout
from payouts.statements.models import Statement
from payouts.statements.rows.scope import Scope

_Debit, _Credit = aliased(Account), aliased(Account)


def entry_rows(session: Session, scope: Scope, transaction_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The columns of StatementEntry of the transactions' postings on accounts of creators."""
    rows = session.execute(_postings(), {"ids": transaction_ids, "currency": scope.currency}).all()
    payouts = _payouts(session, [row.subject_id for row in rows if row.kind in _OF_PAYOUTS])
    accounts = _accounts(session, payouts)
    found = []
    for row in rows:
        if (creator_id := row.debited or row.credited) is None:
            continue
        rule = event_between(row.debit_kind, row.credit_kind, row.kind)
        changed = _changed(row)
        entry = {
            "statement_id": scope.statement_id,
            "section": rule.section,
            "creator_id": creator_id,
            "seq": row.seq,
            "line": row.line,
            "transaction_id": row.id,
            "amount_minor": rule.sign * row.amount_minor,
            **{f"{kind}_minor": changed[kind] for kind in CREATOR_ACCOUNTS},
            "released_minor": _RELEASED.get(row.kind, 0) * row.amount_minor,
        }
        payout = payouts.get(row.subject_id)
        entry["body"] = _body(entry, row, payout, accounts.get(payout.id) if payout else None)
        found.append(entry)
    return found


_RELEASED = {"mature": 1, "hold": -1}
_OF_PAYOUTS = ("payout_confirmed", "transfer_reversed", "orphan_adopted")


def _changed(row: Any) -> Counter[str]:
    """By kind of a creator's account: what the posting changed of its balance."""
    changed: Counter[str] = Counter()
    changed[row.debit_kind] -= row.amount_minor
    changed[row.credit_kind] += row.amount_minor
    return changed


def _body(entry: Mapping[str, Any], row: Any, payout: Any, rail_account: str | None) -> str:
    """The row of the sealed format; nothing for a posting that no part lists."""
    reason = posting_reason_json(row.kind, row.inputs)
    words = (reason["reason"], reason["reason_code"], reason["reason_parameters"])
    head = (entry["creator_id"], row.kind, entry["amount_minor"])
    if entry["section"] == "adjustments":
        return canonical_json((*head, *words, row.at, row.id))
    if entry["section"] != "payments":
        return ""
    transfer = row.inputs.get("transfer") or (payout.transfer_ref if payout else None)
    details = (row.at, payout.id if payout else None, rail_account, transfer, row.inputs.get("reversal"))
    authorised_by = payout.period if payout else None
    return canonical_json((*head, *details, *words, authorised_by, row.id))


def _payouts(session: Session, ids: Sequence[str]) -> Mapping[str, Any]:
    """The payouts among the subjects, each with the name of the period of its statement."""
    return {each.id: each for each in session.execute(_payouts_query(), {"ids": ids})} if ids else {}


def _accounts(session: Session, payouts: Mapping[str, Any]) -> dict[str, str]:
    """By payout: the account at the rail to which its transfer went."""
    if not payouts:
        return {}
    rows = session.execute(_attempts(), {"ids": list(payouts)})
    return {
        payout_id: parameters["destination"] for payout_id, parameters in rows if "destination" in parameters
    }


@cache
def _postings() -> Select[*tuple[Any, ...]]:
    """Parameters: `ids`, `currency`."""
    return (
        select(
            Transaction.id,
            Transaction.seq,
            Transaction.kind,
            Transaction.subject_id,
            Transaction.inputs,
            type_coerce(Transaction.effective_at, UtcSeconds()).label("at"),
            Posting.line,
            Posting.amount_minor,
            _Debit.creator_id.label("debited"),
            _Debit.kind.label("debit_kind"),
            _Credit.creator_id.label("credited"),
            _Credit.kind.label("credit_kind"),
        )
        .join(Posting, Posting.transaction_id == Transaction.id)
        .join(_Debit, _Debit.id == Posting.debit_account_id)
        .join(_Credit, _Credit.id == Posting.credit_account_id)
        .where(among(Transaction.id, "ids"), Posting.currency == bindparam("currency"))
        .order_by(Transaction.seq, Posting.line)
    )


@cache
def _payouts_query() -> Select[*tuple[Any, ...]]:
    return (
        select(Payout.id, Payout.transfer_ref, Period.name.label("period"))
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(among(Payout.id, "ids"))
    )


@cache
def _attempts() -> Select[str, dict[str, Any]]:
    """The attempts that paid: the last one of a payout comes last."""
    paid: ColumnElement[bool] = Attempt.transfer_ref.is_not(None)
    return (
        select(Attempt.payout_id, Attempt.parameters)
        .where(among(Attempt.payout_id, "ids"), paid)
        .order_by(Attempt.number)
    )
