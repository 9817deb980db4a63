"""A brand changes its cadence, time zone or review: which periods and drafts follow, on both databases."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from config.database import read_session
from payouts.ledger.models import Period
from payouts.ledger.rules_changes import change_rules
from payouts.statements.close import close_ended_periods, close_period
from payouts.statements.models import Statement
from tests.cast.books import Books, add_brand, at
from tests.cast.months import NOVEMBER, OCTOBER
from tests.cast.people import PERSON
from tests.harness.processes.threads import THREADS, run_concurrently
from tests.payouts.ledger.test_periods import deposit
from tracker.errors import Invalid, NotFound
from tracker.people.accounts.brand_rules import RulesVersion
from tracker.people.accounts.rules_versions import load_rules


def change(books: Books, when: str, **changes: Any) -> RulesVersion:
    made: RulesVersion = books.write(
        lambda s: change_rules(s, at(when), actor=PERSON, brand_id=books.brand_id, **changes)
    )
    return made


def periods(books: Books) -> list[tuple[str, datetime, datetime, str | None, str | None]]:
    with read_session(books.databases.main) as session:
        own = select(Period).where(Period.brand_id == books.brand_id).order_by(Period.starts_at)
        found = session.scalars(own).all()
        return [(each.name, each.starts_at, each.ends_at, each.cadence, each.timezone) for each in found]


def draft(books: Books, period: str) -> Statement:
    with read_session(books.databases.main) as session:
        return session.scalars(
            select(Statement)
            .join(Period, Period.id == Statement.period_id)
            .where(Period.name == period, Statement.brand_id == books.brand_id)
        ).one()


def test_a_new_cadence_begins_when_the_present_period_ends(books: Books) -> None:
    deposit(books, "a", "10-15")
    assert change(books, "10-20", cadence="week").effective_at == at("11-01 00:00")
    assert deposit(books, "b", "10-31") == "2026-10"
    assert deposit(books, "c", "11-03") == "2026-W45"
    assert periods(books) == [
        ("2026-10", at("10-01 00:00"), at("11-01 00:00"), "month", "UTC"),
        ("2026-W45", at("11-01 00:00"), at("11-09 00:00"), "week", "UTC"),
    ]


def test_a_new_zone_begins_where_the_last_stored_period_ends(books: Books) -> None:
    """November is stored already: the change cannot begin in the middle of it."""
    deposit(books, "a", "11-01 01:00", now="10-31 23:00")
    assert change(books, "10-31 23:30", timezone="America/New_York").effective_at == at("12-01 00:00")
    deposit(books, "b", "12-02")
    assert periods(books)[1:] == [
        ("2026-12", at("12-01 00:00"), at("2027-01-01T05:00:00"), "month", "America/New_York")
    ]


def test_periods_close_in_order_across_a_change(books: Books) -> None:
    deposit(books, "a", "09-15")
    change(books, "09-20", cadence="half_month", timezone="Asia/Tokyo")
    closed = books.write(lambda s: close_ended_periods(s, at("11-01"), books.brand_id))
    assert closed == ["2026-09", "2026-10-a", "2026-10-b"]
    assert deposit(books, "late", "09-20", now="11-01 12:30") == "2026-11-a"
    found = periods(books)
    assert [each[2] for each in found[:-1]] == [each[1] for each in found[1:]]
    assert books.faults() == []


def test_a_period_is_closed_by_the_name_that_it_has(books: Books) -> None:
    deposit(books, "a", "10-15")
    change(books, "10-20", cadence="week")
    books.end("2026-10", OCTOBER.closing)
    with pytest.raises(Invalid, match="A valid name is, for example, 2026-W48"):
        books.write(lambda s: close_period(s, at("12-02"), books.brand_id, "2026-11"))
    books.end("2026-W45", "11-09 00:00")
    assert [each[0] for each in periods(books)] == ["2026-10", "2026-W45"]


def test_the_last_change_before_the_next_period_counts(books: Books) -> None:
    deposit(books, "a", "10-15")
    first = change(books, "10-20", cadence="week")
    second = change(books, "10-25", cadence="month", timezone="Europe/Berlin")
    assert (first.effective_at, second.effective_at) == (at("11-01 00:00"), at("11-01 00:00"))
    deposit(books, "b", "11-15")
    assert periods(books)[1:] == [("2026-11", at("11-01 00:00"), at("11-30 23:00"), "month", "Europe/Berlin")]


def test_a_statement_shows_the_zone_of_its_own_period(books: Books) -> None:
    books.sale("S1", 1000_00, "10-01")
    change(books, "10-20", timezone="Asia/Tokyo")
    document = books.close("2026-10", OCTOBER.closing)
    assert document["period"]["timezone"] == "UTC"
    assert document["pay_from"] == "2026-11-09T00:00:00Z"
    (line,) = document["creators"][0]["lines"]
    assert line["pay_date"] == "2026-11-09"
    following = books.close("2026-11", NOVEMBER.closing)
    assert following["period"] == {
        "name": "2026-11",
        "starts_at": "2026-11-01T00:00:00Z",
        "ends_at": "2026-11-30T15:00:00Z",
        "timezone": "Asia/Tokyo",
    }
    assert following["pay_from"] == "2026-12-08T15:00:00Z"


def test_a_period_of_a_former_version_has_the_first_zone_of_the_brand(books: Books) -> None:
    """A former version of Linkledger that runs during an upgrade stores no zone with a period."""
    books.sale("S1", 1000_00, "10-01")
    books.write(lambda s: s.execute(text("update period set timezone = null, cadence = null")))
    change(books, "10-20", timezone="Asia/Tokyo")
    document = books.close("2026-10", OCTOBER.closing)
    assert (document["period"]["timezone"], document["pay_from"]) == ("UTC", "2026-11-09T00:00:00Z")


def test_the_review_changes_for_the_next_draft_and_not_for_one_that_exists(books: Books) -> None:
    books.sale("S1", 1000_00, "10-01")
    books.end("2026-10", OCTOBER.closing)
    change(books, "11-03", review_days=2)
    books.end("2026-11", NOVEMBER.closing)
    october, november = draft(books, "2026-10"), draft(books, "2026-11")
    assert (october.review_days, october.review_ends_at) == (7, at("11-08 00:00"))
    assert (november.review_days, november.review_ends_at) == (2, at("12-03 00:00"))
    assert november.pay_from == at("12-04 00:00")


def test_a_change_of_the_review_leaves_a_planned_calendar_as_it_is(books: Books) -> None:
    deposit(books, "a", "10-15")
    change(books, "10-20", cadence="week")
    assert change(books, "10-21", review_days=3).effective_at == at("11-01 00:00")
    with read_session(books.databases.main) as session:
        rules = load_rules(session, books.brand_id)
    assert [rules.review_days_at(at(day)) for day in ("10-20", "10-21")] == [7, 3]
    assert [rules.calendar_at(at(day)).cadence for day in ("10-31", "11-02")] == ["month", "week"]


def test_the_release_date_counts_days_in_the_zone_in_force_at_the_sale(books: Books) -> None:
    change(books, "09-10", timezone="Europe/Berlin")
    books.sale("S1", 100_00, "09-30 10:00")
    books.sale("S2", 100_00, "10-01 10:00")
    assert books.commission("S1").release_at == at("10-30 10:00")
    assert books.commission("S2").release_at == at("10-31 11:00")  # 12:00 in Berlin on both days


def test_a_sale_before_the_change_counts_days_in_the_former_zone_also_when_reported_later(
    books: Books,
) -> None:
    change(books, "09-10", timezone="Europe/Berlin")
    data = books.sale_data("S1", 100_00, "09-30 10:00", click=books.click(books.link_id, "09-30 10:00"))
    books.report("sale.created", data, "sale-S1", at("10-24 10:00"))
    assert books.commission("S1").release_at == at("10-31 10:00")


def test_the_late_reports_hold_is_counted_in_calendar_days_too(books: Books) -> None:
    change(books, "09-10", timezone="Europe/Berlin")
    data = books.sale_data("S1", 100_00, "10-01 10:00", click=books.click(books.link_id, "10-01 10:00"))
    books.report("sale.created", data, "sale-S1", at("10-24 10:00"))
    assert books.commission("S1").release_at == at("10-31 11:00")
    data = books.sale_data("S2", 100_00, "10-01 10:00", click=books.click(books.link_id, "10-01 10:00"))
    books.report("sale.created", data, "sale-S2", at("10-24 13:00"))
    assert books.commission("S2").release_at == at("10-31 14:00")


def test_nothing_to_change_and_values_that_do_not_exist_are_refused(books: Books) -> None:
    for wrong in (
        {"cadence": "month", "timezone": "UTC", "review_days": 7},
        {"cadence": "year"},
        {"timezone": "Mars/Base"},
        {"review_days": 61},
    ):
        with pytest.raises(Invalid):
            change(books, "10-20", **wrong)
    with pytest.raises(NotFound):
        books.write(
            lambda s: change_rules(s, at("10-20"), actor=PERSON, brand_id=f"brd_{'0' * 32}", cadence="week")
        )
    with read_session(books.databases.main) as session:
        assert len(load_rules(session, books.brand_id).versions) == 1


def test_a_change_concerns_its_own_brand_only(books: Books) -> None:
    mugs = add_brand(books)
    change(books, "10-20", cadence="week")
    assert deposit(mugs, "a", "11-03") == "2026-11"
    assert deposit(books, "b", "11-03") == "2026-W45"


def test_changes_and_events_at_the_same_time_leave_no_gap(books: Books) -> None:
    """An event that stores November, and changes: in either order the periods follow one another."""
    deposit(books, "first", "10-15")

    def change_zone(number: int) -> str:
        zone = ("Asia/Tokyo", "America/New_York")[number // 2 % 2]
        with suppress(Invalid):  # two that want the same
            change(books, "10-31 23:59", timezone=zone)
        return "changed"

    def record(number: int) -> str:
        return deposit(books, f"late-{number}", "11-01 12:00", "10-31 23:59")

    work = [lambda n=n: (change_zone if n % 2 else record)(n) for n in range(THREADS)]
    run_concurrently(*work)
    deposit(books, "last", "12-15")
    books.write(lambda s: close_ended_periods(s, at("12-15"), books.brand_id))
    found = periods(books)
    assert [each[2] for each in found[:-1]] == [each[1] for each in found[1:]]
    assert [each[0] for each in found] == ["2026-10", "2026-11", "2026-12"]


def test_versions_of_the_rules_are_never_changed(books: Books) -> None:
    change(books, "10-20", cadence="week")
    for attack in ("update brand_rules_change set cadence = 'month'", "delete from brand_rules_change"):
        with pytest.raises(DBAPIError):
            books.write(lambda s, attack=attack: s.execute(text(attack)))
