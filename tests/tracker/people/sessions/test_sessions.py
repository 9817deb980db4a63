"""Sessions: how long they last, and how they end."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tests.harness.databases.snapshots import NOW
from tracker.errors import NotFound
from tracker.people.access.person import Person, find_person
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import Creator, Membership, User
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.operations import (
    BrowserFacts,
    Method,
    end_all,
    end_session,
    forget_sessions,
    live_sessions,
    record_seen,
    start_session,
    step_up,
)
from tracker.people.sessions.rules import ABSOLUTE, STEP_UP, UNUSED, new_token

FIREFOX = BrowserFacts("Firefox", "DE")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def user_id(databases: Databases, cast: Cast) -> str:
    return transact(databases.main, lambda s: create_user(s, NOW, email="fay@p.example", name="Fay").id)


def sign_in(databases: Databases, user_id: str, former_token: str | None = None) -> str:
    return transact(
        databases.main,
        lambda s: start_session(s, NOW, user_id, Method.CODE, FIREFOX, former_token=former_token),
    )


def person_of(databases: Databases, token: str, after: timedelta = timedelta()) -> Person | None:
    with read_session(databases.main) as session:
        return find_person(session, NOW + after, token)


def test_a_person_is_found_with_roles_and_creator(databases: Databases, cast: Cast, user_id: str) -> None:
    def join(session: Session) -> None:
        add_member(session, NOW, brand_id=cast.brand_id, user_id=user_id, role="member")
        session.get_one(Creator, cast.member_id).user_id = user_id

    transact(databases.main, join)
    person = person_of(databases, sign_in(databases, user_id))
    assert person is not None
    assert (person.user_id, person.name, person.creator_id) == (user_id, "Fay", cast.member_id)
    assert person.roles == {cast.brand_id: Role.MANAGER}
    assert (person.browser_family, person.country, person.is_operator) == ("Firefox", "DE", False)
    assert not person.has_stepped_up(NOW)
    assert person.actor("page").columns()["actor_id"] == user_id


def test_a_token_is_stored_as_its_hash_only(databases: Databases, user_id: str) -> None:
    token = sign_in(databases, user_id)
    with read_session(databases.main) as session:
        row = session.query(UserSession).one()
        assert token not in repr(vars(row))
    assert person_of(databases, new_token()) is None


def test_a_session_lasts_thirty_days_from_its_last_use(databases: Databases, user_id: str) -> None:
    token = sign_in(databases, user_id)
    assert person_of(databases, token, UNUSED - MINUTE)
    assert person_of(databases, token, UNUSED) is None
    person = person_of(databases, token)
    assert person is not None
    later = NOW + timedelta(days=20)
    transact(databases.main, lambda s: record_seen(s, later, person.session_id))
    assert person_of(databases, token, UNUSED)


@pytest.mark.parametrize(("role", "ends"), [("owner", True), ("finance", True), ("manager", False)])
def test_a_session_of_a_money_role_ends_after_twelve_hours(
    databases: Databases, cast: Cast, user_id: str, role: str, ends: bool
) -> None:
    token = sign_in(databases, user_id)
    transact(databases.main, lambda s: add_member(s, NOW, brand_id=cast.brand_id, user_id=user_id, role=role))
    person = person_of(databases, token, ABSOLUTE - MINUTE)
    assert person is not None
    transact(databases.main, lambda s: record_seen(s, NOW + ABSOLUTE - MINUTE, person.session_id))
    assert (person_of(databases, token, ABSOLUTE) is None) == ends


def test_a_session_of_an_operator_ends_after_twelve_hours(databases: Databases, user_id: str) -> None:
    token = sign_in(databases, user_id)
    transact(databases.main, lambda s: setattr(s.get_one(User, user_id), "is_operator", True))
    assert person_of(databases, token, ABSOLUTE) is None


def test_the_last_use_is_written_at_most_once_in_five_minutes(databases: Databases, user_id: str) -> None:
    person = person_of(databases, sign_in(databases, user_id))
    assert person is not None
    assert [person.should_record_seen(NOW + minutes * MINUTE) for minutes in (0, 4, 5)] == [
        False,
        False,
        True,
    ]
    written = [
        transact(
            databases.main, partial(record_seen, now=NOW + minutes * MINUTE, session_id=person.session_id)
        )
        for minutes in (4, 5, 6, 10)
    ]
    assert written == [False, True, False, True]


def test_signing_in_again_ends_the_former_session_of_the_browser(databases: Databases, user_id: str) -> None:
    former = sign_in(databases, user_id)
    token = sign_in(databases, user_id, former_token=former)
    assert person_of(databases, former) is None
    assert person_of(databases, token)


def test_a_step_up_replaces_the_token_and_lasts_ten_minutes(databases: Databases, user_id: str) -> None:
    former = sign_in(databases, user_id)
    person = person_of(databases, former)
    assert person is not None
    token = transact(databases.main, lambda s: step_up(s, NOW, person.session_id))
    assert person_of(databases, former) is None
    raised = person_of(databases, token)
    assert raised is not None
    assert raised.has_stepped_up(NOW + STEP_UP - MINUTE)
    assert not raised.has_stepped_up(NOW + STEP_UP)


def test_sessions_end_one_by_one_and_all_but_this(databases: Databases, user_id: str) -> None:
    tokens = [sign_in(databases, user_id) for _ in range(4)]
    people = [person_of(databases, token) for token in tokens]
    ids = [person.session_id for person in people if person]
    assert transact(databases.main, lambda s: end_session(s, NOW, user_id, ids[0], actor=PERSON))
    assert not transact(databases.main, lambda s: end_session(s, NOW, user_id, ids[0], actor=PERSON))
    assert not transact(databases.main, lambda s: end_session(s, NOW, "usr_other", ids[1], actor=PERSON))
    assert transact(databases.main, lambda s: end_all(s, NOW, user_id, actor=PERSON, but=ids[3])) == 2
    assert [bool(person_of(databases, token)) for token in tokens] == [False, False, False, True]
    with read_session(databases.main) as session:
        assert [each.id for each in live_sessions(session, NOW, user_id)] == [ids[3]]
    with pytest.raises(NotFound, match="sign in again"):
        transact(databases.main, lambda s: step_up(s, NOW, ids[0]))


def test_a_role_that_was_removed_no_longer_counts(databases: Databases, cast: Cast, user_id: str) -> None:
    transact(
        databases.main, lambda s: add_member(s, NOW, brand_id=cast.brand_id, user_id=user_id, role="owner")
    )
    token = sign_in(databases, user_id)
    transact(databases.main, lambda s: s.delete(s.get_one(Membership, (cast.brand_id, user_id))))
    person = person_of(databases, token)
    assert person is not None
    assert person.roles == {}


def test_old_sessions_are_forgotten(databases: Databases, user_id: str) -> None:
    sign_in(databases, user_id)
    assert transact(databases.main, lambda s: forget_sessions(s, NOW)) == 0
    assert transact(databases.main, lambda s: forget_sessions(s, NOW + MINUTE)) == 1
