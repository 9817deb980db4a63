"""Writes to the ledger: each event once, under the brand's lock, at the end of its hash chain.

Any number of events of a brand is recorded by the same number of statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from config.canonical import CanonicalText
from config.insert import insert_all, insert_new
from payouts.ledger.chain import Link, LinkPosting, inputs_text, link_hash, text_hash
from payouts.ledger.models import Account, Chain, Period, Posting, Transaction
from payouts.ledger.operations import Posted, find_all_posted, lock_books
from payouts.ledger.periods import periods_for
from payouts.ledger.rules import CREATOR_ACCOUNTS, EVENTS, Line, account_id, accounts_of
from tracker.ids import new_id
from tracker.people.accounts.operations import get_brand


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """An event to record.

    `inputs` are the facts of the event as JSON values, and `lines` the postings that follow from them.
    `subject_id` is the commission, payout, creator or brand concerned. Without `period` the event counts in
    the period of its effective time; decisions about a draft give it, and changes that follow their money.
    """

    kind: str
    event_key: str
    inputs: Mapping[str, Any]
    lines: Sequence[Line]
    subject_id: str
    effective_at: datetime
    period: Period | None = None


def post(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    kind: str,
    event_key: str,
    inputs: Mapping[str, Any],
    lines: Sequence[Line],
    subject_id: str,
    effective_at: datetime,
    period: Period | None = None,
) -> Posted:
    """Record one event, described as in NewTransaction: all its postings or none, once.

    Raises Conflict when the key was used with other inputs.
    """
    new = NewTransaction(kind, event_key, inputs, lines, subject_id, effective_at, period)
    return post_all(session, now, brand_id, [new])[0]


def post_all(
    session: Session, now: datetime, brand_id: str, transactions: Sequence[NewTransaction]
) -> list[Posted]:
    """Record events of one brand in their order, each with all its postings, once. No key comes twice.

    Returns where each event is recorded. Raises Conflict when a key was used with other inputs.
    """
    if not transactions:
        return []
    chain = lock_books(session, brand_id)
    events = [_event(each) for each in transactions]
    hashes = {each.new.event_key: each.inputs_hash for each in events}
    posted = find_all_posted(session, brand_id, hashes)
    unknown = [each for each in events if each.new.event_key not in posted]
    if unknown:
        posted |= _record(session, now, chain, unknown)
    return [posted[each.event_key] for each in transactions]


class _Event(NamedTuple):
    """An event with its inputs as they are stored."""

    new: NewTransaction
    inputs: CanonicalText
    inputs_hash: str


def _event(new: NewTransaction) -> _Event:
    inputs = inputs_text(new.inputs)
    return _Event(new, inputs, text_hash(inputs))


def _record(session: Session, now: datetime, chain: Chain, events: Sequence[_Event]) -> dict[str, Posted]:
    """By event key: the new transactions, which are the next links of the chain."""
    brand_id = chain.brand_id
    periods = _periods(session, now, brand_id, events)
    accounts = _accounts(session, brand_id, (line for each in events for line in each.new.lines))
    seq, head = chain.seq, chain.head_hash
    rows, postings, posted = [], [], {}
    for each, period in zip(events, periods, strict=True):
        new, seq = each.new, seq + 1
        link = Link(
            id=new_id("txn", now),
            brand_id=brand_id,
            seq=seq,
            kind=new.kind,
            event_key=new.event_key,
            inputs=each.inputs,
            inputs_hash=each.inputs_hash,
            subject_id=new.subject_id,
            period_id=period.id,
            effective_at=new.effective_at,
            recorded_at=now,
            previous_hash=head,
        )
        lines = [
            LinkPosting(link.id, number, *accounts[_sides(line)], line.amount_minor, line.currency)
            for number, line in enumerate(new.lines, start=1)
        ]
        head = link_hash(link, lines)
        rows.append({**link._asdict(), "hash": head})
        postings += [line._asdict() for line in lines]
        posted[new.event_key] = Posted(link.id, period.id, duplicate=False)
    chain.seq, chain.head_hash = seq, head
    session.flush()
    insert_all(session, Transaction, rows)
    insert_all(session, Posting, postings)
    return posted


def _periods(session: Session, now: datetime, brand_id: str, events: Sequence[_Event]) -> list[Period]:
    """The period of each event."""
    undecided = {each.new.effective_at for each in events if each.new.period is None}
    found = periods_for(session, now, get_brand(session, brand_id), undecided)
    return [each.new.period or found[each.new.effective_at] for each in events]


_Sides = tuple[str, str, str | None]


def _sides(line: Line) -> _Sides:
    """What the two accounts of a line depend on."""
    return (line.event, line.currency, line.creator_id)


def _accounts(session: Session, brand_id: str, lines: Iterable[Line]) -> dict[_Sides, tuple[str, str]]:
    """By `_sides`: the ids of the debit and the credit account. Creates accounts that are missing."""
    found, wanted = {}, {}
    for line in {_sides(line): line for line in lines}.values():
        found[_sides(line)] = accounts_of(line, brand_id)
        for kind in (EVENTS[line.event].debit, EVENTS[line.event].credit):
            owner = line.creator_id if kind in CREATOR_ACCOUNTS else None
            values = {"brand_id": brand_id, "kind": kind, "currency": line.currency, "creator_id": owner}
            wanted[account_id(brand_id, kind, line.currency, owner)] = values
    existing = set(session.scalars(_accounts_query(), {"ids": list(wanted)}))
    missing = [{"id": each, **values} for each, values in wanted.items() if each not in existing]
    insert_new(session, Account, missing)
    return found


@cache
def _accounts_query() -> Select[str]:
    """Parameter: `ids`."""
    return select(Account.id).where(among(Account.id, "ids"))
