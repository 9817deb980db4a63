"""Held commissions are shown with their reasons, and a person's decisions are stored."""

import pytest

from payouts.explain.order import as_text
from payouts.statements.commands import COMMANDS as STATEMENTS
from payouts.statements.decisions.commissions import hold
from payouts.statements.decisions.credit import keep
from payouts.statements.decisions.credit_commands import COMMANDS as CREDIT
from payouts.statements.render.csv import as_csv
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at
from tests.payouts.commissions.order_state import balances_of, report_again
from tests.payouts.commissions.suspects import OWN_PURCHASE, SOLD, duplicate, explain_order, paid_by_stripe
from tracker.errors import NotFound
from tracker.sales.suspicion.commands import COMMANDS as SUSPICION
from tracker.sales.suspicion.rules import SETTINGS


def test_held_commissions_are_listed_page_by_page(books: Books) -> None:
    for number in range(5):
        books.sale(f"S{number}", 100_00, SOLD, **OWN_PURCHASE)
        books.decide(hold, f"S{number}", f"10-0{number + 2}", reason="under_review")
    terminal = Terminal(books.settings, STATEMENTS)
    everything = terminal.ask("commission", "held")
    pages, after = [], list[str]()
    while page := terminal.ask("commission", "held", "--brand", books.brand_id, "--limit", "2", *after):
        after = ["--after", page[-1]["commission"]]
        terminal.ask("commission", "release", page[-1]["commission"])  # the place of the last one stays
        pages.append(page)
    assert [len(each) for each in pages] == [2, 2, 1]
    assert [each for page in pages for each in page] == everything
    assert [len(each["holds"]) for each in everything] == [2] * 5
    assert "never held" in terminal.refused("commission", "held", "--after", "com_unknown")


def test_brand_sees_held_commissions_with_their_evidence(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN_PURCHASE)
    books.sale("S2", 100_00, SOLD)
    books.decide(hold, "S2", "10-02", reason="under_review")
    terminal = Terminal(books.settings, STATEMENTS)
    listed = terminal.ask("commission", "held", "--brand", books.brand_id)
    assert [(each["order"], each["creator"]["name"], each["worth"]) for each in listed] == [
        ("S1", "Anna", {"minor": 10_00, "currency": "EUR"}),
        ("S2", "Anna", {"minor": 10_00, "currency": "EUR"}),
    ]
    (placed,) = listed[0]["holds"]
    assert (placed["signal"], placed["evidence"]) == ("self_purchase", {"match": "address"})
    assert len(terminal.ask("commission", "held", "--signal", "self_purchase")) == 1
    text = terminal.run("commission", "held").stdout
    commission_id = books.commission("S1").id
    assert f"linkledger commission release {commission_id}" in text
    assert "anna@example.com" not in text
    assert str(OWN_PURCHASE["customer_email_hash"]) not in text

    terminal.ask("commission", "release", commission_id, "--note", "seen")
    assert [each["order"] for each in terminal.ask("commission", "held")] == ["S2"]
    terminal.ask("commission", "decline", listed[1]["commission"], "--reason", "breach")
    assert terminal.run("commission", "held").stdout == "Nothing is held.\n"


def test_statement_shows_the_hold_reason_without_evidence(books: Books) -> None:
    duplicate(books, "10-01 12:00")
    paid_by_stripe(books, "10-01 12:08")
    statement = books.close("2026-10", "11-02")
    all_lines = [line for part in statement["creators"] for line in part["lines"]]
    (line,) = [line for line in all_lines if line["holds"]]
    assert line["order"] == "cs_live_a1ExampleSessionOfOrderOne"
    assert "another source reported an order" in line["holds"][0]["why"]
    assert "S1" not in str(line)
    assert "held: another source reported" in as_csv(statement)


def test_paid_commission_is_not_listed_as_held(books: Books) -> None:
    """A dispute after the payment holds nothing."""
    books.sale("S1", 1000_00, SOLD)
    books.end("2026-10", "11-02")
    books.approve("2026-10", "11-08")
    assert books.pay("11-09").paid
    books.dispute("S1", "opened", 100_00, "11-10")
    books.refund("S1", 50_00, "11-11")
    (part,) = books.close("2026-11", "12-02")["creators"]
    assert [(line["status"], line["holds"]) for line in part["lines"]] == [("released", [])]
    assert Terminal(books.settings, STATEMENTS).ask("commission", "held") == []


@pytest.mark.parametrize("wrong", ["1", "1001", "many", "hold", "٣"])
def test_invalid_suspicion_setting_is_refused(books: Books, wrong: str) -> None:
    terminal = Terminal(books.settings, SUSPICION)
    result = terminal.run("suspicion", "set", "many_sales", wrong, "--brand", books.brand_id)
    assert result.exit_code == 2
    assert "from 2 to 1000" in result.stderr
    shown = terminal.ask("suspicion", "show", "--brand", books.brand_id)
    assert shown == {signal: choices[0] for signal, choices in SETTINGS.items()}


def test_brand_may_keep_a_released_credit(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    books.run_jobs(at("11-01"))
    terminal = Terminal(books.settings, CREDIT)
    undecided = ("credit", "show", "--brand", books.brand_id)
    for hour in ("09", "10"):
        report_again(
            books, "S1", 100_00, SOLD, books.click(bob.link_id, f"10-01 {hour}:00"), f"11-02 {hour}:00"
        )
        (each,) = terminal.ask(*undecided)
        terminal.ask("credit", "keep", each["commission"], "--note", "Anna wrote the review")
        assert terminal.ask(*undecided) == []
    assert (balances_of(books), books.faults()) == ((0, 10_00, 0), [])
    with pytest.raises(NotFound, match="nothing to decide"):
        books.decide(keep, "S1", "11-03")
    (account,) = explain_order(books, "S1")
    assert "Anna wrote the review" in as_text(account)
