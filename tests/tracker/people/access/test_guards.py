"""Access control of views that require an API key, in the whole application."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.api import application_client
from tests.cast.people import PERSON, add_brand_with_program, new_key
from tracker.people.access.failed_attempts import (
    MAX_FAILURES,
    MAX_TRACKED_NAMES,
    FailedAttempts,
    TooManyFailures,
)
from tracker.people.keys.operations import list_keys, revoke_key
from tracker.people.keys.rules import SCOPES, format_key, new_secret

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
READ = "/api/v1/sales/1001"


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with application_client(settings) as test_client, time_machine.travel(NOW, tick=False):
        yield test_client


@pytest.fixture
def brand_id(databases: Databases) -> str:
    return transact(databases.main, lambda session: add_brand_with_program(session, NOW)[0])


def ask(client: FlaskClient, authorization: str | None, path: str = READ, address: str = "127.0.0.1") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = client.get(path, headers=headers, environ_base={"REMOTE_ADDR": address})
    if response.status_code in (401, 403, 429):
        assert response.mimetype == "application/problem+json"
    if response.status_code in (401, 403):
        assert response.headers["WWW-Authenticate"].startswith('Bearer realm="linkledger"')
    return response.status_code


def refusals(cause: str) -> float:
    return REGISTRY.get_sample_value("linkledger_callers_refused_total", {"cause": cause}) or 0


def test_only_a_key_with_the_scope_is_accepted(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    good = new_key(databases, brand_id, "sales:read")
    assert ask(client, f"Bearer {good}") == 404  # authorized, but there is no such order
    assert ask(client, f"bearer  {good} ") == 404
    for scope in set(SCOPES) - {"sales:read"}:
        assert ask(client, f"Bearer {new_key(databases, brand_id, scope)}") == 403
    for wrong in (
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        f"Basic {good}",
        f"Bearer {good}x",
        f"Bearer {good[:-1]}",
    ):
        assert ask(client, wrong) == 401


def test_an_expired_or_revoked_key_is_rejected_with_the_reason(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    shown = new_key(databases, brand_id, "sales:read", expires_at=NOW + timedelta(minutes=1))
    assert ask(client, f"Bearer {shown}") == 404
    with time_machine.travel(NOW + timedelta(minutes=1)):
        assert ask(client, f"Bearer {shown}") == 401
        assert "expired on" in client.get(READ, headers={"Authorization": f"Bearer {shown}"}).text
    with read_session(databases.main) as session:
        key_id = list_keys(session, brand_id)[0].id
    transact(databases.main, lambda session: revoke_key(session, NOW, key_id, actor=PERSON))
    assert ask(client, f"Bearer {shown}") == 401
    assert "was revoked" in client.get(READ, headers={"Authorization": f"Bearer {shown}"}).text


def test_the_use_of_a_key_is_recorded(client: FlaskClient, databases: Databases, brand_id: str) -> None:
    shown = new_key(databases, brand_id, "sales:read")
    last_used = []
    for minutes in (0, 30, 61):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            ask(client, f"Bearer {shown}")
        with read_session(databases.main) as session:
            last_used.append(list_keys(session, brand_id)[0].last_used_at)
    assert last_used == [NOW, NOW, NOW + timedelta(minutes=61)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_repeated_failures_are_rate_limited_per_key_and_address(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    good, other = (new_key(databases, brand_id, "sales:read") for _ in range(2))
    key_id = f"key_{good.split('_')[1]}"
    forged = f"Bearer {format_key(key_id, new_secret())}"
    assert [ask(client, forged) for _ in range(MAX_FAILURES + 2)] == [401] * MAX_FAILURES + [429] * 2
    retry_after = client.get(READ, headers={"Authorization": forged}).headers["Retry-After"]
    assert 0 < int(retry_after) <= 60
    assert ask(client, f"Bearer {good}") == 429  # same key id and address: this could be a correct guess
    assert ask(client, f"Bearer {good}", address="127.0.0.2") == 404
    assert ask(client, f"Bearer {other}") == 404
    with time_machine.travel(NOW + timedelta(seconds=61)):
        assert ask(client, f"Bearer {good}") == 404


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_key_without_the_scope_is_not_rate_limited(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    """The key is genuine: limiting it would also block the calls that it may make."""
    shown = new_key(databases, brand_id, "sales:write")
    assert {ask(client, f"Bearer {shown}") for _ in range(MAX_FAILURES + 2)} == {403}


def test_failures_are_forgotten_and_their_number_is_bounded() -> None:
    failures = FailedAttempts()
    for number in range(MAX_TRACKED_NAMES + 1):
        for _ in range(MAX_FAILURES):
            failures.record(f"caller {number}", NOW)
    failures.check_limit("caller 0", NOW)
    for at in (NOW, NOW + timedelta(seconds=59)):
        with pytest.raises(TooManyFailures):
            failures.check_limit(f"caller {MAX_TRACKED_NAMES}", at)
    failures.check_limit(f"caller {MAX_TRACKED_NAMES}", NOW + timedelta(seconds=60))


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_refusals_are_counted_and_logged_without_the_key(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    forged = format_key("key_" + "0" * 32, new_secret())
    before = {cause: refusals(cause) for cause in ("missing", "unknown", "scope")}
    with capture_logs() as logs:
        ask(client, None)
        ask(client, f"Bearer {forged}")
        ask(client, f"Bearer {new_key(databases, brand_id, 'sales:write')}")
    assert [entry["cause"] for entry in logs] == ["missing", "unknown", "scope"]
    assert forged not in repr(logs)
    assert "127.0.0.1" not in repr(logs)
    assert {cause: refusals(cause) - count for cause, count in before.items()} == dict.fromkeys(before, 1.0)
