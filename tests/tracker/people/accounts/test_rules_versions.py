"""Versions of a brand's minimum payouts, on both databases."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tests.harness.processes.threads import run_concurrently
from tracker.errors import Conflict, Invalid
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import minimum_of, minimums_at, set_minimum

DAY = timedelta(days=1)


def set_to(databases: Databases, cast: Cast, at: datetime, minor: int, currency: str | None = None) -> None:
    transact(
        databases.main,
        lambda s: set_minimum(
            s, at, get_brand(s, cast.brand_id), actor=PERSON, minimum_minor=minor, currency=currency
        ),
    )


def minimum_at(databases: Databases, cast: Cast, at: datetime, currency: str) -> int:
    with read_session(databases.main) as session:
        return minimum_of(session, get_brand(session, cast.brand_id), currency, at)


def test_the_first_minimum_is_the_brands_and_other_currencies_have_the_products(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    found = {each: minimum_at(databases, cast, now, each) for each in ("EUR", "USD", "JPY")}
    assert found == {"EUR": 50_00, "USD": 50_00, "JPY": 8_000}


def test_a_minimum_counts_from_the_time_at_which_it_was_set(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    for currency, first in (("EUR", 50_00), ("USD", 50_00)):
        set_to(databases, cast, now + DAY, 10_00, currency)
        set_to(databases, cast, now + 2 * DAY, 0, currency)
        found = [minimum_at(databases, cast, now + n * DAY, currency) for n in range(3)]
        assert found == [first, 10_00, 0]
    with read_session(databases.main) as session:
        shown = minimums_at(session, get_brand(session, cast.brand_id), now + DAY)
    assert [str(each) for each in shown] == ["10.00 EUR", "10.00 USD"]


def test_a_minimum_may_be_fixed_at_what_the_product_has_today(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    set_to(databases, cast, now, 50_00, "USD")
    with pytest.raises(Invalid, match="already 50.00 USD"):
        set_to(databases, cast, now, 50_00, "USD")


def test_a_minimum_out_of_range_is_refused(databases: Databases, cast: Cast, now: datetime) -> None:
    for minor, currency in ((-1, "EUR"), (2**53, "EUR"), (1, "ABC"), (50_00, None)):
        with pytest.raises(Invalid):
            set_to(databases, cast, now, minor, currency)


def test_two_people_who_change_a_minimum_at_once_do_not_overwrite_each_other(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    def change(minor: int) -> str:
        try:
            set_to(databases, cast, now, minor)
        except Conflict:
            return "refused"
        return "set"

    done = run_concurrently(*[lambda minor=minor: change(minor) for minor in range(8)])
    with read_session(databases.main) as session:
        versions = session.scalars(text("select version from brand_minimum order by version")).all()
    assert versions == list(range(2, 2 + done.count("set")))


def test_minimums_are_never_changed(databases: Databases, cast: Cast, now: datetime) -> None:
    set_to(databases, cast, now, 1)
    for attack in ("update brand_minimum set minimum_minor = 0", "delete from brand_minimum"):
        with pytest.raises(DBAPIError):
            transact(databases.main, partial(execute_text, attack=attack))


def execute_text(session: Session, attack: str) -> None:
    session.execute(text(attack))
