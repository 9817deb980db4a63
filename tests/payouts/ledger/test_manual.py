"""A person books what no rule books: once by its key, in its own period, and never more than there is."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from payouts.ledger.balances import account_balance_minor
from payouts.ledger.batches import post
from payouts.ledger.manual import DATED_KINDS, MANUAL_KINDS, book_manually
from payouts.ledger.models import Period, Posting, Transaction
from payouts.ledger.operations import Posted
from payouts.ledger.rules import EVENTS, Line, account_id, events_of
from tests.cast.books import Books, add_brand, add_creator, at
from tests.cast.months import OCTOBER
from tests.harness.processes.threads import THREADS, run_concurrently
from tracker.errors import Conflict, Invalid, LinkledgerError
from tracker.money import Money


def book(books: Books, kind: str, amount_minor: int, when: str = "10-02", **changes: Any) -> Posted:
    """Book it of the member where it concerns a creator. The key is made of what it says."""
    concerns = any(EVENTS[event].concerns_creator for event in events_of(kind))
    values: dict[str, Any] = {
        "key": f"{kind} {amount_minor} {when}",
        "currency": books.currency,
        "reason": "as agreed",
        "creator_id": books.creator_id if concerns else None,
    } | changes
    return books.write(  # type: ignore[no-any-return]
        lambda s: book_manually(
            s, at(when), brand_id=books.brand_id, kind=kind, amount_minor=amount_minor, **values
        )
    )


def balance(books: Books, account: str, currency: str = "EUR") -> int:
    """Credits less debits of one of the brand's own accounts."""
    with read_session(books.databases.main) as session:
        return account_balance_minor(session, account_id(books.brand_id, account, currency, None))


def test_a_payment_by_hand_comes_from_the_bank_and_leaves_the_funding(books: Books) -> None:
    book(books, "deposit", 100_00)
    book(books, "paid_by_hand", 30_00)
    assert (balance(books, "bank"), -balance(books, "funding")) == (30_00, 100_00)
    assert books.balance().payable_minor == -30_00


def test_payments_by_hand_of_earlier_versions_stay_and_are_no_fault(
    books: Books, databases: Databases
) -> None:
    former_payment_by_hand(books, 30_00)
    book(books, "paid_by_hand", 20_00)
    assert books.faults() == []
    assert (balance(books, "bank"), balance(books, "funding")) == (20_00, 30_00)
    document = books.close("2026-10", OCTOBER.closing)
    assert document["equation"]["payments"]["minor"] == 50_00
    with read_session(databases.main) as session:
        assert session.scalars(select(Transaction.kind)).all() == ["paid_by_hand"] * 2


def former_payment_by_hand(books: Books, amount_minor: int) -> None:
    """The rows that versions before the account `bank` wrote: they moved `payable` to `funding`."""
    books.write(
        lambda s: post(
            s,
            at("10-01"),
            brand_id=books.brand_id,
            kind="paid_by_hand",
            event_key="by-hand:former",
            inputs={"kind": "paid_by_hand", "amount_minor": amount_minor, "reason": "cash"},
            lines=[Line("orphan_adopted", amount_minor, "EUR", books.creator_id)],
            subject_id=books.creator_id,
            effective_at=at("10-01"),
        )
    )


def test_a_posting_of_another_kind_to_former_accounts_is_a_fault(books: Books) -> None:
    books.write(
        lambda s: post(
            s,
            at("10-01"),
            brand_id=books.brand_id,
            kind="tax_withheld",
            event_key="t",
            inputs={},
            lines=[Line("orphan_adopted", 1, "EUR", books.creator_id)],
            subject_id=books.creator_id,
            effective_at=at("10-01"),
        )
    )
    (fault,) = books.faults()
    assert "(tax_withheld) moved payable to funding" in fault


@pytest.mark.parametrize(
    ("kind", "before", "most"),
    [
        ("write_off", [("deduction", 7_00)], "7.00 EUR"),
        ("unclaimed", [("bonus", 7_00)], "7.00 EUR"),
        ("claimed", [("bonus", 9_00), ("unclaimed", 7_00)], "7.00 EUR"),
        ("exchange", [("bonus", 7_00)], "7.00 EUR"),
        ("write_off", [("bonus", 7_00)], "0.00 EUR"),
        ("unclaimed", [("deduction", 7_00)], "0.00 EUR"),
        ("claimed", [("bonus", 9_00)], "0.00 EUR"),
        ("exchange", [("deduction", 7_00)], "0.00 EUR"),
    ],
)
def test_a_booking_takes_no_more_than_there_is(
    books: Books, kind: str, before: list[tuple[str, int]], most: str
) -> None:
    for each, amount_minor in before:
        book(books, each, amount_minor)
    options: dict[str, Any] = {"to": Money(1, "JPY")} if kind == "exchange" else {}
    with pytest.raises(Conflict) as refusal:
        book(books, kind, 7_01, **options)
    for part in (most, "7.01 EUR", books.creator_id, "Nothing was booked"):
        assert part in str(refusal.value)
    if most != "0.00 EUR":
        assert not book(books, kind, 7_00, **options).duplicate
        assert book(books, kind, 7_00, **options).duplicate
    assert books.faults() == []


def test_what_is_unclaimed_of_others_cannot_be_claimed(books: Books) -> None:
    """The account is the brand's. Whose money it was is in the subject of the bookings."""
    bert, mugs = add_creator(books, "bert"), add_brand(books)
    for each in (bert, mugs):
        book(each, "bonus", 7_00)
        book(each, "unclaimed", 7_00)
    with pytest.raises(Conflict, match="unclaimed"):
        book(books, "claimed", 1)
    book(bert, "claimed", 7_00)
    assert (balance(books, "unclaimed"), balance(mugs, "unclaimed")) == (0, 7_00)


def test_a_debt_is_written_off_once_by_many_people_at_once(books: Books) -> None:
    book(books, "deduction", 7_00)

    def write_off(number: int) -> bool:
        try:
            return not book(books, "write_off", 7_00, key=f"w{number}").duplicate
        except Conflict:
            return False

    booked = run_concurrently(*[lambda n=number: write_off(n) for number in range(THREADS)])
    assert (sum(booked), books.balance().payable_minor) == (1, 0)


def test_an_exchange_is_one_transaction_in_two_currencies(books: Books) -> None:
    book(books, "bonus", 9000, currency="JPY", key="yen")
    exchanged = book(books, "exchange", 8000, currency="JPY", to=Money(50_00, "EUR"))
    with read_session(books.databases.main) as session:
        query = select(Posting.currency, Posting.amount_minor).where(
            Posting.transaction_id == exchanged.transaction_id
        )
        lines = session.execute(query.order_by(Posting.line)).all()
    assert [tuple(line) for line in lines] == [("JPY", 8000), ("EUR", 50_00)]
    assert (books.balance(currency="JPY").payable_minor, books.balance().payable_minor) == (1000, 50_00)
    assert (balance(books, "fx", "JPY"), balance(books, "fx")) == (8000, -50_00)
    book(books, "exchange_loss", 1_00)
    assert (balance(books, "fx"), balance(books, "fx_result")) == (-49_00, -1_00)
    assert books.faults() == []


def test_an_exchange_is_on_the_statements_of_both_currencies(books: Books) -> None:
    book(books, "bonus", 9000, currency="JPY", key="yen")
    book(books, "exchange", 9000, currency="JPY", to=Money(50_00, "EUR"))
    in_euros = books.close("2026-10", OCTOBER.closing)["creators"][0]["adjustments"]
    in_yen = books.statement("2026-10", "JPY")["creators"][0]["adjustments"]
    assert [(each["what"], each["amount"]["minor"]) for each in in_euros] == [("exchange", 50_00)]
    assert [(each["what"], each["amount"]["minor"]) for each in in_yen] == [
        ("bonus", 9000),
        ("exchange", -9000),
    ]
    assert {each["reason"] for each in (*in_euros, *in_yen)} == {"as agreed"}


@pytest.mark.parametrize("kind", sorted(DATED_KINDS))
def test_money_that_moved_elsewhere_counts_from_its_date_there(books: Books, kind: str) -> None:
    booked = book(books, kind, 1_00, "11-05", day=date(2026, 10, 31))
    with read_session(books.databases.main) as session:
        transaction = session.get_one(Transaction, booked.transaction_id)
        assert transaction.effective_at == at("10-31 00:00")
        assert session.get_one(Period, booked.period_id).name == "2026-10"
    assert book(books, kind, 1_00, "11-06", key=f"{kind} 100 11-05", day=date(2026, 10, 31)).duplicate


def test_a_date_in_a_closed_period_counts_in_the_oldest_open_one(books: Books) -> None:
    book(books, "bonus", 7_00)
    books.end("2026-10", OCTOBER.closing)
    booked = book(books, "paid_by_hand", 1_00, "11-05", day=date(2026, 10, 31))
    with read_session(books.databases.main) as session:
        assert session.get_one(Period, booked.period_id).name == "2026-11"


INVALID: dict[str, dict[str, Any]] = {
    "a date in the future": {"kind": "paid_by_hand", "day": date(2026, 10, 3)},
    "a date before the brand": {"kind": "deposit", "creator_id": None, "day": date(2026, 8, 31)},
    "a date beyond the calendar": {"kind": "paid_by_hand", "day": date.max},
    "a date of what has none": {"kind": "bonus", "day": date(2026, 10, 1)},
    "an exchange without the other amount": {"kind": "exchange"},
    "an exchange of one currency": {"kind": "exchange", "to": Money(5, "EUR")},
    "an exchange for nothing": {"kind": "exchange", "to": Money(0, "JPY")},
    "two amounts of a bonus": {"kind": "bonus", "to": Money(5, "JPY")},
    "a line of an exchange": {"kind": "exchange_out", "to": Money(5, "JPY")},
    "a creator of the brand's gain": {"kind": "exchange_gain"},
    "a creator of a debt that the rail collects": {"kind": "rail_loss"},
    "tax of nobody": {"kind": "tax_withheld", "creator_id": None},
}


@pytest.mark.parametrize("case", INVALID)
def test_a_booking_that_makes_no_sense_is_refused(books: Books, case: str) -> None:
    book(books, "bonus", 9_00)
    options = {"key": "k", "creator_id": books.creator_id} | INVALID[case]
    with pytest.raises(Invalid):
        book(books, options.pop("kind"), 5_00, **options)
    assert transaction_count(books) == 1


def transaction_count(books: Books) -> int:
    with read_session(books.databases.main) as session:
        return len(session.scalars(select(Transaction.id)).all())


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "withdrawal"},
        {"amount_minor": 101},
        {"currency": "USD"},
        {"reason": "another"},
        {"day": date(2026, 10, 1)},
        {"day": None},
    ],
)
def test_a_key_with_other_contents_books_nothing(books: Books, changes: dict[str, Any]) -> None:
    values: dict[str, Any] = {"kind": "deposit", "amount_minor": 100, "key": "k", "day": date(2026, 9, 30)}
    book(books, **values)
    with pytest.raises(Conflict, match="by-hand:k"):
        book(books, **(values | changes))
    assert transaction_count(books) == 1


def test_reverse_charge_and_gifts_may_name_a_creator_who_gets_nothing(books: Books) -> None:
    for kind in ("gift", "vat_reverse_charge", "vat_reverse_charge_credit_note"):
        book(books, kind, 5_00, creator_id=books.creator_id, key=f"{kind} of the creator")
        book(books, kind, 5_00, key=f"{kind} of nobody")
    assert books.balance().total_minor == 0
    assert books.faults() == []


def test_every_kind_of_a_person_has_one_line_that_says_what_it_is_for() -> None:
    purposes = {kind: EVENTS[events_of(kind)[0]].purpose for kind in MANUAL_KINDS}
    assert len(set(purposes.values())) == len(MANUAL_KINDS) == 20
    assert all(10 < len(each) <= 46 for each in purposes.values())


def test_an_unknown_kind_has_no_event(books: Books) -> None:
    assert (events_of("no such kind"), events_of("exchange_out")) == ((), ())
    with pytest.raises(LinkledgerError, match="cannot be booked by hand"):
        book(books, "no such kind", 1)
