"""The ledger in bulk: transactions with one posting each, at the end of the brand's hash chain."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from bench.books.options import CURRENCY, ZONE, FillOptions, SeededIds
from bench.books.people import Member, People
from bench.books.rows import RowWriter
from payouts.ledger.calendar import Span, span_of
from payouts.ledger.chain import GENESIS, Link, LinkPosting, inputs_text, link_hash, text_hash
from payouts.ledger.rules import CREATOR_ACCOUNTS, EVENTS, account_id


@dataclass
class Month:
    """A period, and what its postings changed for each member: by member's number, then by name."""

    id: str
    span: Span
    changes: dict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    closed_at: datetime | None = None


class Posted(NamedTuple):
    transaction_id: str
    posting_id: int


class LedgerWriter:
    """Writes transactions in the order of their times, and keeps what statements and payouts need."""

    def __init__(
        self, options: FillOptions, writer: RowWriter, ids: SeededIds, people: People, first_posting_id: int
    ) -> None:
        self._ids, self._people = ids, people
        self._seq, self._head, self._posting_id = 0, GENESIS, first_posting_id
        self._known_accounts: set[str] = set()
        self.months: list[Month] = []
        self._accounts = writer.table("ledger_account", "id", "brand_id", "creator_id", "kind", "currency")
        self._periods = writer.table(
            "period", "id", "brand_id", "name", "starts_at", "ends_at", "state", "timezone", "cadence"
        )
        self._transactions = writer.table("ledger_transaction", *Link._fields, "hash")
        self._postings = writer.table("ledger_posting", "id", *LinkPosting._fields)

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last transaction."""
        return self._seq, self._head

    @property
    def last_posting_id(self) -> int:
        return self._posting_id

    def month_at(self, effective_at: datetime) -> Month:
        """The period of an event: the one that contains it, or the oldest that is not closed."""
        for month in reversed(self.months):
            if month.span.starts_at <= effective_at < month.span.ends_at and month.closed_at is None:
                return month
        last_closed = next((month for month in reversed(self.months) if month.closed_at), None)
        at = effective_at
        if last_closed is not None and effective_at < last_closed.span.ends_at:
            at = last_closed.span.ends_at
            found = [month for month in self.months if month.span.starts_at == at]
            if found:
                return found[0]
        return self._new_month(at)

    def _new_month(self, at: datetime) -> Month:
        span = span_of(at, "month", ZONE)
        month = Month(self._ids.new("per", at), span)
        brand_id = self._people.brand_id
        row = (month.id, brand_id, span.name, span.starts_at, span.ends_at, "open", ZONE, "month")
        self._periods(row)
        self.months.append(month)
        return month

    def post(
        self,
        at: datetime,
        kind: str,
        event_key: str,
        inputs: Mapping[str, Any],
        subject_id: str,
        effective_at: datetime,
        number: int,
        amount_minor: int,
    ) -> Posted:
        """Post an amount above 0 for one event. `number` is the member's."""
        member = self._people.members[number]
        month, rule = self.month_at(effective_at), EVENTS[kind]
        debit, credit = self._account(rule.debit, member), self._account(rule.credit, member)
        self._seq += 1
        self._posting_id += 1
        text = inputs_text(inputs)
        own = (self._ids.new("txn", at), self._people.brand_id, self._seq)
        row = Link(
            *own, kind, event_key, text, text_hash(text), subject_id, month.id, effective_at, at, self._head
        )
        posting = LinkPosting(row.id, 1, debit, credit, amount_minor, CURRENCY)
        self._head = link_hash(row, [posting])
        self._transactions((*row, self._head))
        self._postings((self._posting_id, *posting))
        changes = month.changes[number]
        changes[rule.debit] -= amount_minor
        changes[rule.credit] += amount_minor
        changes[rule.section] += rule.sign * amount_minor
        if kind == "mature":
            changes["released"] += amount_minor
        return Posted(row.id, self._posting_id)

    def _account(self, kind: str, member: Member) -> str:
        """The id of an account, which is created with its first posting."""
        is_creators = kind in CREATOR_ACCOUNTS
        brand_id = self._people.brand_id
        found: str = getattr(member, kind) if is_creators else account_id(brand_id, kind, CURRENCY, None)
        if found not in self._known_accounts:
            self._known_accounts.add(found)
            owner = member.creator_id if is_creators else None
            self._accounts((found, brand_id, owner, kind, CURRENCY))
        return found
