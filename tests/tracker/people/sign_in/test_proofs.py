"""The link and the code of a sign-in mail: once, for 15 minutes, with five tries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.mails import last_mail, received_mails
from tracker.errors import Invalid
from tracker.people.accounts.models import Creator, User
from tracker.people.accounts.operations import create_user
from tracker.people.sessions.rules import new_token
from tracker.people.sign_in.models import AttemptCount, SignInRequest
from tracker.people.sign_in.proofs import (
    Outcome,
    Proof,
    Typing,
    asked_here,
    find_by_link,
    find_of_browser,
    prove_by_code,
    prove_by_link,
    user_of_proof,
)
from tracker.people.sign_in.requests import Asking, Purpose, forget_requests, request_sign_in
from tracker.people.sign_in.throttle import (
    MAILS_FROM_ADDRESS,
    MAILS_TO_ACCOUNT,
    WRONG_CODES_OF_ACCOUNT,
    TooManyAttempts,
    forget_attempts,
    network_of,
)

FAY, NOBODY = "fay@people.example", "nobody@people.example"
MINUTE = timedelta(minutes=1)


class Door:
    """Asks for mails and uses them, as pages do."""

    def __init__(self, settings: Settings, databases: Databases) -> None:
        self.settings, self.databases = settings, databases
        self.browser = new_token()

    def ask(self, email: str = FAY, at: datetime = NOW, network: str = "192.0.2.1") -> str:
        asking = Asking(self.browser, network, "/app/me/", "https://ll.example", self.settings.secret_keys)
        return transact(self.databases.main, lambda s: request_sign_in(s, at, email, asking))

    def request(self, request_id: str) -> SignInRequest:
        with read_session(self.databases.main) as session:
            found = find_of_browser(session, request_id, self.browser, Purpose.SIGN_IN)
        assert found is not None
        return found

    def type(self, request_id: str, code: str, at: datetime = NOW, network: str = "192.0.2.1") -> Proof:
        typing = Typing(code, network, self.settings.secret_keys)
        return transact(
            self.databases.main, lambda s: prove_by_code(s, at, s.get(SignInRequest, request_id), typing)
        )

    def follow(self, path: str, at: datetime = NOW) -> Outcome:
        token = path.rpartition("/")[2]
        return transact(self.databases.main, lambda s: prove_by_link(s, at, find_by_link(s, token)).outcome)

    def code(self) -> str:
        return last_mail(self.settings, self.databases).code


@pytest.fixture
def door(settings: Settings, databases: Databases, cast: Cast) -> Door:
    transact(databases.main, lambda s: create_user(s, NOW, email=FAY, name="Fay"))
    return Door(settings, databases)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_the_code_proves_the_address_once(door: Door) -> None:
    request_id = door.ask("Fay@People.example")
    code = door.code()
    assert door.type(request_id, f" {code[:3]} {code[3:]} ").outcome is Outcome.PROVEN
    assert door.type(request_id, code).outcome is Outcome.OVER
    assert door.follow(last_mail(door.settings, door.databases).path) is Outcome.OVER


def test_the_link_proves_the_address_once(door: Door) -> None:
    request_id = door.ask()
    mail = last_mail(door.settings, door.databases)
    assert door.follow(mail.path) is Outcome.PROVEN
    assert door.follow(mail.path) is Outcome.OVER
    assert door.type(request_id, mail.code).outcome is Outcome.OVER


def test_link_and_code_end_after_fifteen_minutes(door: Door) -> None:
    request_id, late = door.ask(), NOW + 15 * MINUTE
    mail = last_mail(door.settings, door.databases)
    assert door.type(request_id, mail.code, late).outcome is Outcome.OVER
    assert door.follow(mail.path, late) is Outcome.OVER
    assert door.follow(mail.path, late - MINUTE) is Outcome.PROVEN


def test_a_code_has_five_tries_and_the_link_ends_with_them(door: Door) -> None:
    request_id = door.ask()
    mail = last_mail(door.settings, door.databases)
    found = [door.type(request_id, wrong(mail.code)) for _ in range(5)]
    assert [proof.tries_left for proof in found] == [4, 3, 2, 1, 0]
    assert found[-1].outcome is Outcome.OVER
    assert door.type(request_id, mail.code).outcome is Outcome.OVER
    assert door.follow(mail.path) is Outcome.OVER


def test_the_fifth_try_may_be_the_right_one(door: Door) -> None:
    request_id = door.ask()
    code = door.code()
    for _ in range(4):
        door.type(request_id, wrong(code))
    assert door.type(request_id, code).outcome is Outcome.PROVEN


def test_nothing_that_lets_somebody_in_is_stored_readably(door: Door) -> None:
    request_id = door.ask()
    mail = last_mail(door.settings, door.databases)
    row = door.request(request_id)
    stored = repr(vars(row))
    for secret in (mail.code, mail.path.rpartition("/")[2], door.browser):
        assert secret not in stored
    assert asked_here(row, door.browser)
    assert not asked_here(row, new_token())
    assert not asked_here(row, None)


def test_no_mail_goes_to_an_unknown_address_and_no_code_is_right(door: Door) -> None:
    request_id = door.ask(NOBODY)
    assert received_mails(door.settings, door.databases) == []
    row = door.request(request_id)
    assert row.user_id is None
    assert door.type(request_id, "123456").outcome is Outcome.WRONG


@contextmanager
def counted_statements(databases: Databases) -> Iterator[list[str]]:
    """The statements inside the block, without their values; a savepoint ends in one word or the other."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement.replace("ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT"))

    event.listen(databases.main, "before_cursor_execute", note)
    yield seen
    event.remove(databases.main, "before_cursor_execute", note)


def test_an_unknown_address_takes_the_same_statements(door: Door) -> None:
    """Also for a wrong code."""
    traces = []
    for email in (FAY, NOBODY):
        with counted_statements(door.databases) as seen:
            request_id = door.ask(email)
            door.type(request_id, "12345")
        traces.append(list(seen))
    assert traces[0] == traces[1]
    assert len(traces[0]) > 8


def test_a_text_that_is_no_address_is_refused(door: Door) -> None:
    with pytest.raises(Invalid, match="name@host"):
        door.ask("no address")


def test_mails_to_an_account_are_limited_for_unknown_addresses_as_well(door: Door) -> None:
    for email in (FAY, NOBODY):
        for number in range(MAILS_TO_ACCOUNT.attempts):
            door.ask(email, network=f"192.0.2.{number}")
        with pytest.raises(TooManyAttempts, match="60 minutes") as refused:
            door.ask(email, network="192.0.2.99")
        assert refused.value.headers() == {"Retry-After": "3600"}
        door.ask(email, NOW + MAILS_TO_ACCOUNT.window, network="192.0.2.99")


def test_mails_from_a_network_are_limited(door: Door) -> None:
    for number in range(MAILS_FROM_ADDRESS.attempts):
        door.ask(f"u{number}@people.example")
    with pytest.raises(TooManyAttempts):
        door.ask("another@people.example")
    door.ask("another@people.example", network="192.0.2.2")


def test_guessing_codes_over_many_mails_is_limited_but_the_link_works_on(door: Door) -> None:
    later = NOW
    for number in range(WRONG_CODES_OF_ACCOUNT.attempts):
        if number % 5 == 0:
            later += 10 * MINUTE
            request_id = door.ask(at=later, network=f"192.0.2.{number}")
        door.type(request_id, wrong(door.code()), later, f"192.0.2.{number}")
    later += MINUTE
    request_id = door.ask(at=later)
    with pytest.raises(TooManyAttempts):
        door.type(request_id, door.code(), later)
    assert door.follow(last_mail(door.settings, door.databases).path, later) is Outcome.PROVEN


def test_addresses_of_networks_are_counted_as_keyed_hashes(door: Door) -> None:
    door.ask(network="192.0.2.77")
    with read_session(door.databases.main) as session:
        subjects = session.scalars(select(AttemptCount.subject)).all()
    assert len(subjects) == 2
    assert "192.0.2.77" not in repr(subjects)
    assert FAY not in repr(subjects)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        (None, ""),
        ("x", ""),
    ],
)
def test_addresses_of_one_customer_are_counted_together(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_a_creator_who_proves_the_address_gets_a_user(door: Door, cast: Cast) -> None:
    proof = door.type(door.ask("anna@people.example"), door.code())
    assert proof.request is not None
    row = proof.request

    def users(session: Session) -> list[str]:
        return [user_of_proof(session, NOW, row) for _ in range(2)]

    first, second = transact(door.databases.main, users)
    assert first == second
    with read_session(door.databases.main) as session:
        assert session.get_one(Creator, cast.member_id).user_id == first
        assert session.get_one(User, first).name == "Anna"


def test_a_user_with_the_address_of_a_creator_is_linked_to_it(door: Door, cast: Cast) -> None:
    user_id = transact(
        door.databases.main, lambda s: create_user(s, NOW, email="bob@people.example", name="Bob").id
    )
    proof = door.type(door.ask("bob@people.example"), door.code())
    assert proof.request is not None
    row = proof.request
    assert transact(door.databases.main, lambda s: user_of_proof(s, NOW, row)) == user_id
    with read_session(door.databases.main) as session:
        assert session.get_one(Creator, cast.stranger_id).user_id == user_id


def test_old_requests_and_counts_are_forgotten(door: Door) -> None:
    door.ask()
    assert transact(door.databases.main, lambda s: forget_requests(s, NOW + 15 * MINUTE)) == 0
    assert transact(door.databases.main, lambda s: forget_requests(s, NOW + 16 * MINUTE)) == 1
    assert transact(door.databases.main, lambda s: forget_attempts(s, NOW + 15 * MINUTE)) == 1
    assert transact(door.databases.main, lambda s: forget_attempts(s, NOW + 60 * MINUTE)) == 1
