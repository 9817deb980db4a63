"""Versions of a brand's attribution policy, on both databases."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tests.harness.processes.threads import run_concurrently
from tracker.errors import Conflict, Invalid, NotFound
from tracker.ids import new_id
from tracker.people.accounts.operations import create_brand
from tracker.programs.policies import PolicyHistory, PolicyVersion, change_policy, load_policies
from tracker.programs.rules import AttributionPolicy, is_policy_cut

DAY = timedelta(days=1)


def change(databases: Databases, cast: Cast, now: datetime, **changes: Any) -> PolicyVersion:
    return transact(
        databases.main, lambda s: change_policy(s, now, actor=PERSON, brand_id=cast.brand_id, **changes)
    )


def policies(databases: Databases, cast: Cast) -> PolicyHistory:
    with read_session(databases.main) as session:
        return load_policies(session, cast.brand_id)


def test_version_1_is_the_policy_of_the_new_brand(databases: Databases, now: datetime) -> None:
    def make(session: Any) -> PolicyHistory:
        brand = create_brand(
            session,
            now,
            name="Soaps",
            currency="EUR",
            timezone="UTC",
            coupon_policy="never",
            customer_policy="months",
            customer_months=6,
        )
        return load_policies(session, brand.id)

    made = transact(databases.main, make)
    assert made.versions == [PolicyVersion(1, now, AttributionPolicy("last", "never", "months", 6))]
    assert made.at(now - DAY) == made.newest


def test_a_change_takes_effect_at_its_time_and_not_for_earlier_sales(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    change(databases, cast, now + DAY, customers="months", months=3)
    change(databases, cast, now + 2 * DAY, model="first", effective_at=now + 5 * DAY)
    found = policies(databases, cast)

    assert [found.at(now + n * DAY).version for n in (0, 1, 4, 5)] == [1, 2, 2, 3]
    assert found.newest.policy == AttributionPolicy("first", "if_involved", "months", 3)
    assert found.can_bind_customers


@pytest.mark.parametrize(
    ("former", "changes"),
    [
        ({"customers": "lifetime"}, {"customers": "months", "months": 120}),
        ({"customers": "months", "months": 12}, {"months": 11}),
        ({"customers": "months", "months": 1}, {"customers": "first_sale"}),
        ({"coupons": "always"}, {"coupons": "never"}),
    ],
)
def test_a_cut_takes_effect_after_its_notice(
    databases: Databases, cast: Cast, now: datetime, former: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert change(databases, cast, now, **former).effective_at == now
    with pytest.raises(Invalid, match="a cut needs 14 days of notice"):
        change(databases, cast, now, effective_at=now + 13 * DAY, **changes)
    assert change(databases, cast, now, **changes).effective_at == now + 14 * DAY


def test_months_are_required_for_the_months_policy_only(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    for changes in ({"customers": "months"}, {"customers": "lifetime", "months": 3}, {"months": 3}):
        with pytest.raises(Invalid):
            change(databases, cast, now, **changes)
    for months in (0, 121):
        with pytest.raises(Invalid, match="1 to 120"):
            change(databases, cast, now, customers="months", months=months)
    change(databases, cast, now, customers="months", months=3)
    assert change(databases, cast, now, customers="lifetime").policy.months is None


def test_a_change_without_difference_and_an_unknown_brand_are_rejected(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    with pytest.raises(Invalid, match="Nothing changes"):
        change(databases, cast, now, model="last")
    with pytest.raises(NotFound):
        transact(
            databases.main,
            lambda s: change_policy(s, now, actor=PERSON, brand_id=new_id("brd", now), model="first"),
        )


def test_concurrent_changes_get_distinct_versions_or_are_rejected(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    def work(model: str) -> int:
        try:
            return change(databases, cast, now, model=model, coupons="always").version
        except Conflict:
            return 0

    assert 2 in run_concurrently(*[partial(work, model) for model in ("first", "last")])
    versions = policies(databases, cast).versions
    assert [each.version for each in versions] == list(range(1, len(versions) + 1))


def test_stored_versions_cannot_be_changed_or_deleted(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    change(databases, cast, now, customers="lifetime")
    for statement in ("update policy_change set customer_policy = 'first_sale'", "delete from policy_change"):
        with pytest.raises(DBAPIError, match="never changed"), databases.main.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("changes", "cut"),
    [
        ({"model": "first"}, False),
        ({"coupons": "if_involved"}, False),
        ({"coupons": "never"}, True),
        ({"customers": "lifetime", "months": None}, False),
        ({"months": 13}, False),
        ({"months": 11}, True),
        ({"customers": "first_sale", "months": None}, True),
    ],
)
def test_a_change_that_leaves_sales_uncredited_is_a_cut(changes: dict[str, Any], cut: bool) -> None:
    former = AttributionPolicy("last", "always", "months", 12)

    assert is_policy_cut(former, AttributionPolicy(**{**vars(former), **changes})) is cut
