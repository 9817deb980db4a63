"""The shop script confirms with the click's token that a prerendered page was shown; at both entry points."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import UUID

import pytest
from sqlalchemy import select

from config.database import Databases
from config.settings import Settings
from tests.harness.processes.serve_process import wait_until
from tests.tracker.clicks.entry_points import EntryPoint
from tracker.clicks.counting.confirmations import REASON, PrerenderConfirmations
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.clicks.models import Click, ClickConfirmation
from tracker.clicks.token import make_token

PRERENDER = {"Sec-Purpose": "prefetch;prerender"}


def token_of(entry_point: EntryPoint, **headers: str) -> bytes:
    location = entry_point.request("/anna", **headers).headers["Location"]
    return location.partition("&ll=")[2].partition("#")[0].encode()


def post_confirmation(entry_point: EntryPoint, body: bytes) -> int:
    """Send a confirmation as a page of another site does."""
    site = "Origin: https://shop.example\r\nSec-Fetch-Site: cross-site\r\nContent-Type: text/plain\r\n"
    head = (
        f"POST /ll.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{site}Content-Length: {len(body)}\r\n\r\n"
    )
    return int(entry_point.send(head.encode() + body).split()[1])


def confirmed(databases: Databases) -> list[tuple[UUID, str]]:
    with databases.clicks.connect() as connection:
        rows = connection.execute(select(ClickConfirmation.click_id, ClickConfirmation.reason))
        return [(row.click_id, row.reason) for row in rows]


def test_a_shown_prerender_is_confirmed_once(entry_point: EntryPoint) -> None:
    person, shown, unseen = (
        token_of(entry_point),
        token_of(entry_point, **PRERENDER),
        token_of(entry_point, **PRERENDER),
    )
    assert entry_point.verdicts() == ["person", "unconfirmed", "unconfirmed"]
    assert [post_confirmation(entry_point, body) for body in (person, shown, shown)] == [204, 204, 204]
    [(click_id, reason)] = wait_until(lambda: confirmed(entry_point.databases), "the prerender is confirmed")
    with entry_point.databases.clicks.connect() as connection:
        assert connection.scalar(select(Click.verdict).where(Click.id == click_id)) == "unconfirmed"
    assert reason == REASON
    assert unseen not in (person, shown)
    now = datetime.now(UTC)
    assert TotalsRun(entry_point.databases.clicks).count(now - timedelta(hours=1), now) >= 1


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_foreign_token_is_rejected(entry_point: EntryPoint) -> None:
    token = token_of(entry_point, **PRERENDER)
    altered = (b"F" if token[:1] != b"F" else b"G") + token[1:]
    for body in (b"", b"x", altered, token + b"A", b"\xff" * 87):
        assert post_confirmation(entry_point, body) == 400, body[:90]
    assert post_confirmation(entry_point, token * 1000) in (400, 413)
    assert confirmed(entry_point.databases) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_late_or_non_earning_token_is_not_stored(entry_point: EntryPoint, settings: Settings) -> None:
    token, now = token_of(entry_point, **PRERENDER), datetime.now(UTC)
    with entry_point.databases.clicks.connect() as connection:
        click_id, link_id = connection.execute(select(Click.id, Click.link_id)).one()
    non_earning = make_token(settings.secret_keys, click_id, link_id, earns=False, confirmed=False).encode()
    confirmations = PrerenderConfirmations(settings.clicks_url, settings.secret_keys)
    for body, at in ((token, now + timedelta(hours=25)), (non_earning, now)):
        assert confirmations.accept(body, at) == HTTPStatus.NO_CONTENT
    confirmations.close()
    assert confirmed(entry_point.databases) == []
    assert confirmations.accept(token, now) == HTTPStatus.NO_CONTENT
    confirmations.close()
    assert [each for each, _reason in confirmed(entry_point.databases)] == [click_id]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_failing_database_does_not_block_the_response(settings: Settings, entry_point: EntryPoint) -> None:
    token, now = token_of(entry_point, **PRERENDER), datetime.now(UTC)
    broken = PrerenderConfirmations("sqlite:////nowhere/clicks.db", settings.secret_keys)
    assert broken.accept(token, now) == broken.accept(token, now) == HTTPStatus.NO_CONTENT
    broken.close()
