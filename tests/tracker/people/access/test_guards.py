"""The guard of views that need a key, over the whole application."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.tracker.sales.programs import application_client
from tracker.people.access.failed_attempts import (
    MAX_FAILURES,
    MAX_TRACKED_NAMES,
    FailedAttempts,
    TooManyFailures,
)
from tracker.people.accounts.operations import create_brand
from tracker.people.keys.operations import create_key, list_keys, revoke_key
from tracker.people.keys.rules import SCOPES, format_key, new_secret

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
READ = "/api/v1/sales/1001"


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with application_client(settings) as calling, time_machine.travel(NOW, tick=False):
        yield calling


@pytest.fixture
def brand_id(databases: Databases) -> str:
    def work(session: Session) -> str:
        return create_brand(session, NOW, name="Teas", currency="EUR", timezone="UTC").id

    return transact(databases.main, work)


def new_key(databases: Databases, brand_id: str, *scopes: str, expires_at: datetime | None = None) -> str:
    def work(session: Session) -> str:
        return create_key(session, NOW, brand_id=brand_id, name="x", scopes=scopes, expires_at=expires_at)[1]

    return transact(databases.main, work)


def ask(client: FlaskClient, authorization: str | None, path: str = READ, address: str = "127.0.0.1") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.get(path, headers=headers, environ_base={"REMOTE_ADDR": address})
    if answer.status_code in (401, 403, 429):
        assert answer.mimetype == "application/problem+json"
    if answer.status_code in (401, 403):
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="linkledger"')
    return answer.status_code


def refusals(cause: str) -> float:
    return REGISTRY.get_sample_value("linkledger_callers_refused_total", {"cause": cause}) or 0


def test_only_a_key_with_the_scope_is_accepted(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    good = new_key(databases, brand_id, "sales:read")
    assert ask(client, f"Bearer {good}") == 404  # let in: there is no such order
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
        assert "ended on" in client.get(READ, headers={"Authorization": f"Bearer {shown}"}).text
    with read_session(databases.main) as session:
        key_id = list_keys(session, brand_id)[0].id
    transact(databases.main, lambda session: revoke_key(session, NOW, key_id))
    assert ask(client, f"Bearer {shown}") == 401
    assert "was revoked" in client.get(READ, headers={"Authorization": f"Bearer {shown}"}).text


def test_the_use_of_a_key_is_recorded(client: FlaskClient, databases: Databases, brand_id: str) -> None:
    shown = new_key(databases, brand_id, "sales:read")
    seen = []
    for minutes in (0, 30, 61):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            ask(client, f"Bearer {shown}")
        with read_session(databases.main) as session:
            seen.append(list_keys(session, brand_id)[0].last_used_at)
    assert seen == [NOW, NOW, NOW + timedelta(minutes=61)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_repeated_failures_are_rate_limited_per_key_and_address(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    good, other = (new_key(databases, brand_id, "sales:read") for _ in range(2))
    key_id = f"key_{good.split('_')[1]}"
    forged = f"Bearer {format_key(key_id, new_secret())}"
    assert [ask(client, forged) for _ in range(MAX_FAILURES + 2)] == [401] * MAX_FAILURES + [429] * 2
    waits = client.get(READ, headers={"Authorization": forged}).headers["Retry-After"]
    assert 0 < int(waits) <= 60
    assert ask(client, f"Bearer {good}") == 429  # the same key from the same address: it may be guessing
    assert ask(client, f"Bearer {good}", address="127.0.0.2") == 404
    assert ask(client, f"Bearer {other}") == 404
    with time_machine.travel(NOW + timedelta(seconds=61)):
        assert ask(client, f"Bearer {good}") == 404


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_key_without_the_scope_is_not_rate_limited(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    """It is known: shutting it out would shut out what it may do, too."""
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
