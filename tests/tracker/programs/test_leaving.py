"""Creators who leave, and creators who are removed for cause."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from config.database import Databases, read_session, transact
from tests.cast.people import Cast
from tracker.errors import Conflict, Invalid, NotFound
from tracker.programs.leaving import remove_creator
from tracker.programs.links.operations import create_link, link_target
from tracker.programs.models import Coupon, Enrollment
from tracker.programs.operations import create_program, enroll
from tracker.programs.serializers import ended_enrollment_json

DAY = timedelta(days=1)


def remove(databases: Databases, cast: Cast, now: datetime, **others: Any) -> list[str]:
    values = {"brand_id": cast.brand_id, "creator_id": cast.member_id, **others}
    return transact(databases.main, lambda s: [each.id for each in remove_creator(s, now, **values)])


def enrollment_state(databases: Databases, enrollment_id: str) -> tuple[Any, ...]:
    with read_session(databases.main) as session:
        found = session.get_one(Enrollment, enrollment_id)
        coupon = session.scalars(select(Coupon).where(Coupon.enrollment_id == enrollment_id)).one_or_none()
        ended_at = coupon.ended_at if coupon else None
        return (found.state, found.ended_at, found.removed_at, found.removal_reason, ended_at)


def test_leaving_ends_links_and_coupon_codes(databases: Databases, cast: Cast, now: datetime) -> None:
    link = transact(
        databases.main,
        lambda s: (
            create_link(
                s,
                now,
                program_id=cast.program_id,
                creator_id=cast.member_id,
                destination="https://shop.example/",
            ).code
        ),
    )
    assert remove(databases, cast, now + DAY) == [cast.enrollment_id]

    assert enrollment_state(databases, cast.enrollment_id) == ("ended", now + DAY, None, None, now + DAY)
    with read_session(databases.main) as session:
        target = link_target(session, link)
        assert target is not None
        assert not target.active


def test_removal_for_cause_stores_the_reason(databases: Databases, cast: Cast, now: datetime) -> None:
    remove(databases, cast, now, cause="used  their own\nlink")

    assert enrollment_state(databases, cast.enrollment_id) == ("ended", now, now, "used their own link", now)
    with read_session(databases.main) as session:
        found = session.get_one(Enrollment, cast.enrollment_id)
        assert found.removal_reason_code == "in_own_words"
        assert found.removal_reason_parameters == {"words": "used their own link"}


def test_a_removal_older_than_the_codes_shows_its_stored_words(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    remove(databases, cast, now, cause="fraud")
    codes = {"removal_reason_code": None, "removal_reason_parameters": None}
    transact(databases.main, lambda s: s.execute(update(Enrollment).values(removal_reason="fraude", **codes)))
    with read_session(databases.main) as session:
        shown = ended_enrollment_json(session.get_one(Enrollment, cast.enrollment_id))
    assert (shown["removal_reason"], shown["removal_reason_code"]) == ("fraude", None)


def test_removal_for_cause_can_follow_leaving_but_neither_repeats(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    remove(databases, cast, now)
    remove(databases, cast, now + DAY, cause="fraud")
    assert enrollment_state(databases, cast.enrollment_id) == ("ended", now, now + DAY, "fraud", now)
    for cause in (None, "again"):
        with pytest.raises(Conflict, match="already"):
            remove(databases, cast, now + 2 * DAY, cause=cause)
    assert enrollment_state(databases, cast.enrollment_id) == ("ended", now, now + DAY, "fraud", now)


def test_a_creator_can_leave_one_program_only(databases: Databases, cast: Cast, now: datetime) -> None:
    def join_another(session: Any) -> tuple[str, str]:
        program = create_program(session, now, brand_id=cast.brand_id, name="Other", rate_bp=500)
        return program.id, enroll(session, now, program_id=program.id, creator_id=cast.member_id).id

    program_id, enrollment_id = transact(databases.main, join_another)
    assert remove(databases, cast, now, program_id=program_id) == [enrollment_id]
    assert enrollment_state(databases, cast.enrollment_id)[0] == "active"
    assert remove(databases, cast, now) == [cast.enrollment_id]


def test_a_removal_without_a_cause_or_an_enrollment_is_rejected(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    for cause in ("", "  ", "x" * 501, "a\x00b"):
        with pytest.raises(Invalid):
            remove(databases, cast, now, cause=cause)
    with pytest.raises(NotFound, match="does not take part in such a program"):
        remove(databases, cast, now, creator_id=cast.stranger_id)


def test_a_creator_who_left_cannot_enroll_again(databases: Databases, cast: Cast, now: datetime) -> None:
    remove(databases, cast, now)
    with pytest.raises(Conflict, match="which is permanent"):
        transact(
            databases.main,
            lambda s: enroll(s, now, program_id=cast.program_id, creator_id=cast.member_id),
        )
