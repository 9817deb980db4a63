"""The day that was expected first and, where it moved, the present one with its reason stand side by side."""

from typing import Any

from payouts.explain.order import as_text as explanation_text
from payouts.statements.commands import COMMANDS as STATEMENTS
from payouts.statements.decisions.commissions import hold, release
from payouts.statements.render.csv import as_csv
from payouts.statements.render.text import as_text
from tests.cast.api import Terminal
from tests.cast.books import Books
from tests.cast.months import NOVEMBER, OCTOBER
from tests.cast.statement_rows import shown_statement
from tests.payouts.commissions.suspects import explain_order

FIRST, HELD = "2026-11-09", "2027-01-09"
WHY = "held at most until 2026-12-30T12:00:00Z"
MOVED = f"pay date {FIRST}, moved to {HELD}: {WHY}"


def line_of(document: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any]
    (line,) = document["creators"][0]["lines"]
    return line


def sell_and_hold(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")


def test_a_statement_line_has_both_days_while_a_draft_and_as_sealed(books: Books) -> None:
    sell_and_hold(books)
    draft = books.close("2026-10", OCTOBER.closing)
    assert MOVED in as_text(draft)
    assert f"pay date moved to {HELD}: {WHY}" in as_csv(draft)
    for line in (line_of(draft), line_of(books.approve("2026-10", OCTOBER.approval))):
        (move,) = line["pay_date_moves"]
        assert (line["pay_date"], move["from"], move["to"], move["why"]) == (FIRST, FIRST, HELD, WHY)
        assert (move["reason_code"], move["at"]) == ("pay_date_after_hold", "2026-10-05T12:00:00Z")


def test_a_line_that_did_not_move_has_no_moves(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    draft = books.close("2026-10", OCTOBER.closing)
    assert (line_of(draft)["pay_date"], line_of(draft)["pay_date_moves"]) == (FIRST, [])
    assert f"pay date {FIRST}\n" in as_text(draft) + "\n"


def test_a_sealed_line_keeps_the_moves_of_its_time(books: Books) -> None:
    sell_and_hold(books)
    books.close("2026-10", OCTOBER.closing)
    sealed = books.approve("2026-10", OCTOBER.approval)
    books.decide(release, "S1", "11-20")
    assert shown_statement(books.databases, sealed["statement"]) == sealed
    later = line_of(books.close("2026-11", NOVEMBER.closing))
    assert [each["to"] for each in later["pay_date_moves"]] == [HELD, "2026-12-09"]


def test_explain_shows_both_days_and_every_move(books: Books) -> None:
    sell_and_hold(books)
    (explained,) = explain_order(books, "S1")
    assert MOVED in explanation_text(explained)
    (commission,) = explained["commissions"]
    assert (commission["pay_date"], commission["pay_date_now"]) == (FIRST, HELD)
    books.decide(release, "S1", "10-20")
    (explained,) = explain_order(books, "S1")
    assert f"pay date {FIRST}, as at first: what held it was lifted" in explanation_text(explained)
    (commission,) = explained["commissions"]
    assert (commission["pay_date"], commission["pay_date_now"]) == (FIRST, FIRST)
    assert [each["to"] for each in commission["pay_date_moves"]] == [HELD, FIRST]


def test_held_commissions_are_listed_with_both_days(books: Books) -> None:
    sell_and_hold(books)
    terminal = Terminal(books.settings, STATEMENTS)
    (listed,) = terminal.ask("commission", "held")
    assert (listed["pay_date"], listed["pay_date_now"]) == (FIRST, HELD)
    assert [each["why"] for each in listed["pay_date_moves"]] == [WHY]
    assert MOVED in terminal.run("commission", "held").stdout


def test_a_commission_of_an_older_version_has_the_day_that_the_rules_give(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    forget = "update commission set expected_pay_on = null"
    books.write(lambda s: s.connection().exec_driver_sql(forget).rowcount)
    (commission,) = explain_order(books, "S1")[0]["commissions"]
    assert (commission["pay_date"], commission["pay_date_moves"]) == (FIRST, [])
    assert line_of(books.close("2026-10", OCTOBER.closing))["pay_date"] == FIRST


def test_the_stored_day_stays_on_the_line_when_the_rules_would_give_another(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    other = "update commission set expected_pay_on = '2026-11-11'"
    books.write(lambda s: s.connection().exec_driver_sql(other).rowcount)
    assert line_of(books.close("2026-10", OCTOBER.closing))["pay_date"] == "2026-11-11"
    (commission,) = explain_order(books, "S1")[0]["commissions"]
    assert commission["pay_date"] == "2026-11-11"


def test_a_line_that_was_held_and_released_on_the_draft_is_back_on_its_day(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.end("2026-10", OCTOBER.closing)
    books.decide(hold, "S1", "11-03", reason="under_review")
    books.decide(release, "S1", "11-04")
    (commission,) = explain_order(books, "S1")[0]["commissions"]
    assert [each["to"] for each in commission["pay_date_moves"]] == ["2027-02-09", FIRST]
