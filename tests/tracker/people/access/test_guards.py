"""The guard of views that need a key, over the whole application."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from config.database import Databases, reading, transact
from config.settings import Settings
from tests.tracker.sales.programs import whole_application
from tracker.people.access.failed_attempts import FAILURES, MOST_NAMES, FailedAttempts, TooManyFailures
from tracker.people.accounts.operations import create_brand
from tracker.people.keys.operations import create_key, list_keys, revoke_key
from tracker.people.keys.rules import SCOPES, key_text, new_secret

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
READ = "/api/v1/sales/1001"


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with whole_application(settings) as calling, time_machine.travel(NOW, tick=False):
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


def test_only_a_key_with_the_scope_is_let_in(
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


def test_a_key_that_is_over_is_told_so(client: FlaskClient, databases: Databases, brand_id: str) -> None:
    shown = new_key(databases, brand_id, "sales:read", expires_at=NOW + timedelta(minutes=1))
    assert ask(client, f"Bearer {shown}") == 404
    with time_machine.travel(NOW + timedelta(minutes=1)):
        assert ask(client, f"Bearer {shown}") == 401
        assert "ended on" in client.get(READ, headers={"Authorization": f"Bearer {shown}"}).text
    with reading(databases.main) as session:
        key_id = list_keys(session, brand_id)[0].id
    transact(databases.main, lambda session: revoke_key(session, NOW, key_id))
    assert ask(client, f"Bearer {shown}") == 401
    assert "was revoked" in client.get(READ, headers={"Authorization": f"Bearer {shown}"}).text


def test_its_use_is_noted(client: FlaskClient, databases: Databases, brand_id: str) -> None:
    shown = new_key(databases, brand_id, "sales:read")
    seen = []
    for minutes in (0, 30, 61):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            ask(client, f"Bearer {shown}")
        with reading(databases.main) as session:
            seen.append(list_keys(session, brand_id)[0].last_used_at)
    assert seen == [NOW, NOW, NOW + timedelta(minutes=61)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_who_goes_on_failing_is_told_to_wait_and_nobody_else(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    good, other = (new_key(databases, brand_id, "sales:read") for _ in range(2))
    key_id = f"key_{good.split('_')[1]}"
    forged = f"Bearer {key_text(key_id, new_secret())}"
    assert [ask(client, forged) for _ in range(FAILURES + 2)] == [401] * FAILURES + [429] * 2
    waits = client.get(READ, headers={"Authorization": forged}).headers["Retry-After"]
    assert 0 < int(waits) <= 60
    assert ask(client, f"Bearer {good}") == 429  # the same key from the same address: it may be guessing
    assert ask(client, f"Bearer {good}", address="127.0.0.2") == 404
    assert ask(client, f"Bearer {other}") == 404
    with time_machine.travel(NOW + timedelta(seconds=61)):
        assert ask(client, f"Bearer {good}") == 404


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_key_without_the_scope_may_ask_on(client: FlaskClient, databases: Databases, brand_id: str) -> None:
    """It is known: shutting it out would shut out what it may do, too."""
    shown = new_key(databases, brand_id, "sales:write")
    assert {ask(client, f"Bearer {shown}") for _ in range(FAILURES + 2)} == {403}


def test_failures_are_forgotten_and_their_number_is_bounded() -> None:
    failures = FailedAttempts()
    for number in range(MOST_NAMES + 1):
        for _ in range(FAILURES):
            failures.note(f"caller {number}", NOW)
    failures.refuse_beyond("caller 0", NOW)
    for at in (NOW, NOW + timedelta(seconds=59)):
        with pytest.raises(TooManyFailures):
            failures.refuse_beyond(f"caller {MOST_NAMES}", at)
    failures.refuse_beyond(f"caller {MOST_NAMES}", NOW + timedelta(seconds=60))


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_refusals_are_counted_and_logged_without_the_key(
    client: FlaskClient, databases: Databases, brand_id: str
) -> None:
    forged = key_text("key_" + "0" * 32, new_secret())
    before = {cause: refusals(cause) for cause in ("missing", "unknown", "scope")}
    with capture_logs() as logs:
        ask(client, None)
        ask(client, f"Bearer {forged}")
        ask(client, f"Bearer {new_key(databases, brand_id, 'sales:write')}")
    assert [entry["cause"] for entry in logs] == ["missing", "unknown", "scope"]
    assert forged not in repr(logs)
    assert "127.0.0.1" not in repr(logs)
    assert {cause: refusals(cause) - count for cause, count in before.items()} == dict.fromkeys(before, 1.0)
