"""Creators who leave, and creators who are removed for cause."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tracker.errors import Conflict, Invalid, NotFound
from tracker.programs.leaving import readmit_creator, remove_creator
from tracker.programs.links.operations import create_link, link_target
from tracker.programs.links.state_changes import set_link_state
from tracker.programs.models import Coupon, Enrollment, LinkChange, Program
from tracker.programs.operations import create_program, enroll
from tracker.programs.serializers import ended_enrollment_json

DAY = timedelta(days=1)


def remove(databases: Databases, cast: Cast, now: datetime, **others: Any) -> list[str]:
    values = {"brand_id": cast.brand_id, "creator_id": cast.member_id, **others}
    return transact(
        databases.main, lambda s: [each.id for each in remove_creator(s, now, actor=PERSON, **values)]
    )


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
                actor=PERSON,
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
        program = create_program(
            session, now, actor=PERSON, brand_id=cast.brand_id, name="Other", rate_bp=500
        )
        return program.id, enroll(
            session, now, actor=PERSON, program_id=program.id, creator_id=cast.member_id
        ).id

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
    with pytest.raises(Conflict, match=f"linkledger creator readmit {cast.member_id}"):
        transact(
            databases.main,
            lambda s: enroll(s, now, actor=PERSON, program_id=cast.program_id, creator_id=cast.member_id),
        )


def readmit(databases: Databases, cast: Cast, now: datetime, **others: Any) -> list[str]:
    values = {"brand_id": cast.brand_id, "creator_id": cast.member_id, **others}
    return transact(
        databases.main, lambda s: [each.id for each in readmit_creator(s, now, actor=PERSON, **values)]
    )


def add_link(databases: Databases, cast: Cast, now: datetime, code: str) -> str:
    values: dict[str, Any] = {
        "program_id": cast.program_id,
        "creator_id": cast.member_id,
        "code": code,
    }
    return transact(
        databases.main,
        lambda s: create_link(s, now, actor=PERSON, **values, destination="https://shop.example/").id,
    )


def test_the_links_of_a_readmitted_creator_work_again_but_ended_ones_and_codes_stay_ended(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    add_link(databases, cast, now, "open")
    ended = add_link(databases, cast, now, "closed")
    transact(databases.main, lambda s: set_link_state(s, now, actor=PERSON, link_id=ended, state="ended"))
    remove(databases, cast, now, cause="fraud")
    assert readmit(databases, cast, now + DAY) == [cast.enrollment_id]
    with read_session(databases.main) as session:
        targets = [link_target(session, code) for code in ("open", "closed")]
        found = session.get_one(Enrollment, cast.enrollment_id)
    assert [target.active for target in targets if target is not None] == [True, False]
    assert found.readmitted_at == now + DAY
    history = ("active", now, now, "fraud", now)
    assert enrollment_state(databases, cast.enrollment_id) == history


def test_link_caches_see_that_a_creator_is_back(databases: Databases, cast: Cast, now: datetime) -> None:
    remove(databases, cast, now)
    with read_session(databases.main) as session:
        before = session.scalar(select(func.max(LinkChange.version))) or 0
    readmit(databases, cast, now + DAY)
    with read_session(databases.main) as session:
        query = select(LinkChange.subject, LinkChange.subject_id).where(LinkChange.version > before)
        assert [tuple(each) for each in session.execute(query)] == [("enrollment", cast.enrollment_id)]


def test_a_second_removal_stores_its_own_reason_and_time(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    remove(databases, cast, now, cause="fraud")
    readmit(databases, cast, now + DAY)
    remove(databases, cast, now + 2 * DAY, cause="again")
    again = ("ended", now + 2 * DAY, now + 2 * DAY, "again", now)
    assert enrollment_state(databases, cast.enrollment_id) == again
    with pytest.raises(Conflict, match="already removed"):
        remove(databases, cast, now + 3 * DAY, cause="a third time")


def test_a_creator_who_was_removed_and_readmitted_can_leave_without_a_cause(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    remove(databases, cast, now, cause="fraud")
    readmit(databases, cast, now + DAY)
    remove(databases, cast, now + 2 * DAY)
    assert enrollment_state(databases, cast.enrollment_id)[:3] == ("ended", now + 2 * DAY, now)


def test_only_an_ended_enrollment_of_a_living_program_is_readmitted(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    with pytest.raises(Conflict, match="takes part already"):
        readmit(databases, cast, now)
    with pytest.raises(NotFound, match="does not take part"):
        readmit(databases, cast, now, creator_id=cast.stranger_id)
    remove(databases, cast, now)
    transact(databases.main, lambda s: s.execute(update(Program).values(state="ended")))
    with pytest.raises(Conflict, match="the program has ended"):
        readmit(databases, cast, now)
    assert enrollment_state(databases, cast.enrollment_id)[0] == "ended"


def test_a_code_of_another_creator_lets_nobody_back(databases: Databases, cast: Cast, now: datetime) -> None:
    others: dict[str, Any] = {
        "program_id": cast.program_id,
        "creator_id": cast.stranger_id,
        "coupon": "BOB10",
    }
    transact(databases.main, lambda s: enroll(s, now, actor=PERSON, **others))
    remove(databases, cast, now)
    for code, words in (("bob10", "belongs to another creator"), ("ANNA10", "stays ended")):
        with pytest.raises(Conflict, match=words):
            readmit(databases, cast, now, program_id=cast.program_id, coupon=code)
    assert enrollment_state(databases, cast.enrollment_id)[0] == "ended"
