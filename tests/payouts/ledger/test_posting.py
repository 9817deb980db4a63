"""An event is booked once, also when it is repeated or booked concurrently."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.ledger.balances import account_balance_minor
from payouts.ledger.batches import post
from payouts.ledger.manual import MANUAL_KINDS, book_manually
from payouts.ledger.models import Account, Chain, Period, Posting, Transaction
from payouts.ledger.operations import Posted
from payouts.ledger.rules import CREATOR_ACCOUNTS, EVENTS, Line, events_of
from payouts.statements.document.movements import Movement, Sections
from tests.cast.books import Books, add_brand, at
from tests.harness.processes.threads import THREADS, run_concurrently
from tests.payouts.ledger.conftest import book_findings
from tracker.errors import Conflict, Invalid, NotFound
from tracker.money import Money

TABLES = (Transaction, Posting, Account, Period, Chain)


def deposit(books: Books, key: str, amount_minor: int = 100, **inputs: Any) -> Posted:
    posted: Posted = books.write(
        lambda s: post(
            s,
            at("10-01"),
            brand_id=books.brand_id,
            kind="deposit",
            event_key=key,
            inputs={"amount_minor": amount_minor, **inputs},
            lines=[Line("deposit", amount_minor, "EUR")],
            subject_id=books.brand_id,
            effective_at=at("10-01"),
        )
    )
    return posted


def counts(databases: Databases) -> list[int]:
    with read_session(databases.main) as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def chain_head(databases: Databases) -> tuple[int, str]:
    with read_session(databases.main) as session:
        chain = session.scalars(select(Chain)).one()
        return chain.seq, chain.head_hash


def chain_is_valid(databases: Databases) -> bool:
    with read_session(databases.main) as session:
        return not book_findings(session, "chain")


def test_repeated_event_is_recognised_by_its_inputs(books: Books, databases: Databases) -> None:
    first = deposit(books, "d1", note="b", at="a")
    before = counts(databases), chain_head(databases)
    again = deposit(books, "d1", at="a", note="b")
    assert (again.transaction_id, again.duplicate) == (first.transaction_id, True)
    assert (counts(databases), chain_head(databases)) == before


def test_the_same_key_with_another_content_is_an_error_and_writes_nothing(
    books: Books, databases: Databases
) -> None:
    first = deposit(books, "d1", 100)
    before = counts(databases), chain_head(databases)
    with pytest.raises(Conflict, match=rf"d1 .*{first.transaction_id}"):
        deposit(books, "d1", 101)
    assert (counts(databases), chain_head(databases)) == before


def test_a_key_names_an_event_of_one_brand_only(books: Books, databases: Databases) -> None:
    mugs = add_brand(books, creator="Mia")
    booked = [
        deposit(books, "d1", 100),
        deposit(mugs, "d1", 100),
        deposit(mugs, "d2", 1),
        deposit(books, "d2", 2),
    ]
    assert not any(each.duplicate for each in booked)
    assert counts(databases)[0] == 4


def test_the_same_event_in_sixteen_threads_makes_one_transaction(books: Books, databases: Databases) -> None:
    results = run_concurrently(*[lambda: deposit(books, "d1")] * THREADS)
    assert Counter(result.duplicate for result in results) == {False: 1, True: THREADS - 1}
    assert len({result.transaction_id for result in results}) == 1
    assert counts(databases)[0] == 1
    assert chain_is_valid(databases)


def test_one_of_sixteen_conflicting_events_is_booked(books: Books, databases: Databases) -> None:
    def attempt(amount_minor: int) -> str:
        try:
            return deposit(books, "d1", amount_minor).transaction_id
        except Conflict:
            return "refused"

    results = run_concurrently(*[lambda n=number: attempt(n) for number in range(1, THREADS + 1)])
    assert results.count("refused") == THREADS - 1
    assert counts(databases)[:2] == [1, 1]
    assert chain_is_valid(databases)


def test_sixteen_concurrent_events_form_one_chain(books: Books, databases: Databases) -> None:
    run_concurrently(*[lambda n=number: deposit(books, f"d{n}", n) for number in range(1, THREADS + 1)])
    assert counts(databases)[:2] == [THREADS, THREADS]
    assert chain_head(databases)[0] == THREADS
    assert chain_is_valid(databases)
    with read_session(databases.main) as session:
        funding = account_balance_minor(session, f"{books.brand_id}:brand:funding:EUR")
    assert -funding == sum(range(1, THREADS + 1))


def test_invalid_lines_are_refused() -> None:
    for event, amount_minor, creator_id in (
        ("accrue", 0, "crt_1"),
        ("accrue", -1, "crt_1"),
        ("accrue", 1, None),
        ("unknown kind", 1, "crt_1"),
    ):
        with pytest.raises(Invalid):
            Line(event, amount_minor, "EUR", creator_id)


TABLE = """
accrue                         commission_expense  pending             earned       +
reinstate_held                 commission_expense  pending             reversed     -
reverse_held                   pending             commission_expense  reversed     +
mature                         pending             payable             none         +
hold                           payable             pending             none         +
reverse_payable                payable             commission_expense  reversed     +
reinstate_payable              commission_expense  payable             reversed     -
payout_prepared                payable             in_transit          none         +
payout_confirmed               in_transit          funding             payments     +
payout_released                in_transit          payable             none         +
transfer_reversed              funding             payable             payments     -
orphan_adopted                 payable             funding             payments     +
paid_by_hand                   payable             bank                payments     +
tax_withheld                   payable             tax_withheld        payments     +
deposit                        funding             deposits            none         +
withdrawal                     deposits            funding             none         +
rail_fee                       rail_fees           funding             none         +
rail_loss                      rail_losses         funding             none         +
bonus                          commission_expense  payable             adjustments  +
flat_fee                       commission_expense  payable             adjustments  +
deduction                      payable             commission_expense  adjustments  -
vat                            input_vat           payable             adjustments  +
vat_credit_note                payable             input_vat           adjustments  -
vat_reverse_charge             input_vat           output_vat          none         +
vat_reverse_charge_credit_note output_vat          input_vat           none         +
write_off                      write_off           payable             adjustments  +
unclaimed                      payable             unclaimed           adjustments  -
claimed                        unclaimed           payable             adjustments  +
gift                           gifts               gifts_given         none         +
exchange_out                   payable             fx                  adjustments  -
exchange_in                    fx                  payable             adjustments  +
exchange_gain                  fx                  fx_result           none         +
exchange_loss                  fx_result           fx                  none         +
"""


def test_each_event_moves_money_between_the_accounts_of_the_rules() -> None:
    """The table of docs/money.md 2, with the section of the statement in which each counts."""
    signs = {1: "+", -1: "-"}
    rules = {(name, rule.debit, rule.credit, rule.section, signs[rule.sign]) for name, rule in EVENTS.items()}
    assert rules == {tuple(row.split()) for row in TABLE.strip().splitlines()}


def test_each_event_changes_the_balance_as_its_section_says() -> None:
    """The equation of a statement is true for each event, so it is true in total (docs/money.md 6)."""
    for name, rule in EVENTS.items():
        owed = (rule.credit in CREATOR_ACCOUNTS) - (rule.debit in CREATOR_ACCOUNTS)
        sections = Sections()
        movement = Movement("crt", "com", name, "txn", rule.section, rule.sign, rule.debit, rule.credit, 1)
        sections.add(movement)
        assert sections.change == owed, name


def book_manually_with(books: Books, session: Session, **changes: Any) -> Posted:
    values: dict[str, Any] = {
        "kind": "bonus",
        "key": "k1",
        "amount_minor": 500,
        "currency": "EUR",
        "reason": "best video",
        "creator_id": books.creator_id,
    }
    return book_manually(session, at("10-02"), brand_id=books.brand_id, **(values | changes))


BOOKED_BEFORE = {
    "write_off": ("deduction",),
    "unclaimed": ("bonus",),
    "claimed": ("bonus", "unclaimed"),
    "exchange": ("bonus",),
}
"""What gives as much as such a booking takes."""


@pytest.mark.parametrize("kind", MANUAL_KINDS)
def test_manual_booking_uses_the_accounts_of_its_rule(written: Books, kind: str) -> None:
    rule = EVENTS[events_of(kind)[0]]
    concerns = not {rule.debit, rule.credit}.isdisjoint(CREATOR_ACCOUNTS)
    creator_id = written.creator_id if concerns else None

    def balances(session: Session) -> list[int]:
        return [
            account_balance_minor(session, f"{written.brand_id}:{_owner(written, name)}:{name}:EUR")
            for name in (rule.debit, rule.credit)
        ]

    def book(session: Session) -> None:
        for each in BOOKED_BEFORE.get(kind, ()):
            book_manually_with(written, session, kind=each, key=f"{each} before")
        before = balances(session)
        to = {"to": Money(700, "JPY")} if kind == "exchange" else {}
        book_manually_with(written, session, kind=kind, key=f"hand-{kind}", creator_id=creator_id, **to)
        debit, credit = balances(session)
        assert [debit - before[0], credit - before[1]] == [-500, 500]
        session.rollback()

    with Session(written.databases.main) as session:
        book(session)


def _owner(books: Books, account_kind: str) -> str:
    return books.creator_id if account_kind in CREATOR_ACCOUNTS else "brand"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": "accrue"}, Invalid),
        ({"kind": "payout_confirmed"}, Invalid),
        ({"amount_minor": 0}, Invalid),
        ({"amount_minor": -1}, Invalid),
        ({"amount_minor": 2**53}, Invalid),
        ({"currency": "EURO"}, Invalid),
        ({"currency": "eur"}, Invalid),
        ({"reason": "  "}, Invalid),
        ({"creator_id": None}, Invalid),
        ({"kind": "deposit"}, Invalid),
        ({"creator_id": "crt_" + "0" * 32}, NotFound),
    ],
)
def test_invalid_manual_booking_is_refused(
    written: Books, changes: dict[str, Any], error: type[Exception]
) -> None:
    before = counts(written.databases)
    with pytest.raises(error):
        written.write(lambda s: book_manually_with(written, s, **changes))
    assert counts(written.databases) == before


def test_a_deduction_in_one_currency_does_not_reduce_another(books: Books) -> None:
    """Netting happens within one account; no amount crosses currencies (docs/money.md 1)."""
    books.write(lambda s: book_manually_with(books, s, kind="deduction", key="d", amount_minor=700))
    books.write(
        lambda s: book_manually_with(books, s, kind="bonus", key="b", amount_minor=900, currency="JPY")
    )
    assert books.balance().payable_minor == -700
    assert books.balance(currency="JPY").payable_minor == 900
