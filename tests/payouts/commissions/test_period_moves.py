"""When a period is paid on another day than was said, its lines show both days; the others do not move."""

from typing import Any

import pytest

from payouts.ledger.rules_changes import change_rules
from payouts.statements.decisions.commissions import hold, release
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER
from tests.cast.people import PERSON
from tests.payouts.commissions.suspects import explain_order

FIRST = "2026-11-09"
BY_RULES = "the brand changed its periods or its review"


def moves(books: Books, order: str = "S1") -> list[tuple[str, str, str]]:
    (commission,) = explain_order(books, order)[0]["commissions"]
    assert commission["pay_date_now"] == [commission["pay_date"], *_days(commission)][-1]
    return [(each["from"], each["to"], each["why"]) for each in commission["pay_date_moves"]]


def _days(commission: dict[str, Any]) -> list[str]:
    return [each["to"] for each in commission["pay_date_moves"]]


def change(books: Books, when: str, **changes: Any) -> None:
    books.write(lambda s: change_rules(s, at(when), actor=PERSON, brand_id=books.brand_id, **changes))


def test_another_review_moves_the_lines_of_all_periods_that_are_open(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.sale("S2", 100_00, "10-20")
    change(books, "10-25", review_days=9)
    books.sale("S3", 100_00, "10-26")
    assert moves(books) == [(FIRST, "2026-11-11", BY_RULES)]
    assert moves(books, "S2") == [("2026-12-09", "2026-12-11", BY_RULES)]
    assert moves(books, "S3") == []
    change(books, "10-28", review_days=7)
    assert [each[1] for each in moves(books)] == ["2026-11-11", FIRST]
    books.sale("S4", 100_00, "10-29")
    assert moves(books, "S4") == []
    (line,) = books.close("2026-10", OCTOBER.closing)["creators"][0]["lines"][:1]
    assert line["pay_date"] == FIRST
    assert [each["to"] for each in line["pay_date_moves"]] == ["2026-11-11", FIRST]


def test_weeks_instead_of_months_move_each_line_by_its_release(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.sale("S2", 100_00, "10-05")
    books.sale("S3", 100_00, "10-20")
    change(books, "10-25", cadence="week")
    assert moves(books) == []
    assert moves(books, "S2") == [("2026-12-09", "2026-11-17", BY_RULES)]
    assert moves(books, "S3") == [("2026-12-09", "2026-12-01", BY_RULES)]


def test_a_hold_after_a_change_of_the_rules_moves_from_the_present_day(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    change(books, "10-03", review_days=9)
    books.decide(hold, "S1", "10-05", reason="under_review")
    books.decide(release, "S1", "10-20")
    assert [each[:2] for each in moves(books)] == [
        (FIRST, "2026-11-11"),
        ("2026-11-11", "2027-01-11"),
        ("2027-01-11", "2026-11-11"),
    ]


def test_a_period_that_is_closed_late_moves_the_lines_released_in_it(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.sale("S2", 100_00, "10-20")
    books.end("2026-10", "11-03")
    why = "the statement was made later than expected, on 2026-11-03T12:00:00Z"
    assert moves(books) == [(FIRST, "2026-11-11", why)]
    assert moves(books, "S2") == []
    books.decide(hold, "S1", "11-04", reason="under_review")
    books.decide(release, "S1", "11-05")
    assert moves(books)[-1][1] == "2026-11-11"


@pytest.mark.parametrize(("approved", "days"), [("11-05", []), ("11-09", []), ("11-12", ["2026-11-12"])])
def test_only_an_approval_after_the_pay_day_moves_it(books: Books, approved: str, days: list[str]) -> None:
    books.sale("S1", 100_00, "10-01")
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", approved)
    assert [each[1] for each in moves(books)] == days


def test_a_review_that_changes_between_the_end_and_the_closing_moves_once(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    change(books, "11-01 06:00", review_days=3)
    books.end("2026-10", "11-01")
    assert moves(books) == [(FIRST, "2026-11-05", "the brand changed its review to 3 days")]
