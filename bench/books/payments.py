"""Statements and payouts in bulk: closed, sealed and paid as the calendar of the brand has it."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bench.books.ledger import LedgerWriter, Month
from bench.books.options import CURRENCY, ZONE, SeededIds
from bench.books.people import People
from bench.books.rows import RowWriter
from config.canonical import canonical_json
from payouts.ledger.calendar import midnight_after
from payouts.statements.document.shape import SHAPE as FORMAT
from payouts.transfers.planning.rules import OpenEntry, Subject, choose
from payouts.transfers.sending.attempts import LEASE
from payouts.transfers.sending.idempotency import idempotency_key
from payouts.transfers.stripe.shapes import transfer_parameters
from tracker.money import Money
from tracker.times import format_utc

MINIMUM_MINOR = 5_000
REVIEW_DAYS = 7
API_VERSION = "2025-08-27.basil"
_EQUATION = ("opening", "earned", "reversed", "adjustments", "payments", "closing")
_SPLIT = ("held", "payable", "below_minimum", "owed_by_creator", "in_transit")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that is not sealed yet."""

    id: str
    month: Month
    drafted_at: datetime
    review_ends_at: datetime
    pay_from: datetime


@dataclass
class Balance:
    """What a member has at the end of a month, in minor units."""

    pending: int = 0
    payable: int = 0
    in_transit: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.payable + self.in_transit


@dataclass(slots=True)
class _Open:
    """Open entries of a member: posting, amount, since when, commission, and the end of the period."""

    entries: list[tuple[int, int, datetime, str, datetime]] = field(default_factory=list)


class PaymentWriter:
    """Closes months, seals their statements, and pays the members."""

    def __init__(self, writer: RowWriter, ids: SeededIds, people: People, ledger: LedgerWriter) -> None:
        self._ids, self._people, self._ledger = ids, people, ledger
        self._open: dict[int, _Open] = defaultdict(_Open)
        self._balances: dict[int, Balance] = defaultdict(Balance)
        self._previous_hash: str | None = None
        self.paid = 0
        self.statements: dict[str, Statement] = {}
        self._statement = writer.table(
            "statement", "id", "brand_id", "period_id", "currency", "state", "drafted_at", "review_ends_at",
            "pay_from", "sealed_at", "approved_by", "approved_at", "minimum_minor", "review_days",
        )  # fmt: skip
        self._document = writer.table("sealed_document", "statement_id", "body", "sha256", "previous_sha256")
        self._payout = writer.table(
            "payout", "id", "brand_id", "creator_id", "statement_id", "currency", "round", "amount_minor",
            "carried_minor", "state", "transfer_ref", "prepared_at", "changed_at",
        )  # fmt: skip
        self._item = writer.table(
            "payout_item", "id", "payout_id", "round", "posting_id", "amount_minor", "live"
        )
        self._attempt = writer.table(
            "payout_attempt", "id", "payout_id", "number", "idempotency_key", "parameters", "api_version",
            "state", "look_up_only", "transfer_ref", "first_sent_at", "last_sent_at", "lease_until",
            "settled_at",
        )  # fmt: skip

    def note_entry(
        self, number: int, posting_id: int, amount_minor: int, at: datetime, commission_id: str
    ) -> None:
        """Remember an entry of a member's `payable` for the next payout."""
        ends_at = self._ledger.month_at(at).span.ends_at
        self._open[number].entries.append((posting_id, amount_minor, at, commission_id, ends_at))

    def close(self, at: datetime, month: Month) -> Statement:
        """Close a month and draft its statement."""
        month.closed_at = at
        statement = Statement(
            self._ids.new("stm", at),
            month,
            at,
            midnight_after(at, REVIEW_DAYS, ZONE),
            midnight_after(at, REVIEW_DAYS + 1, ZONE),
        )
        self.statements[statement.id] = statement
        return statement

    def write_draft(self, statement: Statement) -> None:
        """Write a statement whose review has not ended within the history."""
        self._write(statement, "draft", None)

    def _write(self, statement: Statement, state: str, sealed_at: datetime | None) -> None:
        approved = ("silence", sealed_at) if sealed_at else (None, None)
        times = (statement.drafted_at, statement.review_ends_at, statement.pay_from, sealed_at)
        own = (statement.id, self._people.brand_id, statement.month.id, CURRENCY, state)
        self._statement((*own, *times, *approved, MINIMUM_MINOR, REVIEW_DAYS))

    def seal(self, at: datetime, statement: Statement) -> None:
        """Seal a statement with the totals of its creators, without their lines."""
        parts = [
            part
            for number, member in enumerate(self._people.members)
            if (part := self._creator_part(statement.month, number, member.creator_id, member.name))
        ]
        document = self._head(statement, at) | {
            "equation": _sums(parts, "equation", _EQUATION),
            "closing_split": _sums(parts, "closing_split", _SPLIT),
            "released_in_period": _money(sum(part["released_in_period"]["minor"] for part in parts)),
            "creators": parts,
        }
        body = canonical_json(document)
        sha256 = hashlib.sha256(body.encode()).hexdigest()
        self._write(statement, "sealed", at)
        self._document((statement.id, body, sha256, self._previous_hash))
        self._previous_hash = sha256

    def _head(self, statement: Statement, at: datetime) -> dict[str, Any]:
        span = statement.month.span
        return {
            "format": FORMAT,
            "statement": statement.id,
            "brand": {"id": self._people.brand_id, "name": self._people.brand_name},
            "currency": CURRENCY,
            "period": {
                "name": span.name,
                "starts_at": format_utc(span.starts_at),
                "ends_at": format_utc(span.ends_at),
                "timezone": ZONE,
            },
            "review_ends_at": format_utc(statement.review_ends_at),
            "pay_from": format_utc(statement.pay_from),
            "not_an_invoice": True,
            "state": "sealed",
            "sealed_at": format_utc(at),
            "approved_by": "silence",
            "approved_at": format_utc(at),
            "previous_sha256": self._previous_hash,
        }

    def _creator_part(self, month: Month, number: int, creator_id: str, name: str) -> dict[str, Any] | None:
        """The totals of a member in a month; from then on the balances are those after it."""
        changes = month.changes.pop(number, {})
        if not changes and number not in self._balances:
            return None
        balance = self._balances[number]
        opening = balance.total
        balance.pending += changes.get("pending", 0)
        balance.payable += changes.get("payable", 0)
        balance.in_transit += changes.get("in_transit", 0)
        sections = [changes.get(name, 0) for name in _EQUATION[1:-1]]
        equation = dict(zip(_EQUATION, (opening, *sections, balance.total), strict=True))
        payable = balance.payable
        split = {
            "held": balance.pending,
            "payable": payable if payable >= MINIMUM_MINOR else 0,
            "below_minimum": payable if 0 < payable < MINIMUM_MINOR else 0,
            "owed_by_creator": -payable if payable < 0 else 0,
            "in_transit": balance.in_transit,
        }
        return {
            "creator": {"id": creator_id, "name": name},
            "equation": {key: _money(minor) for key, minor in equation.items()},
            "closing_split": {key: _money(minor) for key, minor in split.items()},
            "released_in_period": _money(changes.get("released", 0)),
            "lines": [],
            "adjustments": [],
            "payments": [],
        }

    def pay(self, at: datetime, statement: Statement) -> None:
        """Pay every member whose open entries up to the month sum to the minimum or more."""
        for number in sorted(self._open):
            self._pay_member(at, statement, number)

    def _pay_member(self, at: datetime, statement: Statement, number: int) -> None:
        own, until = self._open[number], statement.month.span.ends_at
        entries = [
            OpenEntry(posting, None, amount, since, Subject(commission), later=ends_at > until)
            for posting, amount, since, commission, ends_at in own.entries
        ]
        selection = choose(entries, CURRENCY)
        if selection.amount_minor < MINIMUM_MINOR:
            return
        taken = {each.posting_id for each in selection.entries}
        own.entries = [each for each in own.entries if each[0] not in taken]
        member, amount = self._people.members[number], selection.amount_minor
        payout_id, transfer_ref = self._ids.new("pay", at), f"tr_{self._ids.new('x', at)[2:]}"
        sent_at = at + timedelta(seconds=1)
        owner = (payout_id, self._people.brand_id, member.creator_id, statement.id, CURRENCY)
        self._payout((*owner, 1, amount, selection.carried_minor, "paid", transfer_ref, at, sent_at))
        for each in selection.entries:
            self._item((self._ids.new("pit", at), payout_id, 1, each.posting_id, each.amount_minor, True))
        description = f"{self._people.brand_name}, statement {statement.month.span.name}"
        parameters = transfer_parameters(
            payout_id=payout_id,
            attempt=1,
            amount_minor=amount,
            currency=CURRENCY,
            account_ref=member.account_ref,
            description=description,
        )
        attempt = (self._ids.new("att", at), payout_id, 1, idempotency_key(payout_id, 1), parameters)
        times = (at, at, at + LEASE, sent_at)
        self._attempt((*attempt, API_VERSION, "paid", False, transfer_ref, *times))
        inputs = {"payout": payout_id, "round": 1, "amount_minor": amount}
        for when, event in ((at, "payout_prepared"), (sent_at, "payout_confirmed")):
            key = f"{event}:{payout_id}:1"
            self._ledger.post(when, event, key, inputs, payout_id, when, number, amount)
        self.paid += 1


def _money(minor: int) -> dict[str, Any]:
    return dict(Money(minor, CURRENCY).as_json())


def _sums(parts: list[dict[str, Any]], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: _money(sum(part[name][key]["minor"] for part in parts)) for key in keys}
