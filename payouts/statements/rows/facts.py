"""Reads what many lines are made of: a constant number of queries for any number of commissions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from config.among import among
from config.columns import UtcSeconds
from payouts.commissions.adjustment import entered_facts
from payouts.commissions.models import Commission, Entry
from payouts.commissions.take_back import take_back_end
from payouts.commissions.worth.causes import causes_of_sales
from payouts.ledger.models import Posting, Transaction
from payouts.statements.rows.scope import Scope
from tracker.programs.models import Coupon, Link, Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import AMOUNT_COLUMNS
from tracker.sales.orders.models import Sale

_REPORT_KINDS = frozenset(
    {
        "refund",
        "refund_failed",
        "refund_level",
        "cancellation",
        "dispute_opened",
        "dispute_won",
        "dispute_lost",
    }
)
"""Kinds of entries whose causes are reports of a shop."""


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
    touched: bool = False
    """Whether anything was posted in the period."""

    def add(self, kind: str, amount_minor: int, *, in_period: bool) -> None:
        """A posting of the kind that a commission has (payouts/ledger/rules.py)."""
        pending = _PENDING.get(kind, 0) * amount_minor
        self.held += pending
        if not in_period:
            return
        self.touched = True
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
    """Everything that the lines of some commissions are made of."""

    rows: Sequence[Any]
    moved: Mapping[str, Moved]
    entries: Mapping[str, Sequence[Any]]
    links: Mapping[str, Any]
    coupons: Mapping[str, str]
    terms: Mapping[str, int]
    refunded: Mapping[str, int] = field(default_factory=dict)


def line_facts(session: Session, scope: Scope, commission_ids: Sequence[str]) -> LineFacts:
    """The rows of the commissions in the statement's brand and currency, with all that belongs to them."""
    parameters = {"ids": commission_ids, "until": scope.until_seq}
    owner = {"brand_id": scope.brand_id, "currency": scope.currency}
    rows = session.execute(_commissions(), parameters | owner).all()
    moved, periods = _moved(session, scope, parameters)
    entries = _entries(session, scope, parameters, periods)
    return LineFacts(
        rows,
        moved,
        entries,
        links={each.id: each for each in _named(session, _links(), {row.link_id for row in rows})},
        coupons={each.id: each.code for each in _named(session, _coupons(), {row.coupon_id for row in rows})},
        terms={each.id: each.version for each in _named(session, _terms(), {row.terms_id for row in rows})},
        refunded=_refunded(session, rows, entries),
    )


def _moved(
    session: Session, scope: Scope, parameters: Mapping[str, Any]
) -> tuple[dict[str, Moved], dict[str, str]]:
    """By commission, and the period of each of their transactions."""
    moved: dict[str, Moved] = defaultdict(Moved)
    periods: dict[str, str] = {}
    own, later = scope.period.id, scope.later_periods
    for subject_id, transaction_id, kind, period_id, amount_minor in session.execute(_postings(), parameters):
        periods[transaction_id] = period_id
        if period_id not in later:
            moved[subject_id].add(kind, amount_minor, in_period=period_id == own)
    return moved, periods


def _entries(
    session: Session, scope: Scope, parameters: Mapping[str, Any], periods: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Entries up to the end of the period. An entry without a posting belongs to its effective time."""
    found: dict[str, list[Any]] = defaultdict(list)
    later, ends_at = scope.later_periods | {_LATER}, scope.ends_at
    for entry in session.execute(_entries_query(), parameters):
        if entry.transaction_id is None:
            counts = entry.at < ends_at
        else:
            counts = periods.get(entry.transaction_id, _LATER) not in later
        if counts:
            found[entry.commission_id].append(entry)
    return found


_LATER = ""
"""For the period of a transaction that is later than the last one of the scope."""


def _refunded(session: Session, rows: Sequence[Any], entries: Mapping[str, Sequence[Any]]) -> dict[str, int]:
    """By commission: what shops reported as refunded. Only commissions with such an entry are looked at."""
    reported = {
        row.id: row for row in rows if any(entry.kind in _REPORT_KINDS for entry in entries.get(row.id, ()))
    }
    if not reported:
        return {}
    sales = {
        each.id: each
        for each in session.scalars(_sales(), {"ids": [row.sale_id for row in reported.values()]})
    }
    terms = {
        each.id: each
        for each in session.scalars(
            _whole_terms(), {"ids": list({row.terms_id for row in reported.values()})}
        )
    }
    causes = causes_of_sales(session, list(sales))
    found = {}
    for commission_id, row in reported.items():
        sale = sales[row.sale_id]
        until = take_back_end(sale, terms.get(row.terms_id))
        facts = entered_facts(sale, causes.get(sale.id, []), list(entries[commission_id]), until)
        back = sum(amounts.amount for _, amounts in facts.effective_refunds())
        found[commission_id] = facts.sale.total if facts.cancelled else min(back, facts.sale.total)
    return found


def _named(session: Session, query: Select[*tuple[Any, ...]], ids: set[str | None]) -> Sequence[Any]:
    wanted = [each for each in ids if each is not None]
    return session.execute(query, {"ids": wanted}).all() if wanted else ()


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
            type_coerce(Commission.release_at, UtcSeconds()).label("release_at"),
            Sale.order_id,
            type_coerce(Sale.occurred_at, UtcSeconds()).label("occurred_at"),
            *AMOUNT_COLUMNS,
            Attribution.click_id,
            Attribution.link_id,
            Attribution.coupon_id,
            Attribution.terms_id,
            Attribution.reason,
            Attribution.reason_code,
            Attribution.reason_parameters,
        )
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Attribution, Attribution.id == Commission.attribution_id)
        .where(
            among(Commission.id, "ids"),
            Commission.brand_id == bindparam("brand_id"),
            Commission.currency == bindparam("currency"),
        )
        .order_by(Commission.creator_id, Commission.id)
    )


@cache
def _postings() -> Select[str, str, str, str, int]:
    """Parameters: `ids`, `until`."""
    return (
        select(
            Transaction.subject_id,
            Transaction.id,
            Transaction.kind,
            Transaction.period_id,
            Posting.amount_minor,
        )
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(among(Transaction.subject_id, "ids"), Transaction.seq <= bindparam("until"))
    )


@cache
def _entries_query() -> Select[*tuple[Any, ...]]:
    """Parameter: `ids`."""
    return (
        select(
            Entry.commission_id,
            Entry.kind,
            Entry.cause_id,
            Entry.reason,
            Entry.reason_code,
            Entry.reason_parameters,
            Entry.amount_before_minor,
            Entry.amount_after_minor,
            Entry.transaction_id,
            type_coerce(Entry.effective_at, UtcSeconds()).label("at"),
        )
        .where(among(Entry.commission_id, "ids"))
        .order_by(Entry.commission_id, Entry.line)
    )


@cache
def _links() -> Select[*tuple[Any, ...]]:
    return select(Link.id, Link.code, Link.sub_ids).where(among(Link.id, "ids"))


@cache
def _coupons() -> Select[*tuple[Any, ...]]:
    return select(Coupon.id, Coupon.code).where(among(Coupon.id, "ids"))


@cache
def _terms() -> Select[*tuple[Any, ...]]:
    return select(Terms.id, Terms.version).where(among(Terms.id, "ids"))


@cache
def _sales() -> Select[Sale]:
    return select(Sale).where(among(Sale.id, "ids"))


@cache
def _whole_terms() -> Select[Terms]:
    return select(Terms).where(among(Terms.id, "ids"))
