"""Whatever is booked, every statement's equation is true: random bookings of every kind, in two periods."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.ledger.balances import creator_balances
from payouts.ledger.batches import post
from payouts.ledger.models import Period
from payouts.ledger.rules import EXCHANGE_EVENTS, Line, kind_of
from payouts.statements.close import close_period, statements_of
from payouts.statements.document.document import statement_document
from tests.cast.books import Books, at
from tests.payouts.ledger.test_posting import TABLE

ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.strip().splitlines()}
"""By event: debit, credit, section and sign, as the test of the rules has them."""

CREATOR_KINDS = ("pending", "payable", "in_transit")
DAYS = {"2026-10": "10-20", "2026-11": "11-20"}
SOLD_MINOR = 100_00
"""What the four sales of the books have earned in October."""

KINDS = sorted({kind_of(event) for event in ROWS})


@dataclass(frozen=True)
class Booking:
    """An exchange gives the amount, and receives a fifth of it and one more in the other currency."""

    kind: str
    period: str
    currency: str
    amount_minor: int

    def lines(self, creator_id: str) -> list[Line]:
        if self.kind != "exchange":
            return [Line(self.kind, self.amount_minor, self.currency, creator_id)]
        other = "JPY" if self.currency == "EUR" else "EUR"
        given_line = Line(EXCHANGE_EVENTS[0], self.amount_minor, self.currency, creator_id)
        return [given_line, Line(EXCHANGE_EVENTS[1], self.amount_minor // 5 + 1, other, creator_id)]


def bookings(kinds: SearchStrategy[str]) -> SearchStrategy[Booking]:
    currencies = st.sampled_from(["EUR", "JPY"])
    return st.builds(Booking, kinds, st.sampled_from(list(DAYS)), currencies, st.integers(1, 9999))


every_kind = st.tuples(*(bookings(st.just(kind)) for kind in KINDS))
more_bookings = st.lists(bookings(st.sampled_from(KINDS)), max_size=30)


class Expected:
    """The sections by period and currency, and the balances, computed from the rows alone."""

    def __init__(self) -> None:
        self.sections: Counter[tuple[str, str, str]] = Counter({("2026-10", "EUR", "earned"): SOLD_MINOR})
        self.moved: Counter[tuple[str, str]] = Counter({("2026-10", "EUR"): SOLD_MINOR})

    def add(self, event: str, period: str, currency: str, amount_minor: int) -> None:
        debit, credit, section, sign = ROWS[event]
        self.sections[period, currency, section] += amount_minor if sign == "+" else -amount_minor
        self.moved[period, currency] += amount_minor * ((credit in CREATOR_KINDS) - (debit in CREATOR_KINDS))

    def equation(self, period: str, currency: str) -> dict[str, int]:
        opening = self.moved["2026-10", currency] if period == "2026-11" else 0
        names = ("earned", "reversed", "adjustments", "payments")
        sections = {name: self.sections[period, currency, name] for name in names}
        return {"opening": opening, **sections, "closing": opening + self.moved[period, currency]}


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(first=every_kind, more=more_bookings)
def test_equation_of_every_statement_is_true(
    written: Books, first: tuple[Booking, ...], more: list[Booking]
) -> None:
    """Every kind at least once, in any period and currency, and more of any."""
    with Session(written.databases.main) as session:
        expected = Expected()
        for number, booking in enumerate([*first, *more]):
            book(written, session, booking, f"b{number}")
            for line in booking.lines(written.creator_id):
                expected.add(line.event, booking.period, line.currency, line.amount_minor)
        close_period(session, at("12-01"), written.brand_id, "2026-11")
        require_expected_statements(written, session, expected)
        session.rollback()


def book(books: Books, session: Session, booking: Booking, key: str) -> None:
    post(
        session,
        at("11-30"),
        brand_id=books.brand_id,
        kind=booking.kind,
        event_key=key,
        inputs={},
        lines=booking.lines(books.creator_id),
        subject_id=books.creator_id,
        effective_at=at(DAYS[booking.period]),
    )


def require_expected_statements(books: Books, session: Session, expected: Expected) -> None:
    for period in session.scalars(select(Period).order_by(Period.starts_at)).all():
        for statement in statements_of(session, books.brand_id, period.id):
            document = statement_document(session, statement)
            equation = {name: amount["minor"] for name, amount in document["equation"].items()}
            assert equation == expected.equation(period.name, statement.currency)
            closing = equation["opening"] + equation["earned"] - equation["reversed"]
            assert closing + equation["adjustments"] - equation["payments"] == equation["closing"]
    for currency in ("EUR", "JPY"):
        balances = creator_balances(session, books.brand_id, currency).values()
        total = sum(each.total_minor for each in balances)
        assert total == expected.equation("2026-11", currency)["closing"]
