"""Versions of terms and the rate of a sale, on both databases."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tracker.errors import Conflict, Invalid, LinkledgerError
from tracker.ids import new_id
from tracker.programs import operations as programs
from tracker.programs.links.operations import create_link
from tracker.programs.models import RateOverride
from tracker.programs.terms import (
    add_terms,
    change_terms,
    conditions_of,
    load_own_rates,
    newest_terms,
    terms_at,
)

DAY = timedelta(days=1)


def change(databases: Databases, cast: Cast, now: datetime, **changes: Any) -> datetime:
    """Change the terms. Returns the time at which the change takes effect."""
    return transact(
        databases.main,
        lambda session: change_terms(session, now, actor=PERSON, program_id=cast.program_id, **changes),
    ).effective_at


def rate_bp_at(databases: Databases, cast: Cast, at: datetime) -> int:
    with read_session(databases.main) as session:
        return terms_at(session, cast.program_id, at).rate_bp


def test_the_first_terms_apply_before_their_effective_time(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    assert rate_bp_at(databases, cast, now - DAY) == 1000
    assert rate_bp_at(databases, cast, now) == 1000


def test_a_rise_takes_effect_immediately_and_not_for_earlier_sales(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    assert change(databases, cast, now + DAY, rate_bp=2000) == now + DAY
    assert rate_bp_at(databases, cast, now + DAY - timedelta(microseconds=1)) == 1000
    assert rate_bp_at(databases, cast, now + DAY) == 2000


def test_a_cut_takes_effect_after_its_notice(databases: Databases, cast: Cast, now: datetime) -> None:
    start = change(databases, cast, now, rate_bp=500)
    assert start == now + 14 * DAY
    assert rate_bp_at(databases, cast, start - timedelta(seconds=1)) == 1000
    assert rate_bp_at(databases, cast, start) == 500


def test_a_planned_cut_is_replaced_by_a_later_version_at_the_same_time(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    start = change(databases, cast, now, rate_bp=500)
    assert change(databases, cast, now + DAY, rate_bp=1000) == start
    assert rate_bp_at(databases, cast, start) == 1000


def test_a_change_without_difference_or_with_invalid_values_is_rejected(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    for wrong in ({"rate_bp": 1000}, {"rate_bp": 10_001}, {"window_days": 0}):
        with pytest.raises(Invalid):
            change(databases, cast, now, **wrong)
    with read_session(databases.main) as session:
        assert [each.version for each in programs.list_terms(session, cast.program_id)] == [1]


def test_terms_without_an_end_of_take_back_keep_it_until_it_is_set(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    """Versions from before the term existed have none; a shorter take-back is no cut."""

    def as_before(session: Session) -> None:
        conditions = replace(conditions_of(newest_terms(session, cast.program_id)), take_back_months=None)
        add_terms(session, now, cast.program_id, 2, now, conditions)

    transact(databases.main, as_before)
    change(databases, cast, now, rate_bp=2000)
    assert change(databases, cast, now, take_back_months=120) == now
    with read_session(databases.main) as session:
        versions = programs.list_terms(session, cast.program_id)
        assert [each.take_back_months for each in versions] == [12, None, None, 120]


def test_concurrent_changes_get_distinct_versions_or_are_rejected(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    start = threading.Barrier(8)
    refused: list[LinkledgerError] = []

    def raise_rate(rate_bp: int) -> None:
        start.wait()
        try:
            change(databases, cast, now + DAY, rate_bp=rate_bp)
        except (Conflict, Invalid) as error:
            refused.append(error)

    threads = [threading.Thread(target=raise_rate, args=(2000 + number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read_session(databases.main) as session:
        versions = [each.version for each in programs.list_terms(session, cast.program_id)]
    assert versions == list(range(1, 10 - len(refused)))


def test_the_most_specific_rate_wins(databases: Databases, cast: Cast, now: datetime) -> None:
    def work(session: Session) -> list[tuple[int, str]]:
        own = programs.enroll(
            session, now, actor=PERSON, program_id=cast.program_id, creator_id=cast.stranger_id, rate_bp=1500
        )
        links = [
            create_link(
                session,
                now,
                actor=PERSON,
                program_id=cast.program_id,
                creator_id=creator_id,
                destination="https://shop.example/",
                rate_bp=rate_bp,
            )
            for creator_id, rate_bp in (
                (cast.stranger_id, 2500),
                (cast.stranger_id, None),
                (cast.member_id, None),
            )
        ]
        terms = terms_at(session, cast.program_id, now)
        enrollments = [own.id, own.id, cast.enrollment_id]
        link_ids = [link.id for link in links]
        rates_of = load_own_rates(session, enrollment_ids=enrollments, link_ids=link_ids)
        rates = [
            rates_of.rate_at(terms.rate_bp, enrollment_id=enrollment_id, link_id=link.id, at=now - DAY)
            for enrollment_id, link in zip(enrollments, links, strict=True)
        ]
        return [(rate.rate_bp, rate.source) for rate in rates]

    assert transact(databases.main, work) == [(2500, "link"), (1500, "enrollment"), (1000, "program")]


def test_a_later_rate_override_applies_from_its_effective_time(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    def work(session: Session) -> list[int]:
        session.add(
            RateOverride(
                id=new_id("rov", now),
                enrollment_id=cast.enrollment_id,
                effective_at=now + DAY,
                rate_bp=1200,
                created_at=now,
            )
        )
        session.flush()
        terms = terms_at(session, cast.program_id, now)
        own = load_own_rates(session, enrollment_ids=[cast.enrollment_id], link_ids=[])
        return [
            own.rate_at(terms.rate_bp, enrollment_id=cast.enrollment_id, link_id=None, at=at).rate_bp
            for at in (now - DAY, now, now + DAY)
        ]

    assert transact(databases.main, work) == [1000, 1000, 1200]
