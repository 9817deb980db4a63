"""API keys: creation, authentication, revocation, expiry."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.logs import scrub
from tests.cast.api import Terminal
from tests.cast.people import PERSON, Cast
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.keys.commands import COMMANDS
from tracker.people.keys.operations import (
    Caller,
    Unauthenticated,
    authenticate,
    create_key,
    list_keys,
    record_use,
    revoke_key,
)
from tracker.people.keys.rules import (
    SCOPES,
    checked_scopes,
    format_key,
    new_secret,
    parse_key,
    secret_matches,
)


def make_key(databases: Databases, now: datetime, cast: Cast, **values: Any) -> tuple[str, str]:
    """The id and the full text of a new key."""
    given = {"brand_id": cast.brand_id, "name": "shop", "scopes": ["sales:write"]} | values

    def work(session: Session) -> tuple[str, str]:
        key, shown = create_key(session, now, actor=PERSON, **given)
        return key.id, shown

    return transact(databases.main, work)


def authenticate_key(databases: Databases, now: datetime, shown: str) -> Caller:
    presented = parse_key(shown)
    assert presented is not None
    with read_session(databases.main) as session:
        return authenticate(session, now, presented)


def test_a_key_authenticates_its_brand_with_its_scopes(
    databases: Databases, now: datetime, cast: Cast
) -> None:
    key_id, shown = make_key(databases, now, cast, scopes=["sales:read", "sales:write", "sales:read"])
    caller = authenticate_key(databases, now, shown)
    assert (caller.key_id, caller.brand_id) == (key_id, cast.brand_id)
    assert caller.scopes == {"sales:read", "sales:write"}
    assert caller.last_used_at is None


def test_the_secret_is_not_stored(databases: Databases, now: datetime, cast: Cast) -> None:
    _, shown = make_key(databases, now, cast)
    secret = shown.rpartition("_")[2]
    with read_session(databases.main) as session:
        [row] = session.execute(text("select * from api_key")).all()
    assert secret not in repr(row)
    assert not secret_matches(row.secret_hash, row.secret_hash)


@pytest.mark.parametrize("fault", ["other secret", "other key", "unknown key"])
def test_a_wrong_secret_is_rejected(databases: Databases, now: datetime, cast: Cast, fault: str) -> None:
    key_id, shown = make_key(databases, now, cast)
    _, other = make_key(databases, now, cast)
    forged = {
        "other secret": format_key(key_id, new_secret()),
        "other key": format_key(key_id, other.rpartition("_")[2]),
        "unknown key": format_key("key_" + "0" * 32, shown.rpartition("_")[2]),
    }[fault]
    with pytest.raises(Unauthenticated) as refusal:
        authenticate_key(databases, now, forged)
    assert refusal.value.cause == "unknown"
    assert authenticate_key(databases, now, shown).key_id == key_id


def test_a_revoked_or_expired_key_is_rejected(databases: Databases, now: datetime, cast: Cast) -> None:
    end = now + timedelta(days=1)
    _, ending = make_key(databases, now, cast, expires_at=end)
    revoked_id, revoked = make_key(databases, now, cast)
    transact(databases.main, lambda session: revoke_key(session, now, revoked_id, actor=PERSON))

    assert authenticate_key(databases, end - timedelta(seconds=1), ending).brand_id == cast.brand_id
    for shown, at, cause in ((ending, end, "expired"), (revoked, now, "revoked")):
        with pytest.raises(Unauthenticated) as refusal:
            authenticate_key(databases, at, shown)
        assert refusal.value.cause == cause
    with pytest.raises(Conflict, match="already revoked"):
        transact(databases.main, lambda session: revoke_key(session, now, revoked_id, actor=PERSON))
    with pytest.raises(NotFound):
        transact(databases.main, lambda session: revoke_key(session, now, "key_" + "0" * 32, actor=PERSON))


def test_the_use_of_a_key_is_recorded_once_an_hour(databases: Databases, now: datetime, cast: Cast) -> None:
    key_id, shown = make_key(databases, now, cast)
    recorded_after_minutes = []
    for minutes in (0, 1, 59, 60, 61, 121):
        at = now + timedelta(minutes=minutes)
        expected = authenticate_key(databases, at, shown).should_record_use(at)
        written = transact(databases.main, lambda session, at=at: record_use(session, at, key_id))  # type: ignore[misc]
        assert written == expected
        recorded_after_minutes += [minutes] if written else []
    assert recorded_after_minutes == [0, 60, 121]
    with read_session(databases.main) as session:
        [key] = list_keys(session, cast.brand_id)
    assert key.last_used_at == now + timedelta(minutes=121)


@pytest.mark.parametrize(
    "shown",
    ["", "llk_", "llk_" + "0" * 32, "sk_" + "0" * 32 + "_" + "a" * 43, "llk_" + "0" * 32 + "_" + "a" * 42]
    + [
        "llk_" + "0" * 32 + "_" + "a" * 44,
        "llk_" + "0" * 32 + "_" + "ä" * 43,
        " llk_" + "0" * 32 + "_" + "a" * 43,
    ]
    + ["llk_" + "A" * 32 + "_" + "a" * 43, "llk_" + "0" * 32 + "_" + "a" * 43 + "\n"],
)
def test_a_malformed_key_is_not_parsed(shown: str) -> None:
    assert parse_key(shown) is None


def test_secrets_have_256_bits_and_are_unique() -> None:
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9]{43}", each) for each in secrets)
    assert 62**43 > 2**256


@pytest.mark.parametrize(
    ("scopes", "message"),
    [
        ([], "at least one scope"),
        (["sales"], "is not a scope"),
        (["SALES:WRITE"], "is not a scope"),
        (["postback", "sales:write"], "cannot be combined"),
    ],
)
def test_invalid_scopes_are_rejected(scopes: list[str], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        checked_scopes(scopes)
    assert all(checked_scopes([scope]) == [scope] for scope in SCOPES)


def test_a_key_in_a_log_line_is_redacted() -> None:
    shown = format_key("key_" + "0" * 32, new_secret())
    for line in (f"GET /postback?key={shown}&total=1", f"Bearer {shown}", shown, f'"{shown[:60]}"'):
        assert shown.rpartition("_")[2][:20] not in scrub(line)


@pytest.fixture
def console(terminal: Terminal, settings: Any) -> Terminal:
    return Terminal(settings, COMMANDS)


def test_a_key_is_created_listed_and_revoked_by_command(console: Terminal, cast: Cast) -> None:
    scopes = ("--scope", "sales:write", "--scope", "sales:read")
    created = console.ask("key", "create", "--brand", cast.brand_id, "--name", "web shop", *scopes)
    assert created["id"].startswith("key_")
    assert parse_key(created["key"]) is not None
    assert (created["name"], created["scopes"]) == ("web shop", ["sales:read", "sales:write"])

    listed = console.ask("key", "list", "--brand", cast.brand_id)
    assert listed == [{name: value for name, value in created.items() if name != "key"}]
    assert console.ask("key", "revoke", created["id"])["revoked_at"] is not None
    assert "already revoked" in console.refused("key", "revoke", created["id"])
    assert "revoked" in console.run("key", "list", "--brand", cast.brand_id).stdout


def test_the_create_command_says_that_a_key_is_shown_only_once(console: Terminal, cast: Cast) -> None:
    options = ("--scope", "postback", "--expires", "2100-01-01")
    output = console.run("key", "create", "--brand", cast.brand_id, "--name", "network", *options).stdout
    assert "not shown again" in output
    assert "expires 2100-01-01T00:00:00Z" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--name", "x", "--scope", "everything"), "is not a scope"),
        (("--name", "x", "--scope", "postback", "--scope", "sales:read"), "cannot be combined"),
        (("--name", " ", "--scope", "postback"), "A name has 1 to"),
        (("--name", "x", "--scope", "postback", "--expires", "2020-01-01"), "is in the past"),
        (("--name", "x", "--scope", "postback", "--expires", "soon"), "not a time"),
    ],
)
def test_an_invalid_key_is_rejected(
    console: Terminal, cast: Cast, options: tuple[str, ...], message: str
) -> None:
    assert message in console.refused("key", "create", "--brand", cast.brand_id, *options)
    assert console.ask("key", "list", "--brand", cast.brand_id) == []
