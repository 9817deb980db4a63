"""A payout waits, with a reason, until the brand's own money is available."""

from config.database import Databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import FUNDS_MINOR, Books, add_brand, add_creator, open_books
from tests.cast.months import OCTOBER, add_booking, later, only_payout, seal, sell_and_release, transfers_in


def test_payout_waits_for_balance_and_is_sent_after_a_top_up(books: Books) -> None:
    books.sandbox.control.top_up("EUR", 79_99 - FUNDS_MINOR)
    add_booking(books, 80_00, "10-20")
    seal(books, OCTOBER)
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert "0.01 EUR short" in report.waiting[only_payout(books).id]
    assert (only_payout(books).state, transfers_in(books.sandbox)) == ("prepared", [])
    books.sandbox.control.top_up("EUR", 1)
    assert books.run(later(OCTOBER.payday, hours=1)).pay(books.brand_id).paid
    assert len(transfers_in(books.sandbox)) == 1


def test_balance_is_not_used_for_two_payouts(books: Books) -> None:
    bert = add_creator(books, "bert")
    books.sandbox.control.top_up("EUR", 100_00 - FUNDS_MINOR)
    add_booking(books, 80_00, "10-20")
    add_booking(bert, 80_00, "10-20")
    seal(books, OCTOBER)
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert (len(report.paid), len(report.waiting), report.failed) == (1, 1, [])


def test_a_rail_account_is_not_shared_unless_the_operator_allows_it(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    teas, mugs = two_brands(settings, databases, sandbox_server)
    waiting = mugs.run(OCTOBER.payday).pay(mugs.brand_id).waiting
    assert "LINKLEDGER_RAIL_SHARED=true" in waiting[only_payout(mugs).id]
    assert teas.run(OCTOBER.payday).pay(teas.brand_id).paid
    assert transfers_in(sandbox_server)[0]["transfer_group"] == only_payout(teas).id


def test_on_a_shared_account_each_brand_pays_from_its_own_deposits(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    teas, mugs = two_brands(settings, databases, sandbox_server)
    add_booking(teas, 80_00, "11-01", kind="deposit")
    add_booking(mugs, 79_99, "11-01", kind="deposit")
    assert teas.run(OCTOBER.payday, rail_shared=True).pay(teas.brand_id).paid
    waiting = mugs.run(OCTOBER.payday, rail_shared=True).pay(mugs.brand_id).waiting
    assert "0.01 EUR short" in waiting[only_payout(mugs).id]
    add_booking(mugs, 1, "11-09", kind="deposit")
    assert mugs.run(OCTOBER.payday, rail_shared=True).pay(mugs.brand_id).paid
    assert (teas.faults("11-10 00:00"), len(transfers_in(sandbox_server))) == ([], 2)


def test_a_payment_by_hand_leaves_the_deposit_for_what_is_still_due(books: Books) -> None:
    """The deposit is 100; the 100 of S1 were paid from the bank, and the 100 of S2 are due."""
    add_booking(books, 100_00, "10-01", kind="deposit")
    sell_and_release(books, "S1", 100_00)
    sell_and_release(books, "S2", 100_00)
    seal(books, OCTOBER)
    add_booking(books, 100_00, "11-08", kind="paid_by_hand")
    report = books.run(OCTOBER.payday, rail_shared=True).pay(books.brand_id)
    assert (report.paid, report.waiting) == ([only_payout(books).id], {})
    assert [each["amount"] for each in transfers_in(books.sandbox)] == [100_00]
    assert (books.balance().payable_minor, books.faults()) == (0, [])


def test_unknown_payout_uses_up_the_deposit(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    teas, _mugs = two_brands(settings, databases, sandbox_server)
    add_booking(teas, 80_00, "11-01", kind="deposit")
    sandbox_server.control.queue_fault("drop_after")
    teas.run(OCTOBER.payday, rail_shared=True).pay(teas.brand_id)
    bert = add_creator(teas, "bert")
    add_booking(bert, 60_00, "11-20")
    teas.end("2026-11", "12-01 00:05")
    teas.approve("2026-11", "12-08")
    report = teas.run("12-09", rail_shared=True).pay(teas.brand_id)
    assert (report.paid, len(report.waiting)) == ([], 1)


def two_brands(settings: Settings, databases: Databases, sandbox: SandboxServer) -> tuple[Books, Books]:
    """Two brands, Teas first; each owes its creator 80 EUR."""
    teas = open_books(settings, databases, sandbox)
    mugs = add_brand(teas, creator="Mia", since="09-02")
    for each in (teas, mugs):
        add_booking(each, 80_00, "10-20")
        seal(each, OCTOBER)
    return teas, mugs
