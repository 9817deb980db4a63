"""Programs, enrollments, coupons and links, on both databases."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tracker.errors import Conflict, Invalid, LinkledgerError, NotFound
from tracker.ids import uuid_of
from tracker.programs import operations as programs
from tracker.programs.links.domains import set_fallback
from tracker.programs.links.operations import InactiveState, LinkOptions, LinkTarget, create_link, link_target
from tracker.programs.links.state_changes import set_link_state
from tracker.programs.models import Coupon, Enrollment, Link, Program, RateOverride


def make_link(databases: Databases, cast: Cast, now: datetime, **given: Any) -> Link:
    wanted = {"creator_id": cast.member_id, "destination": "https://shop.example/tea", **given}
    return transact(
        databases.main,
        lambda session: create_link(session, now, actor=PERSON, program_id=cast.program_id, **wanted),
    )


def count(databases: Databases, model: type[Any]) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    "wrong", [{"rate_bp": 10_001}, {"base": "sum"}, {"window_days": 91}, {"token_parameter": "a=b"}], ids=str
)
def test_an_invalid_program_is_rejected_and_nothing_is_written(
    databases: Databases, cast: Cast, now: datetime, wrong: dict[str, Any]
) -> None:
    right = {"brand_id": cast.brand_id, "name": "More", "rate_bp": 100}
    with pytest.raises(Invalid):
        transact(
            databases.main,
            lambda session: programs.create_program(session, now, actor=PERSON, **{**right, **wrong}),
        )
    assert count(databases, Program) == 1


def test_a_creator_can_enroll_only_once(databases: Databases, cast: Cast, now: datetime) -> None:
    with pytest.raises(Conflict, match="already"):
        transact(
            databases.main,
            lambda session: programs.enroll(
                session, now, actor=PERSON, program_id=cast.program_id, creator_id=cast.member_id
            ),
        )


def test_a_coupon_code_has_one_owner_in_a_brand_in_any_case(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    with pytest.raises(Conflict, match="anna10"):
        transact(
            databases.main,
            lambda session: programs.enroll(
                session,
                now,
                actor=PERSON,
                program_id=cast.program_id,
                creator_id=cast.stranger_id,
                rate_bp=500,
                coupon="anna10",
            ),
        )
    assert (count(databases, Coupon), count(databases, Enrollment), count(databases, RateOverride)) == (
        1,
        1,
        0,
    )


def test_a_link_stores_its_options(databases: Databases, cast: Cast, now: datetime) -> None:
    link = make_link(databases, cast, now, code="Anna-Tea", sub_ids={"s1": "bio", "s2": ""}, rate_bp=0)
    assert (link.code, link.code_key, link.sub_ids) == ("Anna-Tea", "anna-tea", {"s1": "bio"})
    assert count(databases, RateOverride) == 1


def test_links_without_a_code_get_distinct_codes(databases: Databases, cast: Cast, now: datetime) -> None:
    assert len({make_link(databases, cast, now).code for _ in range(5)}) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"destination": "https://evil.example/"},
        {"code": "app"},
        {"code": "a b"},
        {"rate_bp": 10_001},
        {"sub_ids": {"s9": "x"}},
    ],
    ids=str,
)
def test_an_invalid_link_is_rejected_and_nothing_is_written(
    databases: Databases, cast: Cast, now: datetime, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        make_link(databases, cast, now, **wrong)
    assert count(databases, Link) == 0


def test_a_creator_without_enrollment_cannot_create_a_link(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    with pytest.raises(NotFound, match="linkledger enroll"):
        make_link(databases, cast, now, creator_id=cast.stranger_id)


def test_a_taken_code_is_rejected_in_any_case(databases: Databases, cast: Cast, now: datetime) -> None:
    make_link(databases, cast, now, code="Tea")
    with pytest.raises(Conflict, match="'TEA' is taken"):
        make_link(databases, cast, now, code="TEA", rate_bp=100)
    assert (count(databases, Link), count(databases, RateOverride)) == (1, 0)


def test_one_of_many_concurrent_requests_gets_the_code(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    start = threading.Barrier(12)
    refused: list[LinkledgerError] = []

    def request_code() -> None:
        start.wait()
        try:
            make_link(databases, cast, now, code="tea")
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=request_code) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 11
    assert count(databases, Link) == 1


def target(databases: Databases, code: str) -> LinkTarget | None:
    with read_session(databases.main) as session:
        return link_target(session, code)


def test_a_link_is_found_by_its_code_in_any_case(databases: Databases, cast: Cast, now: datetime) -> None:
    link = make_link(databases, cast, now, code="Tea", sub_ids={"s1": "bio"})
    found = target(databases, "tEA")
    assert found == LinkTarget(
        uuid_of(link.id, "lnk"),
        "https://shop.example/tea",
        "ll",
        {"s1": "bio"},
        None,
        brand_id=cast.brand_id,
    )
    assert target(databases, "coffee") is None


def test_a_paused_link_can_be_resumed_and_an_ended_one_cannot(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    link = make_link(databases, cast, now, code="tea")

    def set_state(state: str) -> None:
        transact(
            databases.main,
            lambda session: set_link_state(session, now, actor=PERSON, link_id=link.id, state=state),
        )
        found = target(databases, "tea")
        assert found is not None
        inactive = {"paused": InactiveState.LINK_PAUSED, "ended": InactiveState.LINK_ENDED}.get(state)
        assert (found.active, found.inactive) == (inactive is None, inactive)

    for state in ("paused", "paused", "active", "active", "ended", "ended"):
        set_state(state)
    for state in ("active", "paused"):
        with pytest.raises(Conflict, match="ended"):
            set_state(state)
    with pytest.raises(Conflict, match="taken"):
        make_link(databases, cast, now, code="tea")


@pytest.mark.parametrize(
    ("model", "state"),
    [
        (Link, InactiveState.LINK_PAUSED),
        (Enrollment, InactiveState.ENROLLMENT_PAUSED),
        (Program, InactiveState.PROGRAM_PAUSED),
    ],
)
def test_a_link_is_inactive_while_it_or_its_enrollment_or_program_is_paused(
    databases: Databases, cast: Cast, now: datetime, model: type[Any], state: InactiveState
) -> None:
    make_link(databases, cast, now, code="tea")

    def pause(session: Session) -> None:
        session.query(model).update({"state": "paused"})

    transact(databases.main, pause)
    found = target(databases, "tea")
    assert found is not None
    assert (found.active, found.inactive) == (False, state)


def test_an_ended_program_accepts_no_links_and_enrollments(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    def end(session: Session) -> None:
        session.query(Program).update({"state": "ended"})

    transact(databases.main, end)
    with pytest.raises(Conflict):
        make_link(databases, cast, now)
    with pytest.raises(Conflict):
        transact(
            databases.main,
            lambda session: programs.enroll(
                session, now, actor=PERSON, program_id=cast.program_id, creator_id=cast.stranger_id
            ),
        )


def test_the_link_target_has_every_option_of_the_link(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    later = now + timedelta(days=7)
    options = LinkOptions(("s2", "utm_id"), True, later)
    make_link(databases, cast, now, code="tea", destination="https://shop.example/?a=1#b", options=options)

    def set_up(session: Session) -> None:
        parameters = {"utm_source": "our friends", "a": "2"}
        programs.set_parameters(session, now, actor=PERSON, program_id=cast.program_id, parameters=parameters)
        set_fallback(session, now, actor=PERSON, brand_id=cast.brand_id, url="https://shop.example/over")

    transact(databases.main, set_up)
    found = target(databases, "tea")
    assert found is not None
    assert found.destination == "https://shop.example/?a=1&utm_source=our%20friends#b"
    assert (found.passes, found.deep_links, found.expires_at) == (("s2", "utm_id"), True, later)
    assert found.fallback_url == "https://shop.example/over"


def test_a_link_cannot_pass_the_token_parameter(databases: Databases, cast: Cast, now: datetime) -> None:
    def make(session: Session) -> Program:
        right: dict[str, Any] = {"brand_id": cast.brand_id, "name": "More", "rate_bp": 100}
        program = programs.create_program(session, now, actor=PERSON, **right, token_parameter="s1")
        programs.enroll(session, now, actor=PERSON, program_id=program.id, creator_id=cast.member_id)
        wanted: dict[str, Any] = {
            "destination": "https://shop.example/",
            "options": LinkOptions(("s1",)),
        }
        create_link(session, now, actor=PERSON, program_id=program.id, creator_id=cast.member_id, **wanted)
        return program

    with pytest.raises(Invalid, match="click token"):
        transact(databases.main, make)


def test_an_expiry_in_the_past_is_rejected(databases: Databases, cast: Cast, now: datetime) -> None:
    with pytest.raises(Invalid, match="in the future"):
        make_link(databases, cast, now, options=LinkOptions(expires_at=now))
    assert count(databases, Link) == 0
