"""A password: set on the profile, used to sign in, and nobody learns who has one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.visitors import COOKIE, FAY, Visitor
from tracker.audit.models import AuditEntry
from tracker.http.site import site
from tracker.people.accounts.operations import create_user
from tracker.people.credentials import argon2_hashes, hashing
from tracker.people.credentials.models import UserPassword
from tracker.people.credentials.passwords import candidate_with, still_counts
from tracker.people.sessions.rules import new_token
from tracker.people.sign_in.throttle import PASSWORDS_OF_ACCOUNT

GOOD = "four green teapots sing"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PAGE, DOOR = "/app/profile/password", "/app/sign-in/password"


def prove(visitor: Visitor) -> None:
    asked = visitor.post("/app/step-up")
    assert visitor.post(asked.location, code=visitor.mail().code).status_code == 303


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes that take no time, for tests with many of them."""
    monkeypatch.setattr(argon2_hashes, "_HASHER", CHEAP)
    argon2_hashes._hash_of_nobody.cache_clear()
    yield
    argon2_hashes._hash_of_nobody.cache_clear()


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    """Fay, signed in and stepped up."""
    visitor.sign_in(FAY)
    assert visitor.get(PAGE).location == f"/app/step-up?next={PAGE}"
    prove(visitor)
    return visitor


@pytest.fixture
def with_password(owner: Visitor) -> Visitor:
    """Fay has a password."""
    assert owner.post(PAGE, password=GOOD).location == "/app/profile"
    return owner


def actions(databases: Databases) -> list[str]:
    with read_session(databases.main) as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action.like("user.password%"))
        return [each.action for each in entries.order_by(AuditEntry.id)]


def test_a_person_sets_a_password_and_signs_in_with_it(
    arrive: Callable[[], Visitor], with_password: Visitor, databases: Databases
) -> None:
    assert "Your password is set." in with_password.get("/app/profile").text
    assert with_password.mail().to == FAY
    assert "password was set" in with_password.mail().subject
    other = arrive()
    assert 'href="/app/sign-in/password?next=/app/me/"' in other.get("/app/sign-in?next=/app/me/").text
    done = other.post(DOOR, email=f" {FAY.upper()} ", password=GOOD, next="/app/me/")
    assert done.location == "/app/me/"
    assert other.is_signed_in
    assert other.get("/app/sign-in/password").location == "/app/"
    assert other.get(PAGE).location == f"/app/step-up?next={PAGE}", "a password alone is no step-up"
    assert actions(databases) == ["user.password_set"]
    with read_session(databases.main) as session:
        assert GOOD not in session.query(UserPassword).one().password_hash


def test_a_change_ends_the_other_sessions_and_the_former_password(
    arrive: Callable[[], Visitor], with_password: Visitor, databases: Databases
) -> None:
    other = arrive()
    other.post(DOOR, email=FAY, password=GOOD)
    with_password.post(PAGE, password=GOOD + "!")
    assert with_password.is_signed_in
    assert not other.is_signed_in
    assert other.post(DOOR, email=FAY, password=GOOD).status_code == 422
    assert other.post(DOOR, email=FAY, password=GOOD + "!").status_code == 303


def test_a_removed_password_no_longer_works(
    arrive: Callable[[], Visitor], with_password: Visitor, databases: Databases
) -> None:
    assert "Remove the password" in with_password.get(PAGE).text
    assert with_password.post(f"{PAGE}/remove").location == "/app/profile"
    assert "password of your account was removed" in with_password.mail().subject
    with_password.post(f"{PAGE}/remove")
    assert actions(databases) == ["user.password_set", "user.password_remove"]
    assert arrive().post(DOOR, email=FAY, password=GOOD).status_code == 422


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("", "at least 12"),
        ("elevenchars", "at least 12"),
        ("x" * 201, "at most 200"),
        (FAY, "name or address"),
        (FAY.upper(), "name or address"),
        ("Password1234", "Many people"),
        ("abababababababab", "Many people"),
    ],
)
def test_a_weak_password_is_refused_at_its_field(owner: Visitor, bad: str, says: str) -> None:
    page = owner.post(PAGE, password=bad)
    assert page.status_code == 422
    assert 'id="password-error"' in page.text
    assert says in page.text
    assert not bad or f'value="{bad}"' not in page.text.replace(f'value="{FAY}"', "")


@pytest.mark.parametrize(
    "good", ["0123456789 " * 18 + "ab", "päßwörter sind lang", "密码密码我有一个好密码吗"]
)
def test_a_long_password_of_any_characters_is_accepted(
    arrive: Callable[[], Visitor], owner: Visitor, good: str
) -> None:
    assert owner.post(PAGE, password=good).status_code == 303
    assert arrive().post(DOOR, email=FAY, password=good).status_code == 303


def test_the_way_a_keyboard_writes_a_character_does_not_matter(
    arrive: Callable[[], Visitor], owner: Visitor
) -> None:
    owner.post(PAGE, password="caf\u00e9 at the harbour")
    assert arrive().post(DOOR, email=FAY, password="cafe\u0301 at the harbour").status_code == 303


@contextmanager
def traced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements inside the block, and each hash that is verified, without salt and result."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    def noted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        seen.append("$".join(stored.split("$")[:4]))
        return verify(hasher, stored, password)

    with app.app_context():
        engine = site().databases.main
    event.listen(engine, "before_cursor_execute", note)
    with monkeypatch.context() as patch:
        patch.setattr(PasswordHasher, "verify", noted)
        yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_unknown_addresses_and_people_without_a_password_get_the_same_answer_and_work(
    app: Flask,
    arrive: Callable[[], Visitor],
    with_password: Visitor,
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without = "gil@people.example"
    transact(databases.main, lambda s: create_user(s, NOW, email=without, name="Gil"))
    texts, work = [], []
    for email in (FAY, without, "nobody@people.example"):
        with traced(app, monkeypatch) as seen:
            page = arrive().post(DOOR, email=email, password="not the password at all")
        texts.append((page.status_code, page.text.replace(email, "X")))
        work.append(seen)
    assert texts[0] == texts[1] == texts[2]
    assert texts[0][0] == 422
    assert work[0] == work[1] == work[2]
    assert sum(each.startswith("$argon2id$v=19$m=65536,t=3,p=4") for each in work[0]) == 1


def test_guessing_is_limited_by_account_and_a_code_works_on(
    cheap: None, arrive: Callable[[], Visitor], with_password: Visitor
) -> None:
    for email in (FAY, "nobody@people.example"):
        guesser = arrive()
        for _ in range(PASSWORDS_OF_ACCOUNT.attempts):
            assert guesser.post(DOOR, email=email, password="wrong").status_code == 422
        page = guesser.post(DOOR, email=email, password=GOOD)
        assert page.status_code == 429
        assert 86_000 < int(page.headers["Retry-After"]) <= 86_400
    other = arrive()
    other.sign_in(FAY)
    assert other.is_signed_in


def test_a_right_password_begins_the_count_again(
    cheap: None, arrive: Callable[[], Visitor], with_password: Visitor
) -> None:
    for _ in range(2):
        for _ in range(PASSWORDS_OF_ACCOUNT.attempts // 2 + 1):
            arrive().post(DOOR, email=FAY, password="wrong")
        assert arrive().post(DOOR, email=FAY, password=GOOD).status_code == 303


def test_a_hash_of_other_parameters_is_replaced(
    arrive: Callable[[], Visitor], with_password: Visitor, databases: Databases
) -> None:
    def weaken(session: Session) -> None:
        session.query(UserPassword).one().password_hash = CHEAP.hash(GOOD)

    transact(databases.main, weaken)
    assert arrive().post(DOOR, email=FAY, password=GOOD).status_code == 303
    with read_session(databases.main) as session:
        assert session.query(UserPassword).one().password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert arrive().post(DOOR, email=FAY, password=GOOD).status_code == 303


def test_no_more_hashes_than_places_are_computed_at_once(
    arrive: Callable[[], Visitor], with_password: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAIT_S", 0.01)
    for _ in range(hashing.MAX_CONCURRENT):
        assert hashing._places.acquire(blocking=False)
    try:
        page = arrive().post(DOOR, email=FAY, password=GOOD)
    finally:
        hashing._places.release(hashing.MAX_CONCURRENT)
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert arrive().post(DOOR, email=FAY, password=GOOD).status_code == 303


def test_a_password_that_was_changed_meanwhile_lets_nobody_in(
    with_password: Visitor, databases: Databases
) -> None:
    with read_session(databases.main) as session:
        candidate = candidate_with(session, FAY)
    kept = hashing.verified(candidate.password_hash, GOOD)
    assert kept is not None
    with_password.post(PAGE, password=GOOD + "!")
    assert not transact(databases.main, lambda s: still_counts(s, candidate, kept))


def test_a_planted_cookie_does_not_become_a_session_and_no_other_site_follows(
    arrive: Callable[[], Visitor], with_password: Visitor
) -> None:
    visitor, planted = arrive(), new_token()
    visitor.client.set_cookie(COOKIE, planted)
    done = visitor.post(DOOR, email=FAY, password=GOOD, next="//evil.example")
    assert done.location == "/app/"
    assert visitor.token not in (None, planted)
    cross = arrive().client.post(DOOR, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403


def test_no_password_reaches_a_log(with_password: Visitor, capfd: pytest.CaptureFixture[str]) -> None:
    with_password.post("/app/sign-out")
    with_password.post(DOOR, email=FAY, password=GOOD + "?")
    with_password.post(DOOR, email=FAY, password=GOOD)
    out, err = capfd.readouterr()
    for secret in (GOOD, FAY):
        assert secret not in out + err
