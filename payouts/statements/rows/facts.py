"""Reads what many lines are made of: a constant number of queries for any number of commissions.

JSON is read as the text that is stored: it is canonical, and lines contain it as it is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from config.among import among
from config.columns import UtcSeconds
from payouts.commissions.models import Commission, Entry
from payouts.ledger.models import Posting, Transaction
from payouts.statements.rows.refunded import refunded_minor
from payouts.statements.rows.scope import Scope
from payouts.statements.rows.sold import LineEntry, SoldCommission
from tracker.programs.models import Coupon, Link, Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import AMOUNT_COLUMNS, amounts_from
from tracker.sales.orders.models import Sale


@dataclass
class Moved:
    """What the postings of one commission changed, in minor units.

    `held` is what of it is held at the end of the period; the others are of the period alone.
    """

    earned: int = 0
    reversed: int = 0
    released: int = 0
    pending: int = 0
    held: int = 0
    first_seq: int | None = None
    """The number of the first transaction in the period, if there is one."""

    def add(self, kind: str, amount_minor: int, seq_in_period: int | None) -> None:
        """A posting of the kind that a commission has (payouts/ledger/rules.py)."""
        pending = _PENDING.get(kind, 0) * amount_minor
        self.held += pending
        if seq_in_period is None:
            return
        if self.first_seq is None or seq_in_period < self.first_seq:
            self.first_seq = seq_in_period
        self.pending += pending
        if kind == "accrue":
            self.earned += amount_minor
        else:
            self.reversed += _REVERSED.get(kind, 0) * amount_minor
            self.released += _RELEASED.get(kind, 0) * amount_minor


_PENDING = {"accrue": 1, "reinstate_held": 1, "hold": 1, "reverse_held": -1, "mature": -1}
_REVERSED = {"reverse_held": 1, "reverse_payable": 1, "reinstate_held": -1, "reinstate_payable": -1}
_RELEASED = {"mature": 1, "hold": -1}
"""By kind of transaction: the sign of its amount."""


@dataclass
class LineFacts:
    """Everything that the lines of some commissions are made of. `sub_ids` of links are canonical JSON."""

    rows: Sequence[SoldCommission]
    moved: Mapping[str, Moved]
    entries: Mapping[str, Sequence[LineEntry]]
    links: Mapping[str, tuple[str, str]]
    coupons: Mapping[str, str]
    terms: Mapping[str, int]
    refunded: Mapping[str, int] = field(default_factory=dict)


def line_facts(session: Session, scope: Scope, commission_ids: Sequence[str]) -> LineFacts:
    """The rows of the commissions in the statement's brand and currency, with all that belongs to them."""
    session.flush()
    parameters = {"ids": commission_ids, "until": scope.until_seq}
    owner = {"brand_id": scope.brand_id, "currency": scope.currency}
    rows = _sold_commissions(session, parameters | owner)
    moved, periods = _moved(session, scope, parameters)
    entries = _entries(session, scope, parameters, periods)
    return LineFacts(
        rows,
        moved,
        entries,
        links={each[0]: (each[1], each[2]) for each in _named(session, _links(), {r.link_id for r in rows})},
        coupons=dict(_named(session, _coupons(), {row.coupon_id for row in rows})),
        terms=dict(_named(session, _terms(), {row.terms_id for row in rows})),
        refunded=refunded_minor(session, rows, entries),
    )


def _sold_commissions(session: Session, parameters: Mapping[str, Any]) -> list[SoldCommission]:
    found = session.connection().execute(_commissions(), parameters).all()
    amounts = -len(AMOUNT_COLUMNS)
    return [SoldCommission._make((*row[:amounts], amounts_from(row[amounts:]))) for row in found]


def _moved(
    session: Session, scope: Scope, parameters: Mapping[str, Any]
) -> tuple[dict[str, Moved], dict[str, str]]:
    """By commission, and the period of each of their transactions."""
    moved: dict[str, Moved] = defaultdict(Moved)
    periods: dict[str, str] = {}
    own, later = scope.period.id, scope.later_periods
    rows = session.connection().execute(_postings(), parameters).all()
    for subject_id, transaction_id, kind, period_id, seq, amount_minor in rows:
        periods[transaction_id] = period_id
        if period_id not in later:
            moved[subject_id].add(kind, amount_minor, seq if period_id == own else None)
    return moved, periods


def _entries(
    session: Session, scope: Scope, parameters: Mapping[str, Any], periods: Mapping[str, str]
) -> dict[str, list[LineEntry]]:
    """Entries up to the end of the period. An entry without a posting belongs to its effective time."""
    found: dict[str, list[LineEntry]] = defaultdict(list)
    later, ends_at = scope.later_periods | {_LATER}, scope.ends_at
    rows = session.connection().execute(_entries_query(), parameters).all()
    for entry in map(LineEntry._make, rows):
        if entry.transaction_id is None:
            counts = entry.at < ends_at
        else:
            counts = periods.get(entry.transaction_id, _LATER) not in later
        if counts:
            found[entry.commission_id].append(entry)
    for entries in found.values():
        entries.sort(key=_line_of)
    return found


def _line_of(entry: LineEntry) -> int:
    return entry.line


_LATER = ""
"""For the period of a transaction that is later than the last one of the scope."""


def _named(session: Session, query: Select[*tuple[Any, ...]], ids: set[str | None]) -> Sequence[Any]:
    wanted = [each for each in ids if each is not None]
    return session.connection().execute(query, {"ids": wanted}).all() if wanted else ()


@cache
def _commissions() -> Select[*tuple[Any, ...]]:
    """Parameters: `ids`, `brand_id`, `currency`."""
    return (
        select(
            Commission.id,
            Commission.creator_id,
            Commission.sale_id,
            Commission.live,
            Commission.base,
            Commission.base_minor,
            Commission.rate_bp,
            Commission.rate_from,
            Commission.amount_minor,
            Commission.expected_pay_on,
            type_coerce(Commission.release_at, UtcSeconds()),
            Sale.order_id,
            type_coerce(Sale.occurred_at, UtcSeconds()),
            Attribution.id,
            Attribution.click_id,
            Attribution.link_id,
            Attribution.coupon_id,
            Attribution.terms_id,
            Attribution.reason,
            Attribution.reason_code,
            type_coerce(Attribution.reason_parameters, Text()),
            *AMOUNT_COLUMNS,
        )
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Attribution, Attribution.id == Commission.attribution_id)
        .where(
            among(Commission.id, "ids"),
            Commission.brand_id == bindparam("brand_id"),
            Commission.currency == bindparam("currency"),
        )
    )


@cache
def _postings() -> Select[str, str, str, str, int, int]:
    """Parameters: `ids`, `until`."""
    return (
        select(
            Transaction.subject_id,
            Transaction.id,
            Transaction.kind,
            Transaction.period_id,
            Transaction.seq,
            Posting.amount_minor,
        )
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(among(Transaction.subject_id, "ids"), Transaction.seq <= bindparam("until"))
    )


@cache
def _entries_query() -> Select[*tuple[Any, ...]]:
    """Parameter: `ids`."""
    return select(
        Entry.commission_id,
        Entry.line,
        Entry.kind,
        Entry.cause_id,
        Entry.reason,
        Entry.reason_code,
        type_coerce(Entry.reason_parameters, Text()),
        Entry.amount_before_minor,
        Entry.amount_after_minor,
        Entry.transaction_id,
        type_coerce(Entry.effective_at, UtcSeconds()),
    ).where(among(Entry.commission_id, "ids"))


@cache
def _links() -> Select[*tuple[Any, ...]]:
    return select(Link.id, Link.code, type_coerce(Link.sub_ids, Text())).where(among(Link.id, "ids"))


@cache
def _coupons() -> Select[*tuple[Any, ...]]:
    return select(Coupon.id, Coupon.code).where(among(Coupon.id, "ids"))


@cache
def _terms() -> Select[*tuple[Any, ...]]:
    return select(Terms.id, Terms.version).where(among(Terms.id, "ids"))
